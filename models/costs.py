"""What a scaled network costs: parameters, multiply-adds and activations of every stage, without building it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from models.scaling import SQUEEZE_RATIO, STAGES, Scaling, Stage, family_named, round_channels, scaled_widths

LARGEST_MULTIPLIER = 10  # of width and depth
LARGEST_RESOLUTION = 4096  # pixels
MOST_PARAMS = 500_000_000  # EfficientNet-L2 has 480 million
MOST_WIDE_PIXELS = 4_000_000  # resolution squared times width: 2000 pixels at width 1, or L2 at its 800


class StageCost(NamedTuple):
    """Size and cost of one row of Table 1 in a scaled network.

    ``resolution`` is the side of the output in pixels; ``params`` counts weights, biases and BatchNorm's affine pair;
    ``macs`` counts multiply-adds of convolutions and linear layers for one image, nothing else;
    ``activations`` counts the output values of those layers.
    """

    operator: str
    channels: int
    layers: int
    resolution: int
    params: int
    macs: int
    activations: int


@dataclass(frozen=True)
class NetworkCost:
    """Costs of a whole network, stage by stage."""

    stages: tuple[StageCost, ...]

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return sum(stage.params for stage in self.stages)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and linear layers for one image."""
        return sum(stage.macs for stage in self.stages)

    @property
    def activations(self) -> int:
        """Output values of convolutions and linear layers for one image."""
        return sum(stage.activations for stage in self.stages)

    @property
    def grid(self) -> int:
        """Side of the last map, in cells."""
        return self.stages[-2].resolution


class _Layers:
    """Adds up the convolutions of one stage."""

    def __init__(self):
        self.params = self.macs = self.activations = 0

    def convolution(
        self, inputs: int, outputs: int, side: int, kernel: int = 1, *, depthwise: bool = False, bias: bool = False
    ):
        weights = outputs * kernel**2 * (1 if depthwise else inputs)
        self.params += weights + (outputs if bias else 2 * outputs)  # a BatchNorm follows wherever there is no bias
        self.macs += weights * side**2
        self.activations += outputs * side**2

    def mbconv(self, inputs: int, outputs: int, stage: Stage, stride: int, side: int, squeeze_excite: bool) -> int:
        expanded = inputs if stage.expansion == 1 else round_channels(inputs * stage.expansion)
        if stage.expansion != 1:
            self.convolution(inputs, expanded, side)
        side = math.ceil(side / stride)
        self.convolution(expanded, expanded, side, stage.kernel, depthwise=True)
        if squeeze_excite:
            squeezed = max(1, inputs // SQUEEZE_RATIO)
            self.convolution(expanded, squeezed, 1, bias=True)
            self.convolution(squeezed, expanded, 1, bias=True)
        self.convolution(expanded, outputs, side)
        return side

    def cost(self, operator: str, channels: int, layers: int, side: int) -> StageCost:
        return StageCost(operator, channels, layers, side, self.params, self.macs, self.activations)


def network_cost(
    scaling: Scaling, num_classes: int = 1000, family: str = "b", hidden: Sequence[int] = ()
) -> NetworkCost:
    """Parameters, multiply-adds and activations of every stage, without building the network.

    Args:
        scaling: an unrecorded resolution counts as 224.
        num_classes: outputs of the classifier.
        family: name in ``FAMILIES``.
        hidden: output sizes of the classifier's linear layers but the last.
    """
    widths, squeeze_excite = scaled_widths(scaling, family), family_named(family).squeeze_excite
    side = math.ceil(scaling.input_size / 2)
    stem = _Layers()
    stem.convolution(3, widths.stem, side, 3)
    rows = [stem.cost("Conv3x3", widths.stem, 1, side)]
    inputs = widths.stem
    for stage, outputs, repeats in zip(STAGES, widths.stages, widths.layers, strict=True):
        layers = _Layers()
        for block in range(repeats):
            side = layers.mbconv(inputs, outputs, stage, 1 if block else stage.stride, side, squeeze_excite)
            inputs = outputs
        rows.append(layers.cost(f"MBConv{stage.expansion} k{stage.kernel}x{stage.kernel}", outputs, repeats, side))
    head = _Layers()
    head.convolution(inputs, widths.head, side)
    rows.append(head.cost("Conv1x1", widths.head, 1, side))
    classifier = _Layers()
    for before, after in pairwise((widths.head, *hidden, num_classes)):
        classifier.convolution(before, after, 1, bias=True)
    rows.append(classifier.cost("Pooling & FC", num_classes, 1 + len(hidden), 1))
    return NetworkCost(tuple(rows))


def check_cost(scaling: Scaling, family: str = "b", num_classes: int = 1000) -> None:
    """Refuse a scaling that is too large to run, before anything of its size is allocated.

    Raises:
        ValueError: a multiplier, the resolution, the parameters or the activations are too large, or the family is unknown.
    """
    for name in ("width_mult", "depth_mult"):
        if getattr(scaling, name) > LARGEST_MULTIPLIER:
            raise ValueError(f"{name} is {getattr(scaling, name):g}; expected up to {LARGEST_MULTIPLIER}")
    if scaling.input_size > LARGEST_RESOLUTION:
        raise ValueError(f"resolution is {scaling.input_size:,}; expected up to {LARGEST_RESOLUTION:,} pixels")
    params = network_cost(scaling, num_classes, family).params
    if params > MOST_PARAMS:
        raise ValueError(f"it would have {params / 1e6:,.0f} million parameters; expected up to {MOST_PARAMS // 10**6}")
    if scaling.input_size**2 * scaling.width_mult > MOST_WIDE_PIXELS:
        raise ValueError(
            f"width {scaling.width_mult:g} at {scaling.input_size:,} pixels would take too much memory; "
            "expected a smaller resolution"
        )
