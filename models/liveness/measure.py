"""Are a network's additions to its baseline alive: does its answer need the added blocks, and do its channels differ?

A network grown from another can keep its function exactly, and training may leave it so: with blocks that add nothing, and
channels that repeat each other. Measuring needs no labels and does not change the network: stages are run block by block.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn
from torchvision.models import EfficientNet

from models.liveness.channels import Channels, ChannelStatistics, dimensions, summarised
from models.liveness.removal import EVERY_STAGE, WAYS, Answer, Change, Removal, planned_removals
from models.precision import strict
from models.scaling import STAGES

B0_LAYERS = tuple(stage.layers for stage in STAGES)
BATCH = 8
STREAM_POSITIONS, EXPANDED_POSITIONS = 49, 16  # sampled per block and image; the last stages have 49 at 224 pixels


@dataclass(frozen=True)
class StageLiveness:
    """What was found in one stage.

    Attributes:
        name: ``"stage 1"`` to ``"stage 7"``.
        layers: number of blocks.
        baseline_layers: number of blocks of the baseline's stage.
        adds: for every block, the mean over photographs of the norm of its branch divided by the norm of its input; None for
            a block without skip connection.
        last: what changes without the last blocks, as many as the stage has more than the baseline's.
        spread: what changes without equally many residual blocks, spread evenly over the stage.
        stream: channels of the blocks' outputs, mean over blocks.
        expanded: channels after the depthwise convolution's activation, mean over blocks.
        dimensions: principal directions that hold 99 % of the variance of the stage's output.
    """

    name: str
    layers: int
    baseline_layers: int
    adds: tuple[float | None, ...]
    last: Removal
    spread: Removal
    stream: Channels
    expanded: Channels
    dimensions: int


@dataclass(frozen=True)
class Liveness:
    """What was found in a network.

    Attributes:
        photographs: number of photographs measured on.
        stages: from the first to the last.
        last: what changes without the last blocks of all stages at once, as many as were added.
        spread: what changes without equally many blocks of all stages at once, spread evenly.
    """

    photographs: int
    stages: tuple[StageLiveness, ...]
    last: Removal
    spread: Removal


def measure_liveness(
    model: EfficientNet, inputs: Iterable[Tensor], baseline_layers: Sequence[int] = B0_LAYERS
) -> Liveness:
    """Measure what blocks add, what changes without the added ones, and how channels vary.

    It takes one pass over the inputs, with some five to ten times the work of running the network; memory does not grow with
    their number. The same inputs give the same result. The model runs in eval mode, and afterwards is in its old mode again.

    Args:
        model: an EfficientNet as ``efficientnet`` builds them, on any device.
        inputs: prepared images (3, h, w) of one size, or batches of them (N, 3, h, w), as ``Network.transform`` makes them.
        baseline_layers: number of blocks in every stage of the network to compare with; by default B0's.

    Raises:
        ValueError: there are no inputs, their shapes differ, ``baseline_layers`` has another number of stages, or the
            network's answers are not finite.
    """
    stages = _stages(model, baseline_layers)
    watched = [_WatchedStage(stage) for stage in stages]
    plans = planned_removals(stages, baseline_layers)
    changes = {removed: Change(removed) for removed in plans.values() if removed}
    generator, photographs = torch.Generator().manual_seed(0), 0
    with _evaluating(model):
        for images in _batches(inputs, model):
            photographs += len(images)
            streams = [model.features[0](images)]
            for stage in watched:
                streams.append(stage.run(streams[-1], generator))
            before = Answer.of(model, streams[-1])
            for change in changes.values():
                change.add(model, streams, before)
    if not photographs:
        raise ValueError("there are no photographs to measure liveness on; give at least one")
    removals = {name: changes[removed].removal() if removed else Removal() for name, removed in plans.items()}
    stages_found = tuple(
        stage.found(i, baseline_layers[i], {way: removals[i, way] for way in WAYS}, photographs)
        for i, stage in enumerate(watched)
    )
    return Liveness(photographs, stages_found, **{way: removals[EVERY_STAGE, way] for way in WAYS})


def _stages(model: EfficientNet, baseline_layers: Sequence[int]) -> list[nn.Sequential]:
    stages = list(model.features.children())[1:-1]
    if len(baseline_layers) != len(stages) or min(baseline_layers) < 1:
        raise ValueError(
            f"baseline_layers is {tuple(baseline_layers)}; expected {len(stages)} numbers of blocks, each 1 or more"
        )
    return stages


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode without gradients and in true float32; every module gets its own mode back."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad(), strict(next(model.parameters()).device):
            yield
    finally:
        for module, training in modes:
            module.training = training


def _batches(inputs: Iterable[Tensor], model: EfficientNet) -> Iterator[Tensor]:
    images = (image for item in inputs for image in (item if item.dim() == 4 else item[None]))
    like = model.classifier[-1].weight
    while batch := list(islice(images, BATCH)):
        if {(image.dim(), len(image)) for image in batch} != {(3, 3)} or len({image.shape for image in batch}) > 1:
            shapes = ", ".join(sorted({str(tuple(image.shape)) for image in batch}))
            raise ValueError(f"inputs have shapes {shapes}; expected (3, h, w), all of one size")
        yield torch.stack(batch).to(like)


class _WatchedStage:
    """One stage, run and watched block by block."""

    def __init__(self, stage: nn.Sequential):
        self._stage = stage
        self._added = [0.0 for _ in stage]
        self._stream = [ChannelStatistics() for _ in stage]
        self._expanded = [ChannelStatistics() for _ in stage]

    def run(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Run a batch through the stage, record what is measured on its blocks, and return its output."""
        for i, block in enumerate(self._stage):
            *inner, gate, projection = block.get_submodule(
                "block"
            ).children()  # inner: the depthwise convolution comes last
            hidden = x
            for layer in inner:
                hidden = layer(hidden)
            self._expanded[i].add(_sampled(hidden, EXPANDED_POSITIONS, generator))
            branch = projection(gate(hidden))
            if block.use_res_connect:
                self._added[i] += float((_norms(branch) / _norms(x).clamp(min=torch.finfo(x.dtype).tiny)).sum())
                branch = branch + x
            x = branch
            self._stream[i].add(_sampled(x, STREAM_POSITIONS, generator))
        return x

    def found(self, index: int, baseline_layers: int, removals: dict[str, Removal], photographs: int) -> StageLiveness:
        """Sum up all that was recorded."""
        residual = [block.use_res_connect for block in self._stage]
        return StageLiveness(
            name=f"stage {index + 1}",
            layers=len(self._stage),
            baseline_layers=baseline_layers,
            adds=tuple(
                total / photographs if skip else None for total, skip in zip(self._added, residual, strict=True)
            ),
            stream=summarised(self._stream),
            expanded=summarised(self._expanded),
            dimensions=dimensions(self._stream[-1].covariance()),
            **removals,
        )


def _norms(activations: Tensor) -> Tensor:
    """Norm of every image's activations, (N,)."""
    return activations.flatten(1).norm(dim=1)


def _sampled(activations: Tensor, positions: int, generator: torch.Generator) -> Tensor:
    """Channels at randomly chosen positions of every image: (N, C, h, w) gives (N * positions, C)."""
    values = activations.flatten(2)
    if values.shape[2] > positions:
        chosen = torch.stack([torch.randperm(values.shape[2], generator=generator)[:positions] for _ in values])
        values = values.gather(2, chosen.to(values.device)[:, None].expand(-1, values.shape[1], -1))
    return values.transpose(1, 2).flatten(0, 1)
