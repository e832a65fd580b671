"""Build an EfficientNet from a scaling and a family, with torchvision's blocks and parameter names."""

import math
from collections.abc import Sequence
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.ops.misc import SqueezeExcitation

from models.classifier import hidden_classifier
from models.scaling import FAMILIES, STAGES, Family, Scaling, family_named, scaled_widths

STOCHASTIC_DEPTH = 0.2
LAYERS = (*(f"stage {number}" for number in range(1, len(STAGES) + 1)), "head")


class SameConv2d(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding: ceil(size / stride) outputs, an odd pixel of padding at the right or bottom."""

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        vertical, horizontal = (self.same_padding(size, axis) for axis, size in enumerate(x.shape[-2:]))
        return super()._conv_forward(F.pad(x, (*horizontal, *vertical)), weight, bias)

    def same_padding(self, size: int, axis: int = 0) -> tuple[int, int]:
        """Pixels added before and after an axis of ``size`` pixels."""
        stride, kernel = self.stride[axis], self.kernel_size[axis]
        total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2


def efficientnet(scaling: Scaling, num_classes: int = 1000, family: str = "b") -> EfficientNet:
    """An untrained EfficientNet, torchvision's class with torchvision's parameter names and initialisation.

    ``network.features`` maps (N, 3, r, r) to the features (N, C, h, w), ``network.avgpool`` pools them and
    ``network.classifier[-1]`` is the linear layer. Input sizes other than the scaling's work as well. The first block of a
    stage never has a skip connection, as in every released network: a width at which its input and output happen to have
    equally many channels (Lite's stage 1 at twice the width) does not change the architecture.

    Args:
        scaling: depth, width and dropout; the resolution changes no tensor.
        num_classes: outputs of the classifier.
        family: name in ``FAMILIES``.

    Raises:
        ValueError: the family is unknown or ``num_classes`` is not positive.
    """
    if num_classes < 1:
        raise ValueError(f"num_classes is {num_classes}; expected 1 or more")
    traits, widths = family_named(family), scaled_widths(scaling, family)
    inputs = (widths.stem, *widths.stages)
    settings = [
        MBConvConfig(stage.expansion, stage.kernel, stage.stride, before, after, layers)
        for stage, before, after, layers in zip(STAGES, inputs, widths.stages, widths.layers, strict=False)
    ]
    network = EfficientNet(
        settings,
        dropout=scaling.dropout,
        stochastic_depth_prob=STOCHASTIC_DEPTH,
        num_classes=num_classes,
        norm_layer=partial(nn.BatchNorm2d, eps=traits.batchnorm_eps),
        last_channel=widths.head,
    )
    for stage in network.features[1:-1]:
        stage[0].use_res_connect = False
    _apply_traits(network, traits)
    return network


def _apply_traits(network: nn.Module, traits: Family) -> None:
    """Replace, in place, the layers in which a family differs from torchvision's own networks."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.SiLU) and traits.activation == "relu6":
                setattr(parent, name, nn.ReLU6(inplace=True))
            elif isinstance(child, SqueezeExcitation) and not traits.squeeze_excite:
                setattr(parent, name, nn.Identity())
            elif isinstance(child, nn.Conv2d) and max(child.stride) > 1 and traits.padding == "same":
                setattr(parent, name, _padded_same(child))


def _padded_same(convolution: nn.Conv2d) -> SameConv2d:
    same = SameConv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,  # type: ignore[arg-type]
        convolution.stride,  # type: ignore[arg-type]
        groups=convolution.groups,
        bias=False,
        device=convolution.weight.device,
        dtype=convolution.weight.dtype,
    )
    same.weight = convolution.weight
    return same


def family_of(network: nn.Module) -> str:
    """Name of the family whose layers ``network`` has, told from its modules.

    Raises:
        ValueError: no family has this combination of gate, activation, padding and BatchNorm epsilon.
    """
    modules = list(network.modules())
    traits = (
        any(isinstance(m, SqueezeExcitation) for m in modules),
        "relu6" if any(isinstance(m, nn.ReLU6) for m in modules) else "silu",
        "same" if any(isinstance(m, SameConv2d) for m in modules) else "symmetric",
        next((m.eps for m in modules if isinstance(m, nn.BatchNorm2d)), None),
    )
    for name, family in FAMILIES.items():
        if (family.squeeze_excite, family.activation, family.padding, family.batchnorm_eps) == traits:
            return name
    gate, activation, padding, eps = traits
    raise ValueError(
        f"no family has {'a' if gate else 'no'} squeeze-excite gate, {activation}, {padding} padding and "
        f"BatchNorm eps {eps}; expected one of {', '.join(FAMILIES)}"
    )


def convolution_of(layer: nn.Module) -> nn.Conv2d:
    """The convolution of a layer: convolution, BatchNorm and, but for projections, an activation."""
    return cast(nn.Conv2d, layer.get_submodule("0"))


def norm_of(layer: nn.Module) -> nn.BatchNorm2d:
    """The BatchNorm of a layer: convolution, BatchNorm and, but for projections, an activation."""
    return cast(nn.BatchNorm2d, layer.get_submodule("1"))


def statistics_of(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Running mean and variance of a BatchNorm, (C,) each; all BatchNorms of these networks keep them."""
    return cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)


def layer_index(layer: str) -> int:
    """Index in ``network.features`` of a layer: ``"stage 1"`` to ``"stage 7"``, or ``"head"``.

    Raises:
        ValueError: there is no such layer.
    """
    if layer not in LAYERS:
        raise ValueError(f"unknown layer {layer!r}; choose from {', '.join(LAYERS)}")
    return LAYERS.index(layer) + 1


def cell_centres(features: nn.Sequential, resolution: int) -> list[float]:
    """Input pixel, along one axis, at which each cell of the last map looks.

    Follows every convolution's own stride and padding: output cell i of a layer with stride s, kernel k and p pixels of
    padding before the image is centred on input s * i + (k - 1) / 2 - p. Pixel 0 is the middle of the first pixel.
    With symmetric padding the centres of the whole network are 32 i; with SAME at 224 pixels they are 32 i + 31.

    Args:
        features: a network's ``features``, or its first stages (``network.features[:5]``).
        resolution: side of the square input in pixels.

    Returns:
        One centre per cell, in input pixels, increasing.
    """
    size, step, first = resolution, 1.0, 0.0
    for convolution in _main_path(features):
        stride, kernel = convolution.stride[0], convolution.kernel_size[0]
        before = (
            convolution.same_padding(size)[0] if isinstance(convolution, SameConv2d) else int(convolution.padding[0])
        )
        first += step * ((kernel - 1) / 2 - before)
        step *= stride
        size = math.ceil(size / stride)
    return [first + step * cell for cell in range(size)]


def receptive_field(features: nn.Sequential) -> int:
    """Pixels of the input, along one axis, that a cell of the last map can depend on through the convolutions.

    Every kernel of size k adds k - 1 times the stride before it. The gates of squeeze-and-excitation see the whole image
    and are left out.
    """
    step, field = 1, 1
    for convolution in _main_path(features):
        field += (convolution.kernel_size[0] - 1) * step
        step *= convolution.stride[0]
    return field


def _main_path(features: nn.Module) -> list[nn.Conv2d]:
    """Convolutions on the main path, in order: all but those of the squeeze-and-excitation gates."""
    gates = {id(m) for gate in features.modules() if isinstance(gate, SqueezeExcitation) for m in gate.modules()}
    return [m for m in features.modules() if isinstance(m, nn.Conv2d) and id(m) not in gates]


def meta_network(scaling: Scaling, num_classes: int, family: str, hidden: Sequence[int] = ()) -> EfficientNet:
    """The network that ``efficientnet`` builds, with tensors on the meta device: for comparing names and shapes.

    Args:
        scaling, num_classes, family: as for ``efficientnet``.
        hidden: output sizes of the classifier's linear layers but the last.
    """
    with torch.device("meta"):
        network = efficientnet(scaling, num_classes, family)
        if hidden:
            channels = scaled_widths(scaling, family).head
            network.classifier = hidden_classifier(channels, hidden, num_classes, scaling.dropout)
        return network
