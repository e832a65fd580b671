"""Ridge regression from batches: fit a linear layer to its targets without gradients."""

from typing import NamedTuple

import torch
from torch import Tensor


class Fit(NamedTuple):
    """A fitted linear layer.

    Attributes:
        weight: (outputs, inputs), float64.
        bias: (outputs,), float64.
        mean: of the inputs, (inputs,), float64.
        explained: share of the targets' variance that the layer explains, at most 1.
        covariance: of the inputs, (inputs, inputs), float64.
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    explained: float
    covariance: Tensor


class Ridge:
    """Sums over all rows seen so far, from which the best linear map from inputs to targets follows.

    Only the sums are kept (Gram matrices in float64), so any number of rows can be added.

    Args:
        inputs: number of input channels.
        outputs: number of target channels.
    """

    def __init__(self, inputs: int, outputs: int):
        self.rows = 0
        self.sum_x, self.sum_y, self.sum_yy = (torch.zeros(n, dtype=torch.float64) for n in (inputs, outputs, outputs))
        self.gram, self.cross = (torch.zeros(inputs, n, dtype=torch.float64) for n in (inputs, outputs))

    def add(self, x: Tensor, y: Tensor) -> None:
        """Add rows of inputs (P, inputs) and their targets (P, outputs)."""
        self.rows += len(x)
        self.sum_x += x.double().sum(0).cpu()
        self.sum_y += y.double().sum(0).cpu()
        self.sum_yy += y.double().square().sum(0).cpu()
        self.gram += (x.T @ x).double().cpu()
        self.cross += (x.T @ y).double().cpu()

    def solve(self, penalty: float = 1e-3) -> Fit:
        """The linear map with the least mean squared error plus ``penalty`` times the mean input variance times its squared norm.

        Raises:
            ValueError: fewer rows than inputs were added.
        """
        if self.rows < len(self.sum_x):
            raise ValueError(f"{self.rows} rows cannot determine {len(self.sum_x)} inputs; give more photographs")
        mean_x, mean_y = self.sum_x / self.rows, self.sum_y / self.rows
        gram = self.gram / self.rows - torch.outer(mean_x, mean_x)
        cross = self.cross / self.rows - torch.outer(mean_x, mean_y)
        variance = gram.diagonal().clamp(min=0)
        loaded = gram + penalty * variance.mean().clamp(min=1e-12) * torch.eye(len(gram), dtype=gram.dtype)
        weight = torch.linalg.solve(loaded, cross).T
        spread = (self.sum_yy / self.rows - mean_y.square()).sum()
        error = spread - 2 * (weight.T * cross).sum() + ((weight @ gram) * weight).sum()
        explained = float(1 - error / spread) if spread > 0 else 1.0
        return Fit(weight, mean_y - weight @ mean_x, mean_x, explained, gram)
