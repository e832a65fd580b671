"""python -m models train: from photographs and a recipe to checkpoints.

On many GPUs or machines: ``torchrun --nproc-per-node 8 -m models train ...``; batch sizes count the images on all of them.
"""

import argparse
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from models.network import DEVICES, choose_device
from models.training.datasets import data_folder, load_split, with_unlabelled
from models.training.interruptions import Stopped
from models.training.lineage import PACKAGES, TRAINED, named_checkpoint
from models.training.recipe import Recipe, load_recipe
from models.training.run import Limits
from models.training.training import Course, train

UNFINISHED = 3


@contextmanager
def processes(device: str) -> Iterator[torch.device]:
    """The device of this process; under torchrun, all processes form a group within the ``with`` block."""
    if "RANK" not in os.environ:
        yield choose_device(device)
        return
    local = int(os.environ.get("LOCAL_RANK", 0))
    chosen = choose_device(device)
    if chosen.type == "cuda":
        chosen = torch.device("cuda", local)
        torch.cuda.set_device(chosen)
    # the others wait while the first rank measures and writes, which may take longer than torch's ten minutes
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=timedelta(days=1))
    try:
        yield chosen
    finally:
        dist.destroy_process_group()


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m models train``."""
    parser.add_argument("--data", required=True, metavar="FOLDER", help="one folder of images per category")
    parser.add_argument(
        "--unlabelled",
        action="append",
        default=[],
        metavar="FOLDER",
        help="any photographs: the more varied, the less is forgotten; may be given several times",
    )
    parser.add_argument("--recipe", default="photographs", help="name or .toml of a recipe (default: %(default)s)")
    variants = ", ".join(TRAINED)
    parser.add_argument("--variant", default="all", help=f"{variants}, several with commas, or all (default)")
    parser.add_argument(
        "--seed",
        type=int,
        nargs="+",
        default=[0],
        metavar="N",
        help="one or more; each is a training of its own (default: 0)",
    )
    parser.add_argument("--out", required=True, metavar="FOLDER", help="folder for checkpoints, states and log.jsonl")
    parser.add_argument(
        "--ancestor",
        default="lite0",
        metavar="FILE",
        help=f"descend from this checkpoint: {', '.join(PACKAGES)} or a file (default: %(default)s)",
    )
    parser.add_argument("--device", default="auto", help=DEVICES)
    _add_amounts(parser)


def _add_amounts(parser: argparse.ArgumentParser) -> None:
    """Options that say how much is trained at once, and for how long."""
    parser.add_argument("--epochs", type=int, metavar="N", help="instead of the recipe's, shared out among its phases")
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help="instead of the recipe's; learning rates change in proportion"
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="stop cleanly after this time; run again to go on (default: none)",
    )
    parser.add_argument(
        "--save-every",
        type=float,
        default=5,
        metavar="MINUTES",
        help="time between two saves within an epoch (default: %(default)s)",
    )


def run_train(args: argparse.Namespace) -> int:
    """Train what the options ask for; finished trainings are left alone, interrupted ones go on.

    Returns:
        0; 3 when the time limit came first; 128 + n after signal n. In the last two cases the same command goes on.
    """
    for name in ("time_limit", "save_every"):
        if not getattr(args, name) >= 0:  # also where it is no number
            raise ValueError(f"--{name.replace('_', '-')} is {getattr(args, name):g}; expected a number from 0 up")
    limits = Limits(time.monotonic() + args.time_limit, args.save_every)
    recipe = _adjusted(load_recipe(args.recipe), args)
    variants = _variants(args.variant)
    choose_device(args.device)
    data_folder(args.data)
    _require_sources(recipe, args.ancestor)
    training, testing = load_split(args.data, recipe)
    mixed = with_unlabelled(training, args.unlabelled, recipe.repeat_unlabelled)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    with processes(args.device) as device:
        if device.type == "cuda":
            torch.backends.cudnn.benchmark = True
        course = Course(recipe, training, mixed, testing, args.ancestor, out, device, limits)
        try:
            for seed in args.seed:
                for variant in variants:
                    train(course, variant, seed)
        except Stopped as stopped:
            if os.environ.get("RANK", "0") == "0":
                print(f"stopped and saved in {out}; the same command goes on from here")
            return 128 + stopped.signal if stopped.signal else UNFINISHED
    return 0


def _adjusted(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    recipe = recipe.with_epochs(args.epochs) if args.epochs is not None else recipe
    return recipe.with_batch_size(args.batch_size) if args.batch_size is not None else recipe


def _require_sources(recipe: Recipe, ancestor: str) -> None:
    """Read the checkpoints that the training starts from and learns from, so that a wrong one shows before any work.

    Raises:
        ValueError, OSError, ModuleNotFoundError: one of them cannot be used.
    """
    for name in (ancestor if recipe.start == "grown" else "", recipe.teacher):
        if name:
            named_checkpoint(name)


def _variants(chosen: str) -> list[str]:
    keys = list(TRAINED) if chosen == "all" else [key.strip() for key in chosen.split(",")]
    if unknown := [key for key in keys if key not in TRAINED]:
        raise ValueError(f"unknown variant {unknown[0]!r}; choose from {', '.join(TRAINED)}, all")
    return keys
