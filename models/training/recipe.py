"""A recipe: everything that decides how a network is trained, apart from the network and the photographs.

A recipe file is TOML and holds only what differs from the defaults below, or from the recipe that it ``extends``.
"""

import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from models.checkpoints.weight_files import printable
from models.files import read_text
from models.scaling import family_named

RECIPES = Path(__file__).parent / "recipes"
MOST_BYTES = 2**20

Number = int | float  # stays as it is written, because a checkpoint's metadata hold it


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of the training at one resolution.

    Attributes:
        epochs: passes over the training photographs.
        resolution: side of the input, as a factor on the variant's own resolution.
        frozen: how many of the network's first stages keep their weights (their BatchNorm statistics follow the images).
    """

    epochs: int
    resolution: Number = 1.0
    frozen: int = 0

    def __post_init__(self):
        if self.epochs < 1 or not 0 < self.resolution <= 2 or self.frozen < 0:
            raise ValueError(
                f"a phase of {self.epochs} epochs at {self.resolution} of the resolution, {self.frozen} stages frozen; "
                "expected 1 epoch or more, a factor in (0, 2] and no negative number"
            )


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings in groups; learning rates are for steps of ``batch_size`` images, at the top of the schedule."""

    name: str
    # the task
    start: str = "grown"  # "grown": from the ancestor, see models/refit.py; "scratch": from random weights
    split: str = (
        ""  # lists models/studies/SPLIT-train.txt and -test.txt; if empty, the data folder holds train/ and val/
    )
    family: str = "lite"
    repeat_unlabelled: int = 1  # how often an epoch shows each photograph that has no label
    phases: tuple[Phase, ...] = (Phase(100),)
    refit_photographs: int = 600  # number of photographs on which growth fits the blocks
    teacher: str = ""  # "lite2", or a checkpoint's file: learn the teacher's answers instead of the labels
    teacher_resolution: int = 320  # pixels at which the teacher sees each crop
    # steps
    steps_per_epoch: int = 0  # 0: every photograph once
    batch_size: int = 64
    micro_batch: int = 0  # images that go through the network at a time; 0: the whole batch
    optimiser: str = "sgd"  # "sgd" (Nesterov), "adamw", "rmsprop" (TensorFlow's)
    lr: Number = 0.02
    lr_classifier: Number = 0.1
    momentum: Number = 0.9
    weight_decay: Number = 1e-4  # not on BatchNorm and biases
    clip_norm: Number = 0.0
    schedule: str = "cosine"  # to zero; "exponential": a step of decay_rate every decay_epochs
    warmup_epochs: Number = 1.0
    decay_rate: Number = 0.97
    decay_epochs: Number = 2.4
    # regularisation
    label_smoothing: Number = 0.1
    dropout: Number | None = None  # None: the scaling's own
    stochastic_depth: Number = 0.2  # of the last block; it grows from 0 at the first
    mixup: Number = 0.0  # alpha of the Beta distribution
    cutmix: Number = 0.0
    mix_probability: Number = 1.0
    # BatchNorm and averaging
    batchnorm: str = "measured"  # statistics of each batch; "kept": those that the network starts with
    batchnorm_momentum: Number = 0.1
    recalibrate: int = 0  # photographs to measure the final BatchNorm statistics on; 0: keep those of training
    ema_epochs: Number = 0.0  # time constant of the weight average; restarts with each phase
    # photographs
    pipeline: str = (
        "memory"  # all decoded once, augmented in batches on the device; "stream": decoded by workers every epoch
    )
    crop_area: Number = 0.35  # smallest fraction of the image that a crop shows
    aspect: Number = 4 / 3  # most that a crop is stretched
    native: Number = (
        0.5  # fraction of the crops that keep the photograph's own proportions; the others squash like the app's view
    )
    policy: str = "none"  # or "trivial"; when streaming also "autoaugment" and "randaugment"
    erase: Number = 0.0  # probability of a square in the normalisation's mean colour

    def __post_init__(self):
        family_named(self.family)
        choices = {
            "start": ("grown", "scratch"),
            "batchnorm": ("measured", "kept"),
            "optimiser": ("sgd", "adamw", "rmsprop"),
            "schedule": ("cosine", "exponential"),
            "pipeline": ("memory", "stream"),
            "policy": ("none", "trivial")
            if self.pipeline == "memory"
            else ("none", "trivial", "autoaugment", "randaugment"),
        }
        for key, allowed in choices.items():
            if getattr(self, key) not in allowed:
                raise ValueError(f"{key} is {getattr(self, key)!r}; choose from {', '.join(allowed)}")
        if self.micro_batch and (self.batchnorm != "kept" or self.micro_batch < 0):
            raise ValueError("micro_batch splits batches and needs batchnorm = 'kept', which does not look at them")
        if not self.phases or self.batch_size < 1 or not 0 < self.crop_area <= 1 or self.aspect < 1:
            raise ValueError("expected a phase, a batch, a crop area in (0, 1] and an aspect of at least 1")

    @property
    def epochs(self) -> int:
        """Passes over the training photographs in all phases."""
        return sum(phase.epochs for phase in self.phases)

    def phase_at(self, epoch: int) -> tuple[int, Phase]:
        """Number of the phase that an epoch, counted from 0, belongs to, and the phase itself."""
        for number, phase in enumerate(self.phases):
            if epoch < phase.epochs:
                return number, phase
            epoch -= phase.epochs
        raise ValueError(f"recipe {self.name!r} has {self.epochs} epochs; there is no epoch {epoch + self.epochs}")

    def with_epochs(self, epochs: int) -> "Recipe":
        """The same recipe with another number of epochs, shared out among the phases; the last phases get theirs first."""
        if epochs < 1:
            raise ValueError(f"{epochs} epochs train nothing; give 1 or more")
        left, weight = epochs, self.epochs
        phases: list[Phase] = []
        for phase in reversed(self.phases):
            share = min(left, max(1, round(left * phase.epochs / weight)))
            phases.insert(0, replace(phase, epochs=share)) if share else None
            left, weight = left - share, weight - phase.epochs
        return replace(self, phases=tuple(phases))

    def with_batch_size(self, batch_size: int) -> "Recipe":
        """The same recipe with another batch size, and learning rates in proportion."""
        if batch_size < 1:
            raise ValueError(f"batches of {batch_size} images; give 1 or more")
        factor = batch_size / self.batch_size
        return replace(
            self,
            batch_size=batch_size,
            lr=self.lr * factor,
            lr_classifier=self.lr_classifier * factor,
        )

    def as_dict(self) -> dict[str, Any]:
        """Every setting, as JSON values."""
        return msgspec.to_builtins(self) | {"phases": [msgspec.to_builtins(phase) for phase in self.phases]}


