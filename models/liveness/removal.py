"""The answers of a network without some of its residual blocks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models import EfficientNet

from models.precision import doubled

WAYS = ("last", "spread")
EVERY_STAGE = -1


class Place(NamedTuple):
    """The place of a block: the index of its stage, from 0, and its own index within the stage."""

    stage: int
    block: int


@dataclass(frozen=True)
class Removal:
    """What changes without some residual blocks, which pass on their input instead.

    Attributes:
        blocks: number of removed blocks.
        top1_changed: share of photographs whose top-1 class changes.
        map_correlation: mean over photographs of the correlation between the top-1 class's activation map and the map of
            the same class without the blocks.
    """

    blocks: int = 0
    top1_changed: float = 0.0
    map_correlation: float = 1.0


def planned_removals(
    stages: Sequence[nn.Sequential], baseline_layers: Sequence[int]
) -> dict[tuple[int, str], frozenset[Place]]:
    """Which blocks to leave out, for every stage and for all stages at once, in each of two ways.

    As many blocks are left out as the stage has more than the baseline's, and never one without skip connection: the
    ``"last"`` ones, or equally many ``"spread"`` evenly over the stage's residual blocks.

    Returns:
        (index of the stage or ``EVERY_STAGE``, way) -> blocks.
    """
    plans: dict[tuple[int, str], frozenset[Place]] = {}
    for i, (stage, layers) in enumerate(zip(stages, baseline_layers, strict=True)):
        residual = [Place(i, j) for j, block in enumerate(stage) if block.use_res_connect]
        count = min(max(0, len(stage) - layers), len(residual))
        plans[i, "last"] = frozenset(residual[len(residual) - count :])
        plans[i, "spread"] = frozenset(residual[(2 * k + 1) * len(residual) // (2 * count)] for k in range(count))
    for way in WAYS:
        plans[EVERY_STAGE, way] = frozenset().union(*(plans[i, way] for i in range(len(stages))))
    return plans


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network computes for a batch.

    Attributes:
        top: top-1 classes, (N,).
        features: activations entering global average pooling, (N, C, h, w).
    """

    top: Tensor
    features: Tensor

    @classmethod
    def of(cls, model: EfficientNet, stream: Tensor) -> "Answer":
        """Compute the answer from the last stage's output.

        Raises:
            ValueError: the logits are not finite.
        """
        features = model.features[-1](stream)
        logits = model.classifier(features.mean(dim=(2, 3)))
        if not logits.isfinite().all():
            raise ValueError("the network's answers are not finite; its weights are damaged")
        return cls(logits.argmax(dim=1), features)

    def maps(self, model: EfficientNet, classes: Tensor) -> Tensor:
        """Class activation maps of one class per image, (N, h, w)."""
        return torch.einsum("nchw,nc->nhw", self.features, model.classifier[-1].weight[classes])


class Change:
    """Accumulates what leaving out some blocks changes."""

    def __init__(self, removed: Iterable[Place]):
        self._removed = frozenset(removed)
        self._start = min(self._removed).stage
        self._photographs, self._changed, self._correlated = 0, 0.0, 0.0

    def add(self, model: EfficientNet, streams: Sequence[Tensor], before: Answer) -> None:
        """Run a batch without the blocks, starting at the first stage that lacks one.

        Args:
            model: in eval mode.
            streams: inputs of all stages of the whole network.
            before: the whole network's answer.
        """
        x = streams[self._start]
        for i, stage in enumerate(list(model.features)[1:-1]):
            if i >= self._start:
                for j, block in enumerate(stage):
                    x = x if (i, j) in self._removed else block(x)
        after = Answer.of(model, x)
        maps = before.maps(model, before.top), after.maps(model, before.top)
        self._photographs += len(x)
        self._changed += float((after.top != before.top).sum())
        self._correlated += float(correlations(*maps).sum())

    def removal(self) -> Removal:
        """The mean over all photographs so far."""
        images = self._photographs
        return Removal(len(self._removed), self._changed / images, self._correlated / images)


def correlations(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's correlation of each pair of maps (N, h, w), float64 (N,); where one is flat, 1 if they are equal, else 0."""
    first, second = (doubled(maps).flatten(1) for maps in (first, second))
    same = (first == second).all(dim=1).double()
    first, second = (maps - maps.mean(dim=1, keepdim=True) for maps in (first, second))
    norms = first.norm(dim=1) * second.norm(dim=1)
    return torch.where(norms > 0, (first * second).sum(dim=1) / norms, same)
