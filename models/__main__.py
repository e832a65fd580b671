"""Command line: python -m models list | inspect | liveness | placement | judge | grow | train | evaluate | onnx | fetch."""

import argparse
import sys

import torch

from models.checkpoints.description import describe
from models.checkpoints.loading import load_checkpoint, require_writable, save_checkpoint
from models.commands import DONE, SOME_FAILED, run_program, say
from models.costs import network_cost
from models.graph_command import add_onnx_arguments, run_onnx
from models.growth import grow
from models.home import SAMPLES
from models.images import image_tensor, open_image
from models.input_check import checked_input, photographs_of
from models.judge_command import add_judge_arguments, run_judge
from models.liveness.command import add_liveness_arguments, run_liveness
from models.normalisation import NORMALISATIONS
from models.placement_command import add_placement_arguments, run_placement
from models.scaling import FAMILIES, SCALINGS, scaling_from
from models.studies import STUDIES, Study, StudyError, load_study
from models.training import add_evaluate_arguments, add_train_arguments, run_evaluate, run_train

PROGRAM = "python -m models"
CHECKPOINT = "a weight file, a folder with one, or a name on a hub such as hf-hub:timm/efficientnet_b0.ra_in1k"
FAMILY = "what tensors cannot tell, padding and BatchNorm eps, where the file records none"


def main(words: list[str] | None = None) -> int:
    """Parse the command line, run the command, return its exit code."""
    return run_program(PROGRAM, "EfficientNets: studies, checkpoints, growth, training.", COMMANDS, words)


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models list``."""
    parser.add_argument(
        "studies",
        nargs="*",
        default=STUDIES,
        metavar="STUDY",
        help="names or .toml paths (default: all that come with the project)",
    )


def add_inspect_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models inspect``."""
    parser.add_argument("checkpoint", help=CHECKPOINT)
    parser.add_argument("--family", choices=FAMILIES, help=FAMILY)
    parser.add_argument("--entry", metavar="NAME", help="which network, where the file has several")
    parser.add_argument(
        "--normalisation",
        choices=NORMALISATIONS,
        help="mean and standard deviation of the input, where the file records none",
    )
    photographs = "photographs to check the input with (default: the sample photographs)"
    parser.add_argument("--photographs", metavar="FOLDER", help=photographs)


def add_grow_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models grow``."""
    parser.add_argument("checkpoint", help=CHECKPOINT)
    parser.add_argument(
        "scaling", help=f"what to grow into: a name ({', '.join(SCALINGS)}) or WIDTH,DEPTH or WIDTH,DEPTH,RESOLUTION"
    )
    parser.add_argument("--out", required=True, metavar="FILE.safetensors", help="file to write")
    parser.add_argument("--family", choices=FAMILIES, help=FAMILY)
    parser.add_argument("--entry", metavar="NAME", help="which network, where the file has several")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (default: 0)")
    photographs = (
        "fit every block on these photographs, so that nothing added is dead, to train from (default: grow exactly)"
    )
    parser.add_argument("--photographs", metavar="FOLDER", help=photographs)


def add_fetch_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models fetch``."""
    parser.add_argument("study", help="name or .toml path")


def run_list(arguments: argparse.Namespace) -> int:
    """list [STUDY...]"""
    status = DONE
    for study in [load_study(name) for name in arguments.studies]:
        print(f"{study.name}: {study.title}")
        for key, variant in study.variants.items():
            state = "" if variant.available else "  (no weights here)"
            try:
                print(f"  {key:<11} {_dimensions(study, key)}  {variant.provenance}{state}")
            except ValueError as error:  # this variant's file has a fault; the others are still listed
                print(f"  {key:<11} {error}")
                status = SOME_FAILED
            if variant.note:
                print(f"  {'':<11} {variant.note}")
    return status


def _dimensions(study: Study, key: str) -> str:
    """Multipliers and costs of a variant."""
    known = study.architecture(key)
    if known is None:
        return "scaling recorded in its file"
    scaling, cost = known.scaling, network_cost(known.scaling, known.num_classes, known.family)
    return (
        f"d {scaling.depth_mult:<4g} w {scaling.width_mult:<4g} {scaling.input_size:>4} px "
        f"{cost.params / 1e6:>6.2f} M {cost.macs / 1e9:>6.3f} GMACs"
    )


def run_inspect(arguments: argparse.Namespace) -> int:
    """inspect CHECKPOINT"""
    normalisation = NORMALISATIONS.get(arguments.normalisation)
    folder = arguments.photographs or (SAMPLES if SAMPLES.is_dir() else None)
    photographs = photographs_of(folder) if folder else []
    checkpoint = load_checkpoint(
        arguments.checkpoint,
        family=arguments.family,
        normalisation=normalisation,
        entry=arguments.entry,
    )
    measured = {"input check": checked_input(checkpoint, photographs)} if photographs else {}
    print(describe(checkpoint, measured))
    return DONE


def run_grow(arguments: argparse.Namespace) -> int:
    """grow CHECKPOINT SCALING --out FILE [--photographs FOLDER]"""
    require_writable(arguments.out)
    scaling, photographs, step = scaling_from(arguments.scaling), None, "not trained"
    paths = photographs_of(arguments.photographs, most=None) if arguments.photographs else []
    source = load_checkpoint(arguments.checkpoint, family=arguments.family, entry=arguments.entry)
    if paths:
        prepared = [image_tensor(open_image(p), "square", scaling.input_size, source.normalisation) for p in paths]
        photographs = torch.stack(prepared)
        step = f"fitted on {len(paths)} photographs, not trained"
    grown = grow(source.network(), scaling, photographs, arguments.seed)
    lineage = [
        *source.metadata.get("lineage", []),
        f"grown from {source.sha256[:12]} with seed {arguments.seed}, {step}",
    ]
    digest = save_checkpoint(
        arguments.out,
        grown,
        scaling=scaling,
        family=source.family,
        normalisation=source.normalisation,
        metadata={**source.metadata, "lineage": lineage},
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


COMMANDS = {  # name -> one line of help, what adds its arguments, what runs it
    "list": ("studies and their variants", add_list_arguments, run_list),
    "inspect": ("what a checkpoint holds", add_inspect_arguments, run_inspect),
    "liveness": (
        "whether added blocks and channels do anything, on photographs",
        add_liveness_arguments,
        run_liveness,
    ),
    "placement": (
        "where the cells of a network's maps look, on photographs",
        add_placement_arguments,
        run_placement,
    ),
    "judge": ("how well photographs in and out of the classes are told apart", add_judge_arguments, run_judge),
    "grow": ("more depth and width, the same function or nearly so", add_grow_arguments, run_grow),
    "train": ("a recipe's networks, from the data to checkpoints; resumes", add_train_arguments, run_train),
    "evaluate": ("accuracy of a study's networks on labelled photographs", add_evaluate_arguments, run_evaluate),
    "onnx": ("networks as ONNX graphs: features, logits and maps of all classes", add_onnx_arguments, run_onnx),
    "fetch": ("download a study's weights now rather than at first use", add_fetch_arguments, run_fetch),
}

if __name__ == "__main__":
    sys.exit(main())
