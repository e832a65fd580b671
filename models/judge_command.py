"""python -m models judge: measure how well photographs in and out of a study's classes are told apart; the manifest's lines."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from models.commands import DONE, SOME_FAILED, say
from models.files import read_text
from models.images import ImageError, list_images
from models.judging import CANDIDATES, Answers, Score, below, calibrated, measured, sure, table
from models.network import DEVICES, Network
from models.out_of_class import AGAINST, SCORES, TABLE, OutOfClass
from models.studies import DEFAULT_STUDY, load_study
from models.views import Views

MOST_LIST = 64 * 2**20
BATCH = 8
LEAST = 20  # photographs on either side
SURE = (0.5, 0.8)  # what a network gives the class that it names


def add_judge_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models judge``."""
    parser.add_argument("--study", default=DEFAULT_STUDY, help="name or .toml path (default: %(default)s)")
    words = "photographs of the study's classes: a folder, or a .txt with a path in each line, relative to the list"
    parser.add_argument(
        "--inside", required=True, action="append", metavar="FOLDER|LIST", help=f"{words}; may be repeated"
    )
    words = "photographs that show none of them; may be repeated"
    parser.add_argument("--outside", required=True, action="append", metavar="FOLDER|LIST", help=words)
    parser.add_argument(
        "--score",
        choices=SCORES,
        default="energy",
        help="whose lines are printed for the manifest; all are measured (default: %(default)s)",
    )
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="share of the photographs of the classes that may fall below the threshold (default: %(default)s)",
    )
    parser.add_argument("--device", default="auto", help=DEVICES)


def run_judge(arguments: argparse.Namespace) -> int:
    """judge --study S --inside FOLDER|LIST --outside FOLDER|LIST [--outside ...]"""
    if not 0 < arguments.false_alarms < 1:
        raise ValueError(f"--false-alarms is {arguments.false_alarms:g}; expected a share between 0 and 1")
    sets = {name: photographs_in(name) for name in (*arguments.inside, *arguments.outside)}
    study = replace(load_study(arguments.study), out_of_class=None)  # what it has so far may not fit its networks
    networks = {key: study.load(key, arguments.device) for key, one in study.variants.items() if one.available}
    if not networks:
        raise ValueError(f"no variant of study {study.name!r} has weights here; expected at least one")
    require_score(arguments.score, all(network.other_rows for network in networks.values()))
    unreadable: list[str] = []
    inside = {name: answers_of(networks, sets[name], unreadable, name) for name in arguments.inside}
    outside = {name: answers_of(networks, sets[name], unreadable, name) for name in arguments.outside}
    print("\n".join(report(inside, outside, arguments.score, arguments.false_alarms)))
    for reason in unreadable:
        say(f"{reason}; left out")
    return SOME_FAILED if unreadable else DONE


def report(inside: Mapping[str, Answers], outside: Mapping[str, Answers], score: str, false_alarms: float) -> list[str]:
    """Every score's numbers, the chosen one's for each set of photographs, and the lines of the manifest.

    Of photographs in the classes every second calibrates, and the others are measured.

    Args:
        inside: name of each set -> answers to photographs of the classes.
        outside: name of each set -> answers to photographs that show none of them.
        score: for the manifest.
        false_alarms: share of the calibration's photographs that the threshold gives up.

    Raises:
        ValueError: the score needs other rows, and a network has none.
    """
    calibration = [one.part(slice(0, None, 2)) for one in inside.values()]
    held = {name: one.part(slice(1, None, 2)) for name, one in inside.items()}
    ins, outs = Answers.joined(list(held.values())), Answers.joined(list(outside.values()))
    known = sum(one.count for one in calibration)
    lines = [f"{known} photographs of the classes calibrate, {ins.count} others and {outs.count} outside are measured"]
    lines.append(f"{'':<58} {'AUROC':<22} {'false alarms':<22} found")
    names = [name for name in CANDIDATES if name != AGAINST or ins.others]
    require_score(score, bool(ins.others))
    scores = {name: calibrated(name, calibration, false_alarms) for name in names}
    found = {name: measured(one, ins, outs) for name, one in scores.items()}
    lines += [_line(name, one.auroc, one.false_alarms, one.found) for name, one in found.items()]
    for name, others in held.items():
        one = measured(scores[score], others, outs)
        lines.append(_line(f"{score}, inside {Path(name).name} ({others.count})", one.auroc, one.false_alarms, ""))
    for name, strangers in outside.items():
        one = measured(scores[score], ins, strangers)
        lines.append(_line(f"{score}, outside {Path(name).name} ({strangers.count})", one.auroc, "", one.found))
        lines += _sure_lines(scores[score], name, strangers)
    return [*lines, "", toml_lines(table(scores[score], list(ins.logits), found[score]))]


