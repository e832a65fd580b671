"""Grow a network for training: nearly the same function, in which nothing that was added is dead or a copy.

Exact growth leaves added blocks at zero and added channels as twins, and a gentle training leaves them so. Here every
block of the grown network does a part of the work from the start:

- Deeper: a residual network is a discretised flow, so a residual step may be taken in several smaller ones.
- Wider: the stream between blocks is linear, so its new channels may be any mixture of the old ones, plus new features in
  the directions that the mixture leaves free. Hidden channels are copies with noise of their own, as much as it takes to
  tell them apart.
- Each block's projection is then fitted by ridge regression, on photographs, to what the stream should hold after the
  block. It reads the grown network's own stream, so each block also mends the errors of those before it.

References:
    Chang et al., Multi-level Residual Networks from Dynamical Systems View, ICLR 2018,
    https://arxiv.org/abs/1710.10348 (a residual step split into smaller ones).
"""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models.efficientnet import EfficientNet, MBConv

from models.efficientnet import convolution_of, efficientnet, family_of, norm_of, statistics_of
from models.exact_growth import ChannelMap, grow_squeeze_excite
from models.noisy_copies import Layers, Rules, copy_layers, mixed, standardise
from models.ridge import Ridge
from models.scaling import Scaling

BATCH = 32


class Step(NamedTuple):
    """Which part of an old block's work one new block does: from ``start`` to ``end`` of its residual step."""

    old: int
    start: float
    end: float


class Report(NamedTuple):
    """What became of one block: its stage and number, how well its projection fits, and the mean noise on its channels."""

    stage: int
    block: int
    explained: float
    noise: float


def grow_alive(
    network: EfficientNet,
    scaling: Scaling,
    photographs: Tensor,
    seed: int = 0,
    rules: Rules | None = None,
    report: Callable[[Report], None] | None = None,
) -> EfficientNet:
    """Build a wider, deeper network that computes nearly the same function, and each of whose parts carries some of it.

    Args:
        network: an EfficientNet of any family, as ``efficientnet`` builds them; not changed.
        scaling: of the grown network; no stage may have fewer channels or layers than the source's.
        photographs: the network's input, float32 (N, 3, r, r), of a few hundred varied photographs; no labels.
        seed: of the mixtures, the noise and the positions that the regressions see.
        rules: how far the grown network may depart from its source.
        report: called with what became of each block.

    Returns:
        A network in float32 and eval mode, on the source's device.

    Raises:
        ValueError: the scaling is narrower or shallower somewhere, or there are too few photographs for a regression.
    """
    classifier = network.classifier[-1]
    source = copy.deepcopy(network).float().eval()
    with torch.random.fork_rng(devices=[]):  # blocks that copy nothing keep these initial weights
        torch.manual_seed(seed)
        grown = efficientnet(scaling, classifier.out_features, family_of(network)).eval()
    grown.to(classifier.weight.device)
    with torch.no_grad():
        growth = _Growth(source, grown, photographs, rules or Rules(), torch.Generator().manual_seed(seed))
        for one in growth.blocks():
            if report:
                report(one)
        growth.head()
    return grown


def steps(old: int, new: int, stage: int) -> list[Step]:
    """How a stage of ``old`` blocks becomes one of ``new``: the part that each new block has in an old block's work.

    The first block of a stage has no residual step and stays whole; the new blocks are shared out evenly among the residual
    ones. Where there are none, the added blocks do the last quarter of the first block's work.

    Raises:
        ValueError: the new stage has fewer blocks.
    """
    if new < old:
        raise ValueError(
            f"stage {stage} has {old} layers and cannot have {new}; growth needs a depth not smaller than the source's"
        )
    if old == 1:
        ends = torch.linspace(0.75 if new > 1 else 1.0, 1.0, new).tolist()
        return [Step(0, start, end) for start, end in zip([0.0, *ends], ends, strict=False)]
    found = [Step(0, 0.0, 1.0)]
    share, left = divmod(new - 1, old - 1)
    for block in range(1, old):
        parts = share + (block <= left)
        found += [Step(block, part / parts, (part + 1) / parts) for part in range(parts)]
    return found


