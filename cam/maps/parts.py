"""One class activation map taken apart into the channels whose weighted sum it is.

``M[i, j] = sum_k weight[k] * features[k, i, j]``, and the mean of ``M`` plus the bias is the logit, so that the parts of a cell,
of a channel and of the whole map add up.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from cam.maps.closed_forms import weighted_map


@dataclass(frozen=True, eq=False)
class Parts:
    """Some channels of a map, and the whole that they are parts of.

    Attributes:
        channels: indices of these channels among all, int64 (n,).
        weight: weight of each, for the class or for one class minus another, float32 (n,).
        features: feature map of each, float32 (n, h, w).
        whole: the map, which is the sum over all channels, float32 (h, w).
        bias: what the classifier adds to the mean of the map.
        count: number of all channels.
    """

    channels: np.ndarray
    weight: np.ndarray
    features: np.ndarray
    whole: np.ndarray
    bias: float
    count: int

    @property
    def logit(self) -> float:
        """The class's logit, or the difference of two classes' logits."""
        return float(self.whole.mean(dtype=np.float64)) + self.bias


def take_apart(features: Tensor, weight: Tensor, bias: float, channels: Tensor) -> Parts:
    """The parts ``channels`` of one map.

    Args:
        features: of one image, (C, h, w).
        weight: of each channel, (C,).
        bias: of the class; for one class minus another, the difference.
        channels: indices of the channels to keep, int64 (n,).
    """
    whole = weighted_map(features[None], weight[None])[0]
    kept, weights, maps, total = (
        one.detach().cpu().numpy() for one in (channels, weight[channels], features[channels], whole)
    )
    return Parts(kept, weights, maps, total, bias, len(weight))


def strongest(features: Tensor, weight: Tensor, count: int) -> Tensor:
    """The channels that count most for the logit: the largest ``|weight x mean activation|`` first."""
    return (weight * features.mean(dim=(1, 2))).abs().argsort(descending=True)[:count]


def strongest_by_cell(features: Tensor, weight: Tensor, count: int) -> Tensor:
    """The channels that are among the ``count`` most important ones in some cell, each once, in order."""
    products = (weight[:, None, None] * features).abs().flatten(1)
    return products.topk(min(count, len(weight)), dim=0).indices.unique()
