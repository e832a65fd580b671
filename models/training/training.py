"""One variant, from its start to a checkpoint that records where it comes from and how accurate it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torchvision
from torch import Tensor, nn

from models.checkpoints.loading import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from models.normalisation import Normalisation
from models.scaling import family_named
from models.training.datasets import UNLABELLED, Photographs
from models.training.evaluation import (
    accuracies,
    features_of,
    logits_of,
    predict,
    predictions_path,
    view_batches,
    write_predictions,
)
from models.training.interruptions import kept_on_error
from models.training.lineage import TRAINED, Start, descend, draw, named_checkpoint
from models.training.probe import fit_probe
from models.training.recipe import Recipe, differences
from models.training.run import Limits, TrainingRun
from models.training.sources import epoch_order
from models.training.teacher import Teacher


@dataclass(frozen=True)
class Course:
    """What the trainings of all variants share.

    Attributes:
        recipe: how to train.
        labelled: photographs with labels, to learn from.
        photographs: the photographs that each epoch shows: those with labels and those without.
        testing: photographs to measure on, once, at the end.
        ancestor: name or file of the checkpoint that variants descend from; unused where the recipe starts from scratch.
        out: an existing folder for checkpoints and states.
        device: to train on.
        limits: when to stop and save.
    """

    recipe: Recipe
    labelled: Photographs
    photographs: Photographs
    testing: Photographs
    ancestor: str
    out: Path
    device: torch.device
    limits: Limits


def train(course: Course, variant: str, seed: int) -> Path:
    """Train one variant, measure it, and write its checkpoint and predictions; resume where an earlier call stopped.

    Args:
        course: what all variants share.
        variant: a key of ``TRAINED``.
        seed: of everything random.

    Returns:
        The path of the checkpoint; at once if this training has already written it.

    Raises:
        ValueError: the folder holds another training of this name.
        Stopped, OSError, MemoryError: see ``TrainingRun.finish``.
    """
    recipe, stem = course.recipe, course.out / f"{variant}-seed{seed}"
    path, ancestor = stem.with_suffix(".safetensors"), None
    if recipe.start == "grown":
        ancestor = named_checkpoint(course.ancestor)
    resolution, normalisation = TRAINED[variant].input_size, _normalisation(recipe, ancestor)
    teacher = None
    if recipe.teacher:
        teacher = Teacher(named_checkpoint(recipe.teacher), recipe.teacher_resolution, normalisation, course.device)
    start = _start(course, ancestor, variant, seed)
    run = TrainingRun(
        start.network,
        course.photographs,
        recipe,
        resolution,
        normalisation,
        seed,
        course.device,
        stem,
        {"variant": variant, "parent": start.parent},
        teacher,
    )
    if not _finished(path, run.identity):
        weights = run.finish(course.limits)
        if run.rank == 0:
            _write(path, weights, start, run, course)
            run.state_path.unlink(missing_ok=True)
    if dist.is_initialized():
        dist.barrier()
    return path


def _normalisation(recipe: Recipe, ancestor: Checkpoint | None) -> Normalisation:
    return ancestor.normalisation if ancestor else family_named(recipe.family).normalisation


def _start(course: Course, ancestor: Checkpoint | None, variant: str, seed: int) -> Start:
    recipe, scaling = course.recipe, TRAINED[variant]
    if ancestor is None:
        network = draw(scaling, len(course.labelled.categories), recipe.family, seed)
        return Start(network, scaling, recipe.family, (f"drawn at random (seed {seed})",))
    kept = course.out / f"{variant}-seed{seed}.grown.safetensors"
    return descend(ancestor, course.ancestor, variant, seed, lambda size: _to_fit(course, ancestor, size), kept)


def _to_fit(course: Course, ancestor: Checkpoint, resolution: int) -> Tensor:
    """Photographs on which growth fits its blocks: those without labels first, because they are more varied."""
    photographs = course.photographs
    rows = epoch_order(len(photographs), 0, 0)
    rows = rows[(photographs.labels[rows] != UNLABELLED).int().argsort(stable=True)]
    unique = list(dict.fromkeys(photographs.names[row] for row in rows.tolist()))[: course.recipe.refit_photographs]
    chosen = photographs.subset([photographs.names.index(name) for name in unique])
    return torch.cat(list(view_batches(chosen, resolution, ancestor.normalisation)))


def _finished(path: Path, identity: dict) -> bool:
    """Whether the checkpoint has been written; that of another training is refused instead of overwritten."""
    if not path.is_file():
        return False
    try:
        recorded = load_checkpoint(path).metadata.get("training", {})
    except CheckpointError as error:
        raise ValueError(f"{error}; delete it to train again") from error
    if different := differences(recorded, identity):
        raise ValueError(
            f"{path} is of another training ({'; '.join(different[:3])}); give another --out, or delete it"
        )
    return True


def _write(path: Path, weights: dict[str, Tensor], start: Start, run: TrainingRun, course: Course) -> None:
    """Round the network to half precision, measure the rounded network, and write it with all that is known about it."""
    recipe, testing = run.recipe, course.testing
    network: Any = draw(start.scaling, run.network.classifier[-1].out_features, start.family, 0)
    network.load_state_dict(weights)
    if recipe.recalibrate:
        recalibrate(network, run, recipe.recalibrate)
    categories = list(course.labelled.categories)
    sets: dict[str, Any] = {}
    if recipe.teacher:
        names, taught = taught_categories(network.classifier[-1].out_features)
        add_classes(network, course.labelled, run.resolution, run.normalisation, run.device)
        sets = {"label_sets": {taught: len(names), recipe.split or "labels": len(categories)}}
        categories = [*names, *categories]
    network = _rounded(network, start, run.normalisation, path.with_name(f"{path.stem}.draft.safetensors"))
    logits = logits_of(network, run.device)
    rows = slice(-len(course.labelled.categories), None)
    predictions = predict(
        lambda images: logits(images)[:, rows], testing, run.resolution, run.normalisation, f"{path.stem}, test"
    )
    mean, top1 = accuracies(predictions, testing.labels)
    measured = {
        "accuracy": round(mean, 6),
        "top1": round(top1, 6),
        "images": {"training": len(set(run.photographs.names)), "test": len(testing), "test_sha256": testing.sha256},
    }
    with kept_on_error(run.state_path):
        write_predictions(predictions_path(path), testing, predictions)
        save_checkpoint(
            path,
            network,
            scaling=start.scaling,
            family=start.family,
            normalisation=run.normalisation,
            metadata={"categories": categories, **sets, **_history(run, start), **measured},
            half=True,
        )
    run.log({"event": "finished", "accuracy": mean, "top1": top1, "seconds": run.seconds})
    print(f"{path}: mean per-class accuracy {mean:.2%}, top-1 {top1:.2%}, {run.seconds / 60:.1f} minutes of training")


def _history(run: TrainingRun, start: Start) -> dict[str, Any]:
    """The history of a network, as its checkpoint records it."""
    recipe = run.recipe
    trained = f"trained for {recipe.epochs} epochs of {run.steps * recipe.batch_size} images by recipe {recipe.name!r}"
    return {
        "lineage": [*start.lineage, f"{trained} (seed {run.seed})"],
        "provenance": f"{'; '.join(start.lineage)}; {trained}",
        "training": run.identity,
        "seed": run.seed,
        "training_seconds": round(run.seconds),
        "machine": machine(run.device, run.world),
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }


def taught_categories(classes: int) -> tuple[list[str], str]:
    """Names of a teacher's classes and of their label set: ImageNet's where there are a thousand, else numbered ones."""
    names = torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
    if classes == len(names):
        return list(names), "imagenet"
    return [f"class {index}" for index in range(classes)], "teacher"


def add_classes(
    network: Any, photographs: Photographs, resolution: int, normalisation: Normalisation, device: torch.device
) -> None:
    """Add rows for the photographs' categories to a network's classifier, in place; nothing else changes.

    The rows are fitted to the pooled features of the photographs in the app's view.
    """
    old, pooled = network.classifier[-1].to(device), features_of(network, device)
    with torch.no_grad():
        features = torch.cat([pooled(images) for images in view_batches(photographs, resolution, normalisation)])
    fitted = fit_probe(features, photographs.labels, len(photographs.categories))
    weight, bias = (one.to(device) for one in fitted)
    new = nn.Linear(old.in_features, old.out_features + len(weight), device=device)
    with torch.no_grad():
        new.weight.copy_(torch.cat([old.weight, weight]))
        new.bias.copy_(torch.cat([old.bias, bias]))
    network.classifier[-1] = new


def _rounded(network: nn.Module, start: Start, normalisation: Normalisation, draft: Path) -> nn.Module:
    """The network as it is read from a half-precision checkpoint."""
    try:
        save_checkpoint(
            draft, network, scaling=start.scaling, family=start.family, normalisation=normalisation, half=True
        )
        return load_checkpoint(draft).network()
    finally:
        draft.unlink(missing_ok=True)


def recalibrate(network: nn.Module, run: TrainingRun, count: int) -> None:
    """Measure BatchNorm's statistics again, in place, on training photographs without augmentation, in the app's view.

    Random crops show objects larger than the whole image does, so the statistics of training are a little off.
    All layers are measured at once, and each batch has equal weight.

    References:
        Touvron et al., Fixing the train-test resolution discrepancy, NeurIPS 2019, https://arxiv.org/abs/1906.06423
    """
    rows = epoch_order(len(run.photographs), run.seed, run.recipe.epochs)[:count]
    norms = [module for module in network.to(run.device).eval().modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.train().momentum = None
    with torch.no_grad():
        chosen = run.photographs.subset(rows.tolist())
        for images in view_batches(chosen, run.resolution, run.normalisation, min(64, len(rows))):
            if len(images) > 1:
                network(images.to(run.device))
    network.eval()


def machine(device: torch.device, processes: int = 1) -> str:
    """The hardware that trained, in words: ``NVIDIA H100 80GB HBM3``, ``2 CPU cores``."""
    cores = torch.get_num_threads()
    name = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{cores} CPU core{'s' if cores > 1 else ''}"
    )
    return name if processes == 1 else f"{processes} x {name}"
