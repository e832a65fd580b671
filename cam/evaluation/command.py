"""python -m cam evaluate: measure a study on a folder of photographs, resumable, and write the report."""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cam.arguments import LoadedStudy, add_study_arguments, load_networks
from cam.evaluation.checks import check_method
from cam.evaluation.measurements import RANDOM, Networks, Photograph
from cam.evaluation.report import build_report, heading
from cam.evaluation.table import markdown
from cam.evaluation.tasks import measure, plan_tasks
from cam.evaluation.verdicts import verdicts
from cam.masks import TABLE, read_masks
from cam.methods import closed_form_of
from cam.randomisation import random_network
from models.commands import DONE, SOME_FAILED, say
from models.files import atomic_write
from models.studies import STUDY_FOLDER
from models.training.datasets import data_folder, labelled, list_names, read_list

FORMAT = 1


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m cam evaluate``."""
    add_study_arguments(parser)
    parser.add_argument(
        "--data", required=True, metavar="FOLDER", help="a folder per class, or photographs and masks.toml"
    )
    parser.add_argument(
        "--out", required=True, metavar="FILE.json", help="the report; a table is written beside it as .md"
    )
    parser.add_argument(
        "--split", metavar="FILE", help="list of class/file to measure on (default: the study's test list)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only N photographs, at random but always the same")
    parser.add_argument(
        "--seeds", nargs="*", metavar="FILE",
        help="the baseline trained from other seeds: the noise floor (default: the study's)",
    )  # fmt: skip
    parser.add_argument(
        "--ancestor", metavar="FILE", help="what the study's networks descend from: how far their maps came apart"
    )
    parser.add_argument(
        "--checks", type=int, default=0, metavar="N", help="also check the method on the baseline, on N photographs"
    )


def run_evaluate(args: argparse.Namespace) -> int:
    """evaluate --data FOLDER --out FILE.json

    Returns:
        0, or 3 where a variant that the study has weights for could not be loaded.

    Raises:
        ValueError: options, data or networks cannot be used.
        OSError: files are missing, or the report cannot be written.
    """
    _check_options(args)
    loaded = load_networks(args)
    for sentence in loaded.failures.values():
        say(sentence)
    seeds = [*map(str, loaded.study.retrained)] if args.seeds is None else args.seeds
    networks = networks_to_measure(loaded, seeds, args.device, args.ancestor)
    photographs = find_photographs(args, next(iter(networks.own.values())).categories)
    tasks = plan_tasks(photographs)
    rows = measure(tasks, networks, args.method, args.view, Path(f"{args.out}.partial"))
    found = [row for task, chunk in zip(tasks, rows, strict=True) if not task.layout for row in chunk]
    mosaics = [row for task, chunk in zip(tasks, rows, strict=True) if task.layout for row in chunk]
    about = {"format": FORMAT, "title": loaded.study.title, "study": args.study, "data": Path(args.data).name}
    report = {**about, **heading(networks, args.method, args.view), **build_report(found, mosaics, networks)}
    report["verdicts"] = {one.claim: one.line for one in verdicts(report)}
    if args.checks:
        report["checks"] = check_method(
            networks.own[networks.baseline], photographs[: args.checks], args.method, args.view
        )
    write_report(report, Path(args.out))
    Path(f"{args.out}.partial").unlink(missing_ok=True)
    for sentence in report["verdicts"].values():
        print(sentence)
    return SOME_FAILED if any(loaded.study.variants[key].source for key in loaded.failures) else DONE


def networks_to_measure(
    loaded: LoadedStudy, seeds: Sequence[str], device: str, ancestor: str | None = None
) -> Networks:
    """The study's networks, the baseline's retrainings (files), each architecture with random weights, the ancestor."""
    own = loaded.networks
    baseline = next(iter(own))
    trained, ancestors = (
        {Path(path).stem: loaded.study.with_checkpoint(baseline, path).load(baseline, device) for path in paths}
        for paths in (seeds, [ancestor] if ancestor else [])
    )
    if taken := sorted((trained.keys() | ancestors.keys()) & own.keys() | trained.keys() & ancestors.keys()):
        raise ValueError(
            f"the file name {taken[0]} is taken; expected names such as {baseline}-seed1 and ancestor.safetensors"
        )
    random = {f"{RANDOM}{key}": random_network(network) for key, network in own.items()}
    return Networks(own, trained, random, ancestors)


def find_photographs(args: argparse.Namespace, categories: Sequence[str]) -> list[Photograph]:
    """What ``--data``, ``--split`` and ``--limit`` ask for.

    Raises:
        FileNotFoundError: there is no such folder or list.
        ValueError: no photograph shows a class of the study, or files and classes of the list are missing.
    """
    folder = data_folder(args.data)
    found = _with_masks(folder, categories) if (folder / TABLE).is_file() else _of_classes(folder, args, categories)
    if not found:
        raise ValueError(
            f"no photograph in {args.data!r} shows a class of {args.study!r}; expected one folder per class"
        )
    if args.limit and args.limit < len(found):
        chosen = np.random.default_rng(0).permutation(len(found))[: args.limit]
        found = [found[row] for row in sorted(chosen)]
    return found


def write_report(report: dict, path: Path) -> None:
    """The report as JSON, and its tables beside it as Markdown; each is whole or absent."""
    texts = {
        path: _short(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)),
        path.with_suffix(".md"): markdown(report),
    }
    for name, text in texts.items():
        with atomic_write(name) as file:
            file.write(text.rstrip("\n").encode() + b"\n")


def _short(text: str) -> str:
    """JSON with each list of numbers on one line."""
    return re.sub(r"\[[-\d.e,\snul]+\]", lambda found: " ".join(found[0].split()), text)


def _check_options(args: argparse.Namespace) -> None:
    closed_form_of(args.method)
    if args.target != "shared":
        raise ValueError("evaluate explains the class that each photograph shows; leave --target out")
    if Path(args.out).suffix != ".json":
        raise ValueError(f"cannot write {args.out!r}; expected a name that ends in .json")
    if not Path(args.out).parent.is_dir():
        raise FileNotFoundError(f"the folder {Path(args.out).parent} does not exist; create it first")
    if args.checks < 0 or (args.limit is not None and args.limit < 1):
        raise ValueError("--limit and --checks count photographs; expected 1 or more")


def _with_masks(folder: Path, categories: Sequence[str]) -> list[Photograph]:
    masks = read_masks(folder, categories)
    return [Photograph(path.name, path, tuple(mask.kinds()), mask) for path, mask in masks.items() if mask.kinds()]


def _of_classes(folder: Path, args: argparse.Namespace, categories: Sequence[str]) -> list[Photograph]:
    """Photographs of the list that is asked for, else of the study's own, else all of the folder."""
    own = STUDY_FOLDER / f"{Path(args.study).stem}-test.txt"
    if args.split and not Path(args.split).is_file():
        raise FileNotFoundError(f"there is no list {args.split}; give one line class/file for each photograph")
    path = Path(args.split) if args.split else own
    names = read_list(path) if path.is_file() else list_names(folder)
    if not names:
        return []
    chosen = labelled(folder, names, categories)
    return [
        Photograph(name, folder / name, ((int(label),),))
        for name, label in zip(chosen.names, chosen.labels, strict=True)
    ]
