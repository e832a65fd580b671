"""Grow a network in depth and width without changing what it computes.

Wider: every new channel copies an old one, and whatever reads the copies shares the old weight among them, unevenly, so
that training can tell them apart. Deeper: new residual blocks end in a BatchNorm of weight and bias zero, so that they add
nothing yet. Before any training the grown network's logits and maps equal its source's.

References:
    Chen et al., Net2Net, ICLR 2016, https://arxiv.org/abs/1511.05641 (widening by copies, deepening by identities).
    Wang et al., LEMON, ICLR 2024, https://arxiv.org/abs/2310.07999 (uneven shares break the symmetry of the copies).
"""

import torch
from torch import Tensor, nn
from torchvision.models.efficientnet import EfficientNet, MBConv
from torchvision.ops.misc import SqueezeExcitation

from models.efficientnet import convolution_of, efficientnet, family_of, norm_of
from models.scaling import Scaling


class ChannelMap:
    """Which old channel each new channel of one tensor copies: the first ones copy themselves, the others any old one."""

    def __init__(self, old: int, new: int, generator: torch.Generator):
        if new < old:
            raise ValueError(
                f"a tensor of {old} channels cannot become one of {new}; growth needs a width not smaller than the source's"
            )
        extra = torch.cat([torch.randperm(old, generator=generator) for _ in range(new // old)])[: new - old]
        self.source = torch.cat([torch.arange(old), extra])
        self.old = old
        self.generator = generator

    def shares(self) -> Tensor:
        """A fresh uneven split: one factor per new channel; the factors of all copies of one old channel sum to 1."""
        raw = torch.rand(len(self.source), generator=self.generator, dtype=torch.float64) + 0.5
        return raw / torch.zeros(self.old, dtype=torch.float64).index_add(0, self.source, raw)[self.source]


def grow_exactly(network: EfficientNet, scaling: Scaling, seed: int = 0) -> EfficientNet:
    """A wider, deeper network that computes the same function as ``network``.

    In eval mode the logits are equal up to rounding: within 1e-9 relative in float64. The source is not changed.

    Args:
        network: an EfficientNet of any family, as ``efficientnet`` builds them.
        scaling: of the grown network; no stage may have fewer channels or layers than the source's.
        seed: chooses which channels are copied and how unevenly their weight is shared.

    Returns:
        A network with the source's dtype, device and mode.

    Raises:
        ValueError: the scaling is narrower or shallower than the source somewhere.
    """
    classifier = network.classifier[-1]
    grown = efficientnet(scaling, classifier.out_features, family_of(network))
    grown.to(device=classifier.weight.device, dtype=classifier.weight.dtype).train(network.training)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        _grow_all(network, grown, generator)
    return grown


def silence(block: MBConv) -> None:
    """Make a residual block add nothing, in place: its last BatchNorm gets weight and bias zero."""
    norm = _last_norm(block)
    with torch.no_grad():
        norm.weight.zero_()
        norm.bias.zero_()


def _grow_all(network: EfficientNet, grown: EfficientNet, generator: torch.Generator) -> None:
    last = len(network.features) - 1
    channels = ChannelMap(3, 3, generator)
    for index, (old, new) in enumerate(zip(network.features, grown.features, strict=True)):
        if index in (0, last):
            channels = _grow_convolution(old, new, channels, generator)
        else:
            channels = _grow_stage(old, new, channels, generator, f"stage {index}")
    old, new = network.classifier[-1], grown.classifier[-1]
    new.weight.copy_(_widen_inputs(old.weight, channels))
    new.bias.copy_(old.bias)


def _grow_stage(
    old: nn.Sequential, new: nn.Sequential, inputs: ChannelMap, generator: torch.Generator, name: str
) -> ChannelMap:
    """Grow the blocks of one stage; all their outputs share one channel map, because skip connections add them."""
    if len(new) < len(old):
        raise ValueError(
            f"{name} has {len(old)} layers and cannot have {len(new)}; growth needs a depth not smaller than the source's"
        )
    outputs = ChannelMap(_last_norm(old[0]).num_features, _last_norm(new[0]).num_features, generator)
    for old_block, new_block in zip(old, new, strict=False):
        _grow_block(old_block, new_block, inputs, outputs, generator)
        inputs = outputs
    for block in new[len(old) :]:
        if old[-1].use_res_connect:
            _grow_block(old[-1], block, outputs, outputs, generator)
        silence(block)
    return outputs


def _grow_block(old: MBConv, new: MBConv, inputs: ChannelMap, outputs: ChannelMap, generator: torch.Generator) -> None:
    channels = inputs
    for old_layer, new_layer in zip(old.block[:-1], new.block[:-1], strict=True):
        if isinstance(old_layer, SqueezeExcitation):
            grow_squeeze_excite(old_layer, new_layer, channels, generator)
        elif not isinstance(old_layer, nn.Identity):
            channels = _grow_convolution(old_layer, new_layer, channels, generator)
    _grow_convolution(old.block[-1], new.block[-1], channels, generator, outputs)


def _grow_convolution(
    old: nn.Sequential,
    new: nn.Sequential,
    inputs: ChannelMap,
    generator: torch.Generator,
    outputs: ChannelMap | None = None,
) -> ChannelMap:
    """Grow a convolution and its BatchNorm; a depthwise one keeps its input's channel map and divides no weight."""
    before, after = convolution_of(old), convolution_of(new)
    depthwise = before.groups > 1
    if outputs is None:
        outputs = inputs if depthwise else ChannelMap(before.out_channels, after.out_channels, generator)
    weight = before.weight if depthwise else _widen_inputs(before.weight, inputs)
    after.weight.copy_(weight[outputs.source])
    for name, tensor in norm_of(old).state_dict().items():  # the count of batches is the only one without channels
        getattr(norm_of(new), name).copy_(tensor[outputs.source] if tensor.dim() else tensor)
    return outputs


def grow_squeeze_excite(
    old: SqueezeExcitation, new: SqueezeExcitation, channels: ChannelMap, generator: torch.Generator
) -> None:
    squeezed = ChannelMap(old.fc1.out_channels, new.fc1.out_channels, generator)
    new.fc1.weight.copy_(_widen_inputs(old.fc1.weight, channels)[squeezed.source])
    new.fc1.bias.copy_(old.fc1.bias[squeezed.source])
    new.fc2.weight.copy_(_widen_inputs(old.fc2.weight, squeezed)[channels.source])
    new.fc2.bias.copy_(old.fc2.bias[channels.source])


def _widen_inputs(weight: Tensor, inputs: ChannelMap) -> Tensor:
    """Repeat the columns of a weight (outputs, inputs, ...) for the copies of an input, and divide them among the copies."""
    shares = inputs.shares().to(weight).reshape(1, -1, *[1] * (weight.dim() - 2))
    return weight[:, inputs.source.to(weight.device)] * shares


def _last_norm(block: MBConv) -> nn.BatchNorm2d:
    return norm_of(block.block[-1])
