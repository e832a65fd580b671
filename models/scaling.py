"""How EfficientNet scales: stages, multipliers and rounding, the compound rule, the step-1 grid search.

Pure arithmetic, no weights and no torch: every number here follows from the stage table of EfficientNet-B0 and three
multipliers.

References:
    Tan & Le, ICML 2019, https://arxiv.org/abs/1905.11946: Table 1 (stages), equations 2 and 3, section 5 (released models).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from models.normalisation import IMAGENET, LITE, Normalisation

UNRECORDED: Final = "unrecorded"
CHANNEL_DIVISOR = 8
BASE_RESOLUTION = 224


@dataclass(frozen=True)
class Scaling:
    """Multipliers that turn EfficientNet-B0 into another network.

    Attributes:
        width_mult: factor on the channels of every stage.
        depth_mult: factor on the layers of every stage.
        resolution: side of the square input in pixels, or ``"unrecorded"`` where the checkpoint does not say.
        dropout: probability of dropping a pooled feature while training.
    """

    width_mult: float = 1.0
    depth_mult: float = 1.0
    resolution: int | Literal["unrecorded"] = BASE_RESOLUTION
    dropout: float = 0.2

    def __post_init__(self):
        for name in ("width_mult", "depth_mult"):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value!r}; expected a finite number above 0")
        if self.resolution != UNRECORDED and not (isinstance(self.resolution, int) and self.resolution >= 32):
            raise ValueError(f"resolution is {self.resolution!r}; expected whole pixels, 32 or more")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout!r}; expected a probability in [0, 1)")

    @property
    def input_size(self) -> int:
        """Side of the square input in pixels; B0's 224 where the resolution is unrecorded."""
        return BASE_RESOLUTION if self.resolution == UNRECORDED else self.resolution


SCALINGS: dict[str, Scaling] = {
    "b0": Scaling(1.0, 1.0, 224, 0.2),
    "b1": Scaling(1.0, 1.1, 240, 0.2),
    "b2": Scaling(1.1, 1.2, 260, 0.3),
    "b3": Scaling(1.2, 1.4, 300, 0.3),
    "b4": Scaling(1.4, 1.8, 380, 0.4),
    "b5": Scaling(1.6, 2.2, 456, 0.4),
    "b6": Scaling(1.8, 2.6, 528, 0.5),
    "b7": Scaling(2.0, 3.1, 600, 0.5),
    "depth": Scaling(1.0, 4.0, 224, 0.2),
    "width": Scaling(2.0, 1.0, 224, 0.2),
    "resolution": Scaling(1.0, 1.0, 448, 0.2),
    "compound": Scaling(1.2, 1.4, 300, 0.3),
}
VARIANT_SCALINGS: dict[str, Scaling] = {
    "baseline": SCALINGS["b0"],
    **{key: SCALINGS[key] for key in ("depth", "width", "resolution", "compound")},
}  # the five networks of Table 7


def scaling_from(words: str) -> Scaling:
    """A scaling from a name in ``SCALINGS`` or from ``WIDTH,DEPTH`` or ``WIDTH,DEPTH,RESOLUTION``.

    Raises:
        ValueError: neither a name nor two or three numbers.
    """
    if words in SCALINGS:
        return SCALINGS[words]
    try:
        width, depth, *resolution = words.split(",")
        return Scaling(float(width), float(depth), *map(int, resolution[:1]))
    except ValueError as error:
        raise ValueError(
            f"scaling {words!r} is not understood; choose from {', '.join(SCALINGS)} or give WIDTH,DEPTH"
        ) from error


@dataclass(frozen=True)
class Family:
    """What the coefficients and tensors of an EfficientNet cannot tell.

    Attributes:
        squeeze_excite: blocks carry a squeeze-and-excitation gate.
        activation: ``"silu"`` or ``"relu6"``.
        padding: ``"symmetric"`` (PyTorch's) or ``"same"`` (TensorFlow's, one pixel more on the right when uneven).
        batchnorm_eps: added to the variance by every BatchNorm.
        fixed_ends: stem, head and the layers of the first and last stage do not scale.
        normalisation: of the weights that are published for it; a checkpoint may record another.
    """

    squeeze_excite: bool
    activation: Literal["silu", "relu6"]
    padding: Literal["symmetric", "same"]
    batchnorm_eps: float
    fixed_ends: bool
    normalisation: Normalisation = IMAGENET