def load_recipe(name: str | os.PathLike[str]) -> Recipe:
    """Read one of the project's recipes by its name, or any recipe by the path of its ``.toml`` file.

    Args:
        name: ``photographs`` or ``path/to/recipe.toml``.

    Raises:
        ValueError: there is no such recipe, it is not TOML, or a setting is unknown or impossible.
    """
    return _build(_read(name))


def _read(name: str | os.PathLike[str], above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Settings of a recipe, merged over those of the recipe that it extends; ``above`` are those that extend it."""
    path = Path(name) if os.fspath(name).endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
        raise ValueError(f"unknown recipe {os.fspath(name)!r}; choose from {known} or give a .toml path")
    try:
        settings = tomllib.loads(read_text(path, MOST_BYTES))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"recipe {path} is not TOML: {error}") from error
    if path.resolve() in above:
        raise ValueError(f"recipe {path} extends itself; take a line 'extends' out")
    base = _read(str(settings.pop("extends")), (*above, path.resolve())) if "extends" in settings else {}
    return {**base, **settings, "name": path.stem}


def _build(settings: dict[str, Any]) -> Recipe:
    name, known = settings["name"], Recipe.__struct_fields__
    if unknown := sorted(set(settings) - set(known)):
        raise ValueError(f"recipe {name!r} has an unknown setting {unknown[0]!r}; choose from {', '.join(known)}")
    try:
        return msgspec.convert(settings, Recipe)
    except msgspec.ValidationError as error:
        raise ValueError(f"recipe {name!r} is not understood ({printable(str(error))})") from error


def differences(old: dict, new: dict, prefix: str = "") -> list[str]:
    """One text like ``recipe.lr 0.1 there, 0.2 here`` for every entry in which two nested dictionaries differ."""
    found = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            found.append(f"{prefix}{key} {before} there, {after} here")
    return found
