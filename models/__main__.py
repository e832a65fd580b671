"""Command line: python -m models list | inspect | grow | train | evaluate | fetch."""

import argparse
import sys

from models.checkpoints import describe, load_checkpoint, save_checkpoint
from models.commands import DONE, SOME_FAILED, run_command, say
from models.costs import network_cost
from models.growth import grow
from models.scaling import FAMILIES, SCALINGS, scaling_from
from models.studies import STUDIES, StudyError, load_study
from models.training import add_evaluate_arguments, add_train_arguments, run_evaluate, run_train

PROGRAM = "python -m models"


def main(words: list[str] | None = None) -> int:
    """Parse the command line, run the command, return its exit code."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="EfficientNets: studies, checkpoints, growth, training.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="studies and their variants")
    listing.add_argument("studies", nargs="*", default=STUDIES, metavar="STUDY", help="names or .toml paths")
    listing.set_defaults(run=run_list)
    inspecting = commands.add_parser("inspect", help="what a checkpoint holds")
    inspecting.add_argument("checkpoint")
    inspecting.add_argument("--family", choices=FAMILIES, help="what tensors cannot tell: padding and BatchNorm eps")
    inspecting.set_defaults(run=run_inspect)
    growing = commands.add_parser("grow", help="more depth and width, the same function")
    growing.add_argument("checkpoint")
    growing.add_argument("scaling", help=f"a name ({', '.join(SCALINGS)}) or WIDTH,DEPTH or WIDTH,DEPTH,RESOLUTION")
    growing.add_argument("--out", required=True, metavar="FILE.safetensors")
    growing.add_argument("--family", choices=FAMILIES)
    growing.add_argument("--seed", type=int, default=0, help="chooses the channels that are copied (default: 0)")
    growing.set_defaults(run=run_grow)
    training = commands.add_parser("train", help="a recipe's networks, from the data to checkpoints; resumes")
    add_train_arguments(training)
    training.set_defaults(run=run_train)
    evaluating = commands.add_parser("evaluate", help="accuracy of a study's networks on labelled photographs")
    add_evaluate_arguments(evaluating)
    evaluating.set_defaults(run=run_evaluate)
    fetching = commands.add_parser("fetch", help="download a study's weights now rather than at first use")
    fetching.add_argument("study")
    fetching.set_defaults(run=run_fetch)
    arguments = parser.parse_args(words)
    return run_command(arguments.run, arguments, f"{PROGRAM} {arguments.command}")


def run_list(arguments: argparse.Namespace) -> int:
    """list [STUDY...]"""
    for name in arguments.studies:
        study = load_study(name)
        print(f"{study.name}: {study.title}")
        for key, variant in study.variants.items():
            scaling = variant.scaling or SCALINGS[key]
            cost = network_cost(scaling, len(study.categories or []) or 1000, variant.family or "b")
            state = "" if variant.available else "  (no weights here)"
            print(
                f"  {key:<11} d {scaling.depth_mult:<4g} w {scaling.width_mult:<4g} {scaling.input_size:>4} px "
                f"{cost.params / 1e6:>6.2f} M {cost.macs / 1e9:>6.3f} GMACs  {variant.provenance}{state}"
            )
            if variant.note:
                print(f"  {'':<11} {variant.note}")
    return DONE


def run_inspect(arguments: argparse.Namespace) -> int:
    """inspect CHECKPOINT"""
    print(describe(load_checkpoint(arguments.checkpoint, family=arguments.family)))
    return DONE


def run_grow(arguments: argparse.Namespace) -> int:
    """grow CHECKPOINT SCALING --out FILE"""
    source = load_checkpoint(arguments.checkpoint, family=arguments.family)
    scaling = scaling_from(arguments.scaling)
    grown = grow(source.network(), scaling, arguments.seed)
    lineage = [
        *source.metadata.get("lineage", []),
        f"grown from {source.sha256[:12]} with seed {arguments.seed}, not trained",
    ]
    digest = save_checkpoint(
        arguments.out, grown, scaling=scaling, family=source.family, metadata={**source.metadata, "lineage": lineage}
    )
    print(f"{arguments.out}  {digest}")
    return DONE


def run_fetch(arguments: argparse.Namespace) -> int:
    """fetch STUDY"""
    study, failed = load_study(arguments.study), False
    for key, variant in study.variants.items():
        if variant.source and "grown_from" not in variant.source:
            try:
                print(f"{key:<11} {variant.path()}")
            except StudyError as error:
                failed = True
                say(str(error))
    return SOME_FAILED if failed else DONE


if __name__ == "__main__":
    sys.exit(main())
