"""python -m cam evaluate: measure a study and its controls on a folder of photographs, resumable, and write the report."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from cam.commands.options import ChosenStudy, LoadedStudy, add_study_arguments, chosen_study, load_networks, pairs
from cam.evaluation.checks import check_method
from cam.evaluation.contenders import DRAWS, Contenders, contenders
from cam.evaluation.photographs import Chosen, choose, find_photographs, mask_words
from cam.evaluation.placing import placed
from cam.evaluation.records import About, Checks, Report, write_report
from cam.evaluation.report import build_report
from cam.evaluation.sampling import spread_over_classes
from cam.evaluation.scoring import Scored
from cam.evaluation.table import markdown
from cam.evaluation.tasks import measure, plan_tasks
from cam.evaluation.verdicts import line, verdicts
from cam.maps.methods import closed_form_of
from cam.question import Question
from models import Network
from models.commands import DONE, SOME_FAILED, say
from models.files import atomic_write, require_folder
from models.studies import STUDY_FOLDER, Study, baseline_of
from models.training.datasets import data_folder

MOSAICS = 606  # of four photographs of one class: six for each class of Caltech-101


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m cam evaluate``."""
    add_study_arguments(parser)
    add = parser.add_argument
    add(
        "--data",
        required=True,
        metavar="FOLDER",
        help="a folder per class, or photographs with masks.toml or COCO's JSON",
    )
    add("--out", required=True, metavar="FILE.json", help="the report; a table is written beside it as .md")
    add("--split", metavar="FILE", help="list of class/file to measure on (default: the study's test list)")
    add("--per-class", type=int, metavar="N", help="at most N photographs of every class, always the same")
    add("--limit", type=int, metavar="N", help="only N photographs, spread over classes, always the same")
    mosaics = f"number of mosaics of four photographs of one class (default: {MOSAICS})"
    add("--mosaics", type=int, default=MOSAICS, metavar="N", help=mosaics)
    add(
        "--masks",
        metavar="PATH",
        action="append",
        default=[],
        help="boxes (.csv), outlines (.mat), indexed .png or COCO's .json, a folder or file; may be repeated",
    )
    add(
        "--seed",
        metavar="KEY=FILE",
        action="append",
        default=[],
        help="a variant trained from another seed; may be repeated (default: the study's seeds of the baseline)",
    )
    add(
        "--control",
        metavar="NAME=FILE",
        action="append",
        default=[],
        help="another network to compare compound with, for instance resolution-300; a name given twice has two trainings",
    )
    draws = f"number of draws of random weights; 0 for none (default: {DRAWS})"
    add("--draws", type=int, default=DRAWS, metavar="N", help=draws)
    add("--checks", type=int, default=0, metavar="N", help="also check the method on the baseline, on N photographs")


def run_evaluate(args: argparse.Namespace) -> int:
    """evaluate --data FOLDER --out FILE.json

    Returns:
        0, or 3 where a variant that the study has weights for could not be loaded.

    Raises:
        ValueError: options, data or networks cannot be used.
        OSError: files are missing, or the report cannot be written.
    """
    question = _question(args)
    variants = chosen_study(args)
    seeds, controls = other_files(variants, args)
    folder, split = _data(args)
    loaded = load_networks(variants)
    for sentence in loaded.failures.values():
        say(sentence)
    chosen = _chosen(args, folder, split, next(iter(loaded.networks.values())).categories)
    arms = arms_to_measure(loaded, seeds, controls, chosen.photographs, args)
    report = _report(args, loaded, arms, chosen, question)
    for statement in report.statements:
        print(line(report, statement))
    return SOME_FAILED if any(loaded.study.variants[key].source for key in loaded.failures) else DONE


Files = dict[str, list[str]]


def other_files(chosen: ChosenStudy, args: argparse.Namespace) -> tuple[Files, Files]:
    """The files of trainings from other seeds, by variant, and those of controls, by name.

    Raises:
        ValueError: an option is not understood, or names what is not there or is there already.
        FileNotFoundError: there is no such file.
    """
    seeds = _files(args.seed, "--seed", "depth=depth-seed1.safetensors")
    controls = _files(args.control, "--control", "resolution-300=resolution-300.safetensors")
    _require_measured(seeds, chosen.keys)
    if taken := sorted(controls.keys() & set(chosen.keys)):
        raise ValueError(f"--control {taken[0]!r} is a variant of the study; give it another name or use --seed")
    names = {*chosen.keys, *(path.stem for path in _retrained(chosen.study, chosen.keys, seeds))}
    for key, path in [(key, path) for group in (seeds, controls) for key, files in group.items() for path in files]:
        if (name := Path(path).stem) in names:
            raise ValueError(f"the file name {name} is taken; expected names such as {key}-seed1.safetensors")
        names.add(name)
        if not chosen.study.with_checkpoint(chosen.keys[0], path).variant(chosen.keys[0]).available:
            raise FileNotFoundError(f"{key}={path}: there is no such file; check the path")
    return seeds, controls


def _files(words: Sequence[str], option: str, example: str) -> Files:
    """``KEY=FILE`` pairs as key -> files."""
    found: Files = {}
    for key, path in pairs(words, option, example):
        found.setdefault(key, []).append(path)
    return found


def _retrained(study: Study, keys: Iterable[str], seeds: Files) -> tuple[Path, ...]:
    """The study's own trainings of its baseline from other seeds, where that is measured and no others are given."""
    baseline = baseline_of(keys)
    return study.retrained if baseline == study.baseline and baseline not in seeds else ()