class _Growth:
    """The state of one growth: what the two networks' streams hold after the blocks that are done, in batches.

    Attributes:
        before, after: the old network's stream before and after its current block.
        stream: the new network's stream.
        mix: how the old stream's channels are mixed into the new stream: orthonormal columns, (new, old).
        free: the directions of the new stream that the mixture leaves free, (new, new - old).
        copied: which old channel each new one copies while the stream is the stem's output, which is not linear; then None.
    """

    def __init__(
        self, old: EfficientNet, new: EfficientNet, photographs: Tensor, rules: Rules, generator: torch.Generator
    ):
        self.old, self.new, self.rules, self.generator = old, new, rules, generator
        _check(photographs, new)
        stem, grown = old.features[0], new.features[0]
        images = [
            batch.to(grown[0].weight.device, torch.float32, memory_format=torch.channels_last)
            for batch in photographs.split(BATCH)
        ]
        self.copied: ChannelMap | None = self._copies(stem[0].out_channels, grown[0].out_channels)
        source = self.copied.source
        self._copy([(stem, grown, stem[0].weight[source])], source, images, images, len(source) > self.copied.old)
        self.after = [stem(batch) for batch in images]
        self.stream = [grown(batch) for batch in images]
        self.before, self.mix, self.free = self.after, torch.empty(0), torch.empty(0)

    def blocks(self) -> Iterator[Report]:
        """Grow block by block, from the stem to the last stage."""
        for stage, (old, new) in enumerate(zip(self.old.features[1:-1], self.new.features[1:-1], strict=True), 1):
            read = self.mix
            self.mix, self.free = self._directions(_channels(old), _channels(new), Layers.of(new[-1]).expand is None)
            for number, (step, block) in enumerate(zip(steps(len(old), len(new), stage), new, strict=True)):
                if step.start == 0:
                    self.before = self.after
                    self.after = [old[step.old](batch) for batch in self.before]
                noise = self._fill_hidden(old[step.old], block, step, read)
                explained = self._fit(block, step)
                yield Report(stage, number, explained, noise)
                self.copied, read = None, self.mix

    def head(self) -> None:
        """Copy the last convolution, with noise where it is wider; then fit the classifier to the old one's logits."""
        old, new = self.old.features[-1], self.new.features[-1]
        before, after = self.old.classifier[-1], self.new.classifier[-1]
        source = self._copies(old[0].out_channels, new[0].out_channels).source
        wider = len(source) > old[0].out_channels
        self._copy([(old, new, mixed(old[0].weight[source], self.mix))], source, self.after, self.stream, wider)
        after.load_state_dict(before.state_dict()) if not wider else self._fit_classifier(before, after)

    def _fit_classifier(self, before: nn.Linear, after: nn.Linear) -> None:
        ridge = Ridge(after.in_features, after.out_features)
        for x, z in zip(self.after, self.stream, strict=True):
            ridge.add(_rows(self.new.features[-1](z)), before(_rows(self.old.features[-1](x))))
        fit = ridge.solve(self.rules.penalty)
        after.weight.copy_(fit.weight)
        after.bias.copy_(fit.bias)

    def _fill_hidden(self, old: MBConv, new: MBConv, step: Step, read: Tensor) -> float:
        """Fill the layers of a block before its projection; returns the mean noise."""
        before, after = Layers.of(old), Layers.of(new)
        if step.start and not old.use_res_connect:  # no residual step to take a part of
            standardise(after, torch.cat(self.stream[: self._looks]), self.generator)
            return 1.0
        hidden = convolution_of(before.depthwise).out_channels, convolution_of(after.depthwise).out_channels
        channels = self.copied if after.expand is None and self.copied else self._copies(*hidden)
        pairs = [(before.depthwise, after.depthwise, convolution_of(before.depthwise).weight[channels.source])]
        if before.expand is not None and after.expand is not None:
            expanded = mixed(convolution_of(before.expand).weight[channels.source], read)
            pairs.insert(0, (before.expand, after.expand, expanded))
        noisy = hidden[1] > hidden[0] or (step.start, step.end) != (0, 1)
        noise = self._copy(pairs, channels.source, self.before, self.stream, noisy)
        if before.gate and after.gate:
            grow_squeeze_excite(before.gate, after.gate, channels, self.generator)
        return noise

    def _fit(self, block: MBConv, step: Step) -> float:
        """Fit a block's projection, read new features into the free directions, and move the stream on."""
        layers = Layers.of(block)
        convolution, norm = convolution_of(layers.project), norm_of(layers.project)
        running_mean, running_variance = statistics_of(norm)
        ridge = Ridge(convolution.in_channels, convolution.out_channels)
        share = self.rules.positions / sum(batch[:, 0].numel() for batch in self.after)
        for before, after, stream in zip(self.before, self.after, self.stream, strict=True):
            wanted = after * step.end if not step.old else before + step.end * (after - before)
            if block.use_res_connect:
                wanted = wanted - torch.einsum("dc,ndhw->nchw", self.mix, stream)
            hidden = _rows(layers.gated(stream))
            chosen = torch.randperm(len(hidden), generator=self.generator)[: max(1, round(share * len(hidden)))]
            chosen = chosen.to(hidden.device)
            ridge.add(hidden[chosen], _rows(wanted)[chosen] @ self.mix.T)
        fit = ridge.solve(self.rules.penalty)
        weight = fit.weight + self._readings(fit.covariance, 0.5 if block.use_res_connect else 1.0)
        variance = ((weight @ fit.covariance) * weight).sum(1).clamp(min=0)
        convolution.weight.copy_(weight[..., None, None])
        running_mean.copy_(weight @ fit.mean)
        running_variance.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(fit.bias + fit.weight @ fit.mean)
        self.stream = [block(batch) for batch in self.stream]
        return fit.explained

    def _readings(self, covariance: Tensor, part: float) -> Tensor:
        """Random mixtures of a block's hidden channels for the free directions of its stream, (channels, hidden) float64."""
        free = self.free.double().cpu()
        if not free.shape[1] or not self.rules.reading:
            return torch.zeros(len(free), len(covariance), dtype=torch.float64)
        deviation = covariance.diagonal().clamp(min=0).sqrt()
        random = torch.randn(free.shape[1], len(covariance), generator=self.generator, dtype=torch.float64)
        random /= deviation.clamp(min=0.2 * deviation.mean())  # hidden channels that hardly vary are not blown up
        given = ((random @ covariance) * random).sum(1).mean().sqrt()
        stream = _rows(self.after[0]).std(0).square().mean().sqrt().double().cpu()
        return free @ random * (part * self.rules.reading * stream / given)

    def _directions(self, old: int, new: int, plain: bool) -> tuple[Tensor, Tensor]:
        """The mixture for a stage's stream and the directions it leaves free; the identity where blocks read single channels."""
        if new < old:
            raise ValueError(
                f"a stream of {old} channels cannot become one of {new}; growth needs a width not smaller than the source's"
            )
        square = torch.eye(new, dtype=torch.float64)
        if not plain and new > old:
            square = torch.linalg.qr(torch.randn(new, new, generator=self.generator, dtype=torch.float64))[0]
        square = square.float().to(self.stream[0].device)
        return square[:, :old], square[:, old:]

    def _copies(self, old: int, new: int) -> ChannelMap:
        return ChannelMap(old, new, self.generator)

    @property
    def _looks(self) -> int:
        """Number of batches on which hidden channels are compared."""
        return -(-self.rules.looks // BATCH)

    def _copy(self, pairs: list[tuple], source: Tensor, old: list[Tensor], new: list[Tensor], noisy: bool) -> float:
        looks = torch.cat(old[: self._looks]), torch.cat(new[: self._looks])
        return copy_layers(pairs, source, looks, noisy, self.rules, self.generator)


def _channels(stage: nn.Sequential) -> int:
    return convolution_of(Layers.of(stage[0]).project).out_channels


def _rows(maps: Tensor) -> Tensor:
    """Maps (N, C, h, w) as one row for each position, (N h w, C)."""
    return maps.permute(0, 2, 3, 1).flatten(0, 2)


def _check(photographs: Tensor, network: EfficientNet) -> None:
    """Refuse photographs that are too few for the last stage, which has the most channels to fit and the fewest positions."""
    if photographs.dim() != 4 or photographs.shape[1] != 3:
        raise ValueError(f"photographs of shape {tuple(photographs.shape)}; expected prepared ones, (N, 3, r, r)")
    channels = convolution_of(Layers.of(network.features[-2][0]).project).in_channels
    cells = (-(-photographs.shape[2] // 32)) * (-(-photographs.shape[3] // 32))
    if len(photographs) * cells < 2 * channels:
        raise ValueError(
            f"{len(photographs)} photographs give {len(photographs) * cells} positions of the last map for {channels:,} "
            f"channels to fit there; give at least {-(-2 * channels // cells)}"
        )
