"""Copy hidden channels of a source network, each with its own noise, as much as it takes to tell them apart."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models.efficientnet import MBConv
from torchvision.ops.misc import SqueezeExcitation

from models.efficientnet import convolution_of, norm_of, statistics_of

COMPARED = 8192  # positions at which hidden channels are compared
LARGEST_GAIN = 3.0  # of a channel's scale over its source's, when its statistics are matched


@dataclass(frozen=True)
class Rules:
    """How far a grown network may depart from its source.

    Attributes:
        noise: initial standard deviation of the noise on further copies of a filter, as a fraction of the filter's own.
        first: the same for the first copy of each filter.
        alike: hidden channels of a block whose correlation exceeds this get more noise.
        rounds: how often noise is raised, by ``raised`` each time.
        raised: factor on the noise of a channel that is still too much like another one.
        most: a channel whose noise has reached this gets no more.
        reading: standard deviation of the new features in the stream, as a fraction of the stream's own.
        penalty: of the ridge regressions, see ``Ridge.solve``.
        positions: number of cells of the maps, over all photographs, that each regression sees.
        looks: number of photographs on which hidden channels are compared and their statistics measured.
    """

    noise: float = 0.25
    first: float = 0.05
    alike: float = 0.9
    rounds: int = 8
    raised: float = 1.5
    most: float = 2.0
    reading: float = 0.3
    penalty: float = 1e-3
    positions: int = 40_000
    looks: int = 32


class Layers(NamedTuple):
    """The parts of an MBConv block; a block without expansion or gate has None there."""

    expand: nn.Sequential | None
    depthwise: nn.Sequential
    gate: SqueezeExcitation | None
    project: nn.Sequential

    @classmethod
    def of(cls, block: MBConv) -> "Layers":
        """The parts of ``block``."""
        parts = [layer for layer in block.block if not isinstance(layer, nn.Identity)]
        gate = next((layer for layer in parts if isinstance(layer, SqueezeExcitation)), None)
        convolutions = [layer for layer in parts if layer is not gate]
        return cls(convolutions[0] if len(convolutions) == 3 else None, convolutions[-2], gate, convolutions[-1])

    def hidden(self, stream: Tensor) -> Tensor:
        """Output of the depthwise convolution after its activation, before any gate."""
        return self.depthwise(self.expand(stream) if self.expand else stream)

    def gated(self, stream: Tensor) -> Tensor:
        """Input of the projection."""
        hidden = self.hidden(stream)
        return self.gate(hidden) if self.gate else hidden


class Noise:
    """Noise for the filters of one layer: fixed directions, and an amplitude for each output channel."""

    def __init__(self, weight: Tensor, amplitude: Tensor, generator: torch.Generator):
        self.direction = torch.randn(weight.shape, generator=generator).to(weight.device)
        self.amplitude = amplitude

    def added_to(self, weight: Tensor) -> Tensor:
        """Filters plus noise of ``amplitude`` times each filter's standard deviation."""
        deviation = weight.flatten(1).std(1, correction=0) * self.amplitude.to(weight.device)
        return weight + self.direction * deviation.view(-1, *[1] * (weight.dim() - 1))