def _require_measured(seeds: Files, keys: Iterable[str]) -> None:
    if unknown := sorted(seeds.keys() - set(keys)):
        raise ValueError(f"--seed names {unknown[0]!r}, which is not measured; choose from {', '.join(keys)}")


def arms_to_measure(
    loaded: LoadedStudy, seeds: Files, controls: Files, photographs: Sequence[Scored], args: argparse.Namespace
) -> Contenders:
    """The study's networks, their trainings from other seeds, controls and random weights.

    Args:
        loaded: the study's networks.
        seeds, controls: of ``other_files``; the baseline's seeds are the study's own where none are given.
        photographs: those on which to measure the placement of networks that record none.
        args: the command's options.

    Raises:
        ValueError: a file does not fit the study, or seeds are of a variant that could not be loaded.
    """
    baseline = baseline_of(loaded.networks)
    _require_measured(seeds, loaded.networks)
    if own_seeds := _retrained(loaded.study, loaded.networks, seeds):
        seeds = {**seeds, baseline: [str(path) for path in own_seeds]}
    trained = {key: _loaded(loaded, key, files, args.device) for key, files in seeds.items()}
    others = {key: _loaded(loaded, baseline, files, args.device) for key, files in controls.items()}
    own = placed(loaded.networks, photographs, args.view)
    seeds_placed, controls_placed = (
        {key: placed(found, photographs, args.view) for key, found in group.items()} for group in (trained, others)
    )
    return contenders(own, seeds_placed, controls_placed, args.draws)


def _report(
    args: argparse.Namespace, loaded: LoadedStudy, arms: Contenders, chosen: Chosen, question: Question
) -> Report:
    """Measure, write the report, and return it."""
    partial = Path(f"{args.out}.partial")
    masks = mask_words(chosen.photographs, args.masks, say)
    about = About(loaded.study.title, args.study, Path(args.data).name, chosen.words, masks)
    tasks = plan_tasks(chosen.photographs, chosen.others, args.mosaics)
    photographs, of_one_class, of_four = measure(tasks, arms, question, partial)
    report = build_report(photographs, [*of_one_class, *of_four], arms, question, about)
    report = msgspec.structs.replace(report, statements=verdicts(report), checks=_checks(args, arms, chosen, question))
    write_report(report, Path(args.out))
    with atomic_write(Path(args.out).with_suffix(".md")) as file:
        file.write(markdown(report).rstrip("\n").encode() + b"\n")
    partial.unlink(missing_ok=True)
    return report


def _checks(args: argparse.Namespace, arms: Contenders, chosen: Chosen, question: Question) -> Checks | None:
    """Checks of the method on a sample spread over classes, because the first photographs of a list are of few classes."""
    if not args.checks:
        return None
    found = chosen.photographs
    rows = spread_over_classes([one.name for one in found], [one.cluster for one in found], args.checks)
    return check_method(arms.variants[arms.baseline], [found[row] for row in rows], question)


def _data(args: argparse.Namespace) -> tuple[Path, Path | None]:
    """The folder of photographs and the list of those to measure on, if there is one.

    Raises:
        FileNotFoundError: the folder, the list or a mask is not there.
    """
    if args.split and not Path(args.split).is_file():
        raise FileNotFoundError(f"there is no list {args.split}; give one line class/file for each photograph")
    for masks in args.masks:
        if not Path(masks).exists():
            raise FileNotFoundError(f"there are no masks at {masks}; check the path")
    own = STUDY_FOLDER / f"{Path(args.study).stem}-test.txt"
    return data_folder(args.data), Path(args.split) if args.split else own if own.is_file() else None


def _chosen(args: argparse.Namespace, folder: Path, split: Path | None, categories: Sequence[str]) -> Chosen:
    """The photographs that ``--masks``, ``--per-class`` and ``--limit`` ask for, of those in the folder and its list."""
    found = find_photographs(folder, split, args.masks, categories)
    if not found:
        raise ValueError(
            f"no photograph in {args.data!r} shows a class of {args.study!r}; expected one folder per class, "
            "or photographs with masks.toml or COCO's JSON"
        )
    return choose(found, args.per_class, args.limit)


def _loaded(loaded: LoadedStudy, key: str, files: Sequence[str], device: str) -> Mapping[str, Network]:
    """Networks of some files by the files' names."""
    return {Path(path).stem: loaded.study.with_checkpoint(key, path).load(key, device) for path in files}


def _question(args: argparse.Namespace) -> Question:
    """The question to every photograph, once the options are found to be usable."""
    closed_form_of(args.method)
    if args.target != "shared":
        raise ValueError("evaluate explains the class that each photograph shows; leave --target out")
    if Path(args.out).suffix != ".json":
        raise ValueError(f"cannot write {args.out!r}; expected a name that ends in .json")
    require_folder(args.out)
    counts = (args.per_class, args.limit)
    if any(count is not None and count < 1 for count in counts) or min(args.checks, args.mosaics, args.draws) < 0:
        raise ValueError(
            "--per-class, --limit, --mosaics, --draws and --checks are counts; expected 1 or more, or 0 for none"
        )
    if args.per_class and args.limit:
        raise ValueError("--per-class and --limit both choose photographs; give one of them")
    return Question(args.method, view=args.view)
