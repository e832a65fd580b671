"""How channels vary together: their covariance in one pass over the data, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.precision import doubled

TWINS = 0.95
KEPT_VARIANCE = 0.99
CONSTANT = 1e-10  # of the channels' mean variance: rounding alone gives a constant channel no more


@dataclass(frozen=True)
class Channels:
    """The number of channels at one kind of place in a stage, and the share of superfluous ones.

    Attributes:
        count: number of channels.
        twins: share of the varying channels whose correlation with another one exceeds 0.95 in magnitude.
        constant: share of all channels that do not vary.
    """

    count: int
    twins: float
    constant: float


class ChannelStatistics:
    """Covariance of channels, accumulated in float64 over any number of samples; memory does not grow with their number."""

    def __init__(self) -> None:
        self.samples = 0
        self._origin, self._sum, self._gram = torch.empty(0), torch.empty(0), torch.empty(0)

    def add(self, values: Tensor) -> None:
        """Add samples, (samples, channels)."""
        if not self.samples:
            # moments about the first sample: little is lost where the mean is large, nothing where a channel is constant
            self._origin = values[0].clone()
            home = doubled(values[:0]).device
            self._sum = torch.zeros(values.shape[1], dtype=torch.float64, device=home)
            self._gram = torch.zeros(*[values.shape[1]] * 2, dtype=torch.float64, device=home)
        values = (values - self._origin).to(self._sum.device)
        self.samples += len(values)
        self._sum += values.sum(dim=0, dtype=torch.float64)
        self._gram += values.T @ values

    def covariance(self) -> Tensor:
        """Covariance of the samples so far, float64 (channels, channels)."""
        mean = self._sum / self.samples
        return self._gram / self.samples - mean[:, None] * mean


def varying(covariance: Tensor) -> Tensor:
    """Which channels vary at all, bool (channels,)."""
    variance = covariance.diagonal()
    return variance > CONSTANT * variance.mean()


def twin_share(covariance: Tensor) -> float:
    """Share of the varying channels whose correlation with another exceeds ``TWINS`` in magnitude; 0 where none vary."""
    chosen = varying(covariance)
    covariance = covariance[chosen][:, chosen]
    deviation = covariance.diagonal().sqrt()
    correlation = (covariance / deviation[:, None] / deviation).abs().fill_diagonal_(0)
    return float((correlation > TWINS).any(dim=1).double().mean()) if len(correlation) else 0.0


def dimensions(covariance: Tensor) -> int:
    """How many principal directions hold ``KEPT_VARIANCE`` of the variance; 0 where nothing varies.

    A rotation of the channels does not change the number; the scale of single channels does.
    """
    eigenvalues = torch.linalg.eigvalsh(covariance).flip(0).clamp(min=0)
    total = eigenvalues.sum()
    return int((eigenvalues.cumsum(0) < KEPT_VARIANCE * total).sum()) + 1 if total > 0 else 0


def summarised(statistics: Sequence[ChannelStatistics]) -> Channels:
    """Mean shares over several places, whose numbers of channels may differ; the count is that of the last place."""
    covariances = [one.covariance() for one in statistics]
    constant = [1 - float(varying(one).double().mean()) for one in covariances]
    return Channels(
        count=len(covariances[-1]),
        twins=sum(map(twin_share, covariances)) / len(covariances),
        constant=sum(constant) / len(constant),
    )