def copy_layers(
    pairs: list[tuple[nn.Sequential, nn.Sequential, Tensor]],
    source: Tensor,
    looks: tuple[Tensor, Tensor],
    noisy: bool,
    rules: Rules,
    generator: torch.Generator,
) -> float:
    """Fill one or more consecutive layers with copies of an old network's layers, in place.

    Args:
        pairs: for each layer (convolution, BatchNorm, activation) the old one, the new one, and the filters of the copies.
        source: old channel of each new one, (new,).
        looks: inputs of the first old layer and of the first new layer, on some photographs.
        noisy: whether to add noise; without it, the copies are plain and keep the source's statistics.
        rules: how much noise.
        generator: of the noise.

    Returns:
        Mean amplitude of the noise.
    """
    further = torch.arange(len(source)) >= convolution_of(pairs[0][0]).out_channels
    amplitude = torch.where(further, rules.noise, rules.first) * float(noisy)
    noises = [Noise(filters, amplitude, generator) for _, _, filters in pairs]
    x, wanted = looks[0], []
    for old, _, _ in pairs if noisy else []:
        wanted.append(_moments(norm_of(old)(convolution_of(old)(x)), generator))
        x = old(x)
    for _ in range(rules.rounds if noisy else 1):
        z = looks[1]
        for number, ((old, new, filters), noise) in enumerate(zip(pairs, noises, strict=True)):
            convolution, norm = convolution_of(new), norm_of(new)
            convolution.weight.copy_(noise.added_to(filters))
            _copy_norm(norm_of(old), norm, source)
            if noisy:
                values = convolution(z)
                _match(norm, [moment[source] for moment in wanted[number]], _moments(values, generator))
                z = new[2](norm(values))
        if not noisy:
            break
        alike = twins(sampled(z, generator), rules.alike) & (amplitude < rules.most)
        if not alike.any():
            break
        amplitude[alike] *= rules.raised
    return float(amplitude.mean())


def mixed(filters: Tensor, mix: Tensor) -> Tensor:
    """Make filters of a 1x1 convolution (outputs, old, 1, 1) read the new stream instead of the old one: W M^T."""
    return (filters.flatten(1) @ mix.T)[..., None, None]


def standardise(layers: Layers, looks: Tensor, generator: torch.Generator) -> None:
    """Set the hidden BatchNorms of a randomly initialised block to the statistics of their inputs, in place."""
    for layer in filter(None, (layers.expand, layers.depthwise)):
        running_mean, running_variance = statistics_of(norm_of(layer))
        mean, deviation = _moments(convolution_of(layer)(looks), generator)
        running_mean.copy_(mean)
        running_variance.copy_(deviation.square())
        looks = layer(looks)


def sampled(values: Tensor, generator: torch.Generator) -> Tensor:
    """Some positions of maps (N, C, h, w) as rows (P, C)."""
    rows = values.permute(0, 2, 3, 1).flatten(0, 2)
    return rows[torch.randperm(len(rows), generator=generator)[:COMPARED].to(rows.device)]


def twins(rows: Tensor, threshold: float) -> Tensor:
    """Which channels correlate with an earlier one beyond a threshold, (C,); channels without variance never do."""
    centred = rows.double() - rows.double().mean(0)
    length = centred.norm(dim=0)
    unit = centred / length.clamp(min=1e-9 * length.max().clamp(min=1e-30))
    return ((unit.T @ unit).abs().tril(-1) > threshold).any(1).cpu()


def _copy_norm(old: nn.BatchNorm2d, new: nn.BatchNorm2d, source: Tensor) -> None:
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(new, name).copy_(getattr(old, name)[source])


def _moments(values: Tensor, generator: torch.Generator) -> list[Tensor]:
    """Mean and standard deviation of each channel, (C,) each, over some positions of maps (N, C, h, w)."""
    deviation, mean = torch.std_mean(sampled(values, generator), 0)
    return [mean, deviation]


def _match(norm: nn.BatchNorm2d, wanted: list[Tensor], found: list[Tensor]) -> None:
    """Set a BatchNorm, in place, so that channels with the moments ``found`` come out with the moments ``wanted``.

    A channel's scale grows by no more than ``LARGEST_GAIN``, so that a channel that hardly varies is not blown up.
    """
    running_mean, running_variance = statistics_of(norm)
    mean, variance = found[0], found[1].square()
    scale = wanted[1] / found[1].clamp(min=1e-12)
    now = norm.weight / (running_variance + norm.eps).sqrt()
    scale = torch.minimum(scale, LARGEST_GAIN * now.abs()) * torch.where(now < 0, -1.0, 1.0)
    running_mean.copy_(mean)
    running_variance.copy_(variance)
    norm.weight.copy_(scale * (variance + norm.eps).sqrt())
    norm.bias.copy_(wanted[0])