def require_score(score: str, others: bool) -> None:
    """Refuse a score that these networks cannot give.

    Args:
        score: for the manifest.
        others: whether every network's classifier has rows beside those of the study.

    Raises:
        ValueError: the score needs other rows, and a network has none.
    """
    if score == AGAINST and not others:
        possible = ", ".join(name for name in CANDIDATES if name != AGAINST)
        raise ValueError(f"the score {score!r} needs checkpoints whose classifier knows more; choose from {possible}")


def _sure_lines(score: Score, name: str, outside: Answers) -> list[str]:
    """How many are found of those photographs that some network is sure of: these answers mislead most."""
    lines = []
    for least in SURE:
        some = outside.part(sure(outside, least))
        found = round(below(score.of(some), score.threshold) * some.count) if some.count else 0
        lines.append(_line(f"  some network at least {least:.0%} sure", "", "", f"{found} of {some.count}"))
    return lines


def _line(name: str, auroc: object, false_alarms: object, found: object) -> str:
    return f"{name:<58} {auroc!s:<22} {false_alarms!s:<22} {found}".rstrip()


def photographs_in(name: str) -> list[Path]:
    """Photographs of a folder, sorted, or of a list, in its order.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such list or folder.
        ValueError: there are too few to measure anything.
    """
    if name.endswith(".txt"):
        lines = read_text(name, MOST_LIST).split("\n")
        paths = [Path(name).parent / line.rstrip("\r") for line in lines if line.strip()]
    else:
        paths = list_images(name)
    if len(paths) < LEAST:
        raise ValueError(f"{len(paths)} photographs in {name!r}; expected {LEAST} or more")
    return paths


def answers_of(
    networks: Mapping[str, Network], paths: Sequence[Path], unreadable: list[str], label: str = ""
) -> Answers:
    """What every network says of every photograph that opens, as the app shows it to them.

    Args:
        networks: key -> network.
        paths: of the photographs.
        unreadable: why others do not open is added here.
        label: shown with the progress bar.
    """
    found: dict[str, list[torch.Tensor]] = {key: [] for key in networks}
    others: dict[str, list[torch.Tensor]] = {key: [] for key in networks}
    sides, views = {network.scaling.input_size for network in networks.values()}, []
    for place, path in enumerate(tqdm(paths, desc=label, unit=" images", disable=None)):
        try:
            views.append(Views.of(path, "square", sides))
        except (ImageError, OSError) as error:
            unreadable.append(str(error))
        if views and (len(views) == BATCH or place == len(paths) - 1):
            for key, network in networks.items():
                images = torch.stack([network.transform(one.sides[network.scaling.input_size]) for one in views])
                features = network.features(images)
                found[key].append(network.logits(features).cpu())
                if network.other_rows:
                    others[key].append(network.other_rows.energy(features).cpu())
            views = []
    if not all(found.values()):
        raise ValueError(f"no photograph of {label!r} opens; give others")
    kinds = (found, others if all(others.values()) else {})
    return Answers(*({key: torch.cat(one).numpy() for key, one in kind.items()} for kind in kinds))


def toml_lines(found: OutOfClass) -> str:
    """What a manifest takes, to be pasted."""
    lines = [f"[{TABLE}]", f'score = "{found.score}"']
    lines += [f"{name} = {getattr(found, name)}" for name in ("threshold", "auroc", "false_alarms", "found")]
    scales = ", ".join(f"{key} = [{mean}, {deviation}]" for key, (mean, deviation) in found.scales.items())
    return "\n".join([*lines, f"scales = {{ {scales} }}"])