FAMILIES: dict[str, Family] = {
    "b": Family(True, "silu", "symmetric", 1e-5, False),
    "tf": Family(True, "silu", "same", 1e-3, False),
    "tv": Family(
        True, "silu", "symmetric", 1e-3, False
    ),  # torchvision's B5 to B7: Google's weights, padded symmetrically
    "lite": Family(False, "relu6", "same", 1e-3, True, LITE),
    "lite-b": Family(False, "relu6", "symmetric", 1e-5, True),  # timm's own EfficientNet-Lite, padded like its "b"
}


class Stage(NamedTuple):
    """One row of the paper's Table 1 that repeats MBConv blocks."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    layers: int


STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
SQUEEZE_RATIO = 4


def round_channels(channels: float) -> int:
    """Nearest multiple of 8, but never more than a tenth below ``channels``, and at least 8."""
    rounded = max(CHANNEL_DIVISOR, int(channels + CHANNEL_DIVISOR / 2) // CHANNEL_DIVISOR * CHANNEL_DIVISOR)
    return rounded + CHANNEL_DIVISOR if rounded < 0.9 * channels else rounded


def round_layers(layers: float) -> int:
    """Whole layers, rounded up."""
    return math.ceil(layers)


class Widths(NamedTuple):
    """Channels and layers of a scaled network: stem, each MBConv stage, head."""

    stem: int
    stages: tuple[int, ...]
    layers: tuple[int, ...]
    head: int


def scaled_widths(scaling: Scaling, family: str = "b") -> Widths:
    """Channels and layers that ``scaling`` gives to every part of a network of ``family``.

    Raises:
        ValueError: the family is unknown.
    """
    fixed = family_named(family).fixed_ends
    width, depth = scaling.width_mult, scaling.depth_mult
    last = len(STAGES) - 1
    return Widths(
        stem=STEM_CHANNELS if fixed else round_channels(STEM_CHANNELS * width),
        stages=tuple(round_channels(stage.channels * width) for stage in STAGES),
        layers=tuple(
            stage.layers if fixed and i in (0, last) else round_layers(stage.layers * depth)
            for i, stage in enumerate(STAGES)
        ),
        head=HEAD_CHANNELS if fixed else round_channels(HEAD_CHANNELS * width),
    )


def family_named(name: str) -> Family:
    """The record in ``FAMILIES``.

    Raises:
        ValueError: there is no such family; the message lists the known ones.
    """
    if name not in FAMILIES:
        raise ValueError(f"unknown family {name!r}; choose from {', '.join(FAMILIES)}")
    return FAMILIES[name]


def compound_scaling(phi: float, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15) -> Scaling:
    """Scale depth, width and resolution together: d = alpha^phi, w = beta^phi, r = gamma^phi (equation 3).

    The resolution is rounded to whole pixels; dropout grows linearly from 0.2 at phi = 0 to 0.5 at phi = 7.
    The released B1..B7 depart from this rule: see ``implied_phi``.
    """
    return Scaling(
        width_mult=beta**phi,
        depth_mult=alpha**phi,
        resolution=round(BASE_RESOLUTION * gamma**phi),
        dropout=min(0.5, max(0.2, 0.2 + 0.3 * phi / 7)),
    )


def implied_phi(
    scaling: Scaling, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15
) -> tuple[float, float, float]:
    """The values of phi at which the rule gives this depth, this width and this resolution; equal if the scaling follows it."""
    return (
        math.log(scaling.depth_mult, alpha),
        math.log(scaling.width_mult, beta),
        math.log(scaling.input_size / BASE_RESOLUTION, gamma),
    )


class Candidate(NamedTuple):
    """One point of the step-1 grid search, and the factor on FLOPS that it costs."""

    alpha: float
    beta: float
    gamma: float

    @property
    def cost(self) -> float:
        """alpha * beta^2 * gamma^2, the factor by which FLOPS grow for each unit of phi."""
        return self.alpha * self.beta**2 * self.gamma**2


def grid_candidates(
    step: float = 0.05, target: float = 2.0, tolerance: float = 0.1, highest: float = 2.0
) -> Iterator[Candidate]:
    """All (alpha, beta, gamma) >= 1 on a grid whose cost alpha * beta^2 * gamma^2 is within ``tolerance`` of ``target``.

    The paper's (1.2, 1.1, 1.15) costs 1.920, so a tolerance below 0.08 leaves it out.
    """
    values = [round(1 + i * step, 10) for i in range(round((highest - 1) / step) + 1)]
    for alpha in values:
        for beta in values:
            for gamma in values:
                candidate = Candidate(alpha, beta, gamma)
                if abs(candidate.cost - target) <= tolerance + 1e-12:
                    yield candidate
