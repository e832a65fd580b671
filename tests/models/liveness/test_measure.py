"""Twins and silent blocks put into a small network are found exactly; slow, obvious re-implementations agree."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from models import Scaling, efficientnet, grow
from models.exact_growth import silence
from models.liveness import Removal, measure_liveness
from models.liveness import measure as measuring

LAYERS = (1, 2, 2, 3, 3, 4, 1)
ONE_EACH = (1,) * 7
PAIRS = [(1, 5), (2, 7)]  # planted twins


def small(family="lite", depth=1.0, seed=0):
    """A narrow network whose BatchNorms fit its signals, float64."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = efficientnet(Scaling(0.25, depth, 64), num_classes=6, family=family).double()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
            nn.init.uniform_(module.bias, -0.3, 0.7, generator=generator)
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 64, 64, dtype=torch.float64, generator=generator))
    return network.eval()


@pytest.fixture
def images():
    return torch.randn(9, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def every_position(monkeypatch):
    """Use every position instead of a sample, so that the numbers are exact."""
    for name in ("STREAM_POSITIONS", "EXPANDED_POSITIONS"):
        monkeypatch.setattr(measuring, name, 10**6)


def without(network, blocks):
    """A slow way to remove blocks, given as (stage, block) from 0: a copy with identities instead of them."""
    network = copy.deepcopy(network)
    for stage, block in blocks:
        network.features[stage + 1][block] = nn.Identity()
    return network


def slow_removal(network, images, blocks):
    """Top-1, and maps computed one image at a time and correlated with numpy."""
    other, changed, correlated = without(network, blocks), 0, []
    with torch.no_grad():
        for image in images:
            before, after = network(image[None])[0].argmax(), other(image[None])[0].argmax()
            changed += int(before != after)
            weight = network.classifier[-1].weight[before]
            maps = [np.tensordot(weight, model.features(image[None])[0], 1) for model in (network, other)]
            correlated.append(np.corrcoef(*(map_.ravel() for map_ in maps))[0, 1])
    return Removal(len(blocks), changed / len(images), float(np.mean(correlated)))


def recorded(network, images, module):
    """Inputs and outputs of a module, recorded by a hook."""
    seen = []
    handle = module.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0].clone(), output.clone())))
    with torch.no_grad():
        network(images)
    handle.remove()
    return seen[0]


def slow_twins(values):
    """From (N, C, h, w): the share of channels that vary and have a twin, and the share of constant channels."""
    columns = values.permute(1, 0, 2, 3).flatten(1).numpy()
    varying = columns[columns.std(axis=1) > 1e-9]
    correlation = np.abs(np.corrcoef(varying))
    twins = [any(row[j] > 0.95 for j in range(len(row)) if j != i) for i, row in enumerate(correlation)]
    return float(np.mean(twins)), 1 - len(varying) / len(columns)


def close(one, other):
    assert one.blocks == other.blocks
    assert one.top1_changed == other.top1_changed
    assert one.map_correlation == pytest.approx(other.map_correlation, abs=1e-12)


@pytest.mark.parametrize("family", ["b", "lite"])
def test_the_same_numbers_as_the_slow_ways(family, images, every_position):
    network = small(family)
    found = measure_liveness(network, images, ONE_EACH)
    last = [(stage, block) for stage, layers in enumerate(LAYERS) for block in range(1, layers)]
    close(found.last, slow_removal(network, images, last))
    close(found.stages[5].last, slow_removal(network, images, [(5, 1), (5, 2), (5, 3)]))
    assert found.last.top1_changed > 0
    for stage, one in zip(network.features[1:-1], found.stages, strict=True):
        assert one.layers == len(stage)
        assert one.adds[0] is None
        outputs = [recorded(network, images, block) for block in stage]
        for block, added in zip(list(stage)[1:], one.adds[1:], strict=True):
            x, branch = recorded(network, images, block.block)
            ratios = [float(b.norm() / a.norm()) for a, b in zip(x, branch, strict=True)]
            assert added == pytest.approx(np.mean(ratios), rel=1e-9)
        twins, constant = zip(*(slow_twins(after) for _, after in outputs), strict=True)
        assert (one.stream.twins, one.stream.constant) == pytest.approx((np.mean(twins), np.mean(constant)))
        expanded = [slow_twins(recorded(network, images, block.block[-3])[1]) for block in stage]
        assert (one.expanded.twins, one.expanded.constant) == pytest.approx(tuple(np.mean(expanded, axis=0)))
        columns = outputs[-1][1].permute(1, 0, 2, 3).flatten(1).numpy()
        held = np.cumsum(np.linalg.svd(np.cov(columns), compute_uv=False))
        assert one.dimensions == 1 + np.searchsorted(held / held[-1], 0.99)


def test_only_a_living_block_is_missed(images):
    """The last two blocks of stage 6 are silenced: removing them changes nothing, removing another one does."""
    network = small()
    for block in network.features[6][2:]:
        silence(block)
    dead = measure_liveness(network, images, (1, 2, 2, 3, 3, 2, 1))
    assert dead.last == Removal(2, 0.0, pytest.approx(1, abs=1e-12))
    assert dead.stages[5].adds[2:] == (0.0, 0.0)
    assert dead.stages[5].adds[1] > 0.1
    alive = measure_liveness(network, images, (1, 2, 2, 3, 3, 1, 1))
    assert alive.last.blocks == 3
    assert alive.last.map_correlation < 0.99
    close(alive.last, slow_removal(network, images, [(5, 1), (5, 2), (5, 3)]))


def test_blocks_spread_evenly_are_others_than_the_last(images):
    network = small(depth=3.0)  # 12 blocks in stage 6: 11 residual ones, 3 of them are removed
    found = measure_liveness(network, images, (3, 6, 6, 9, 9, 9, 3))
    close(found.stages[5].last, slow_removal(network, images, [(5, 9), (5, 10), (5, 11)]))
    close(found.stages[5].spread, slow_removal(network, images, [(5, 2), (5, 6), (5, 10)]))
    assert found.stages[5].spread != found.stages[5].last
    assert found.stages[0].last == Removal()


def linear_end(block, weight):
    """Set the last linear map of a block, from its hidden channels, (C, hidden)."""
    convolution, norm = block.block[-1]
    with torch.no_grad():
        convolution.weight.copy_(weight[:, :, None, None])
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.zero_()


def test_planted_twins_constants_and_ranks(images, every_position):
    network = small()
    generator = torch.Generator().manual_seed(2)
    for block in network.features[3]:  # 16 channels, two pairs of twins and a constant one among them
        weight = torch.randn(16, block.block[-1][0].in_channels, dtype=torch.float64, generator=generator)
        for one, other in PAIRS:
            weight[other] = -2 * weight[one]
        weight[9] = 0
        linear_end(block, weight)
    for block in network.features[4]:  # all 24 channels are multiples of one
        weight = torch.randn(1, block.block[-1][0].in_channels, dtype=torch.float64, generator=generator)
        linear_end(block, torch.linspace(-1, 1, 24, dtype=torch.float64)[:, None] * weight)
    found = measure_liveness(network, images, LAYERS)
    assert (found.stages[2].stream.twins, found.stages[2].stream.constant) == (4 / 15, 1 / 16)
    assert (found.stages[3].stream.twins, found.stages[3].dimensions) == (1, 1)
    assert found.stages[4].dimensions > 1


def copied(old, new):
    """The share of channels that have a twin after exact growth."""
    return min(1.0, 2 * (new - old) / new)


def test_exact_growth_is_dead_and_twinned(images):
    network = small()
    before = measure_liveness(network, images, LAYERS)
    grown = grow(network, Scaling(0.5, 2.0, 64))
    found = measure_liveness(grown, images, LAYERS)
    assert found.last == Removal(14, 0.0, pytest.approx(1, abs=1e-9))
    for number, (old, new) in enumerate(zip(before.stages, found.stages, strict=True), 1):
        assert new.stream.twins >= copied(old.stream.count, new.stream.count) - 1e-12
        hidden = [[block.block[-1][0].in_channels for block in net.features[number]] for net in (network, grown)]
        hidden[0] += hidden[0][-1:] * (new.layers - old.layers)  # added blocks copy the last one
        assert new.expanded.twins >= np.mean([copied(*pair) for pair in zip(*hidden, strict=True)]) - 1e-12
        assert max(old.stream.twins, old.expanded.twins) < 0.3
        assert all(value == 0 for value in new.adds[old.layers :])
        assert new.dimensions <= old.stream.count


def test_the_same_inputs_give_the_same_result_however_they_come(images):
    network = small("b").float().train()
    network.features[3].eval()
    modes = [module.training for module in network.modules()]
    state = copy.deepcopy(network.state_dict())
    results = [measure_liveness(network, inputs, ONE_EACH) for inputs in (images, list(images), images.split(5))]
    assert results[0] == results[1] == results[2]
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("inputs", "layers", "words"),
    [
        ([], LAYERS, "there are no photographs"),
        (torch.zeros(2, 1, 64, 64), LAYERS, r"shapes \(1, 64, 64\); expected \(3, h, w\)"),
        ([torch.zeros(3, 64, 64), torch.zeros(3, 32, 32)], LAYERS, "all of one size"),
        ([torch.zeros(64)], LAYERS, "expected"),
        (torch.zeros(2, 3, 64, 64), (1, 2), "expected 7 numbers of blocks"),
        (torch.zeros(2, 3, 64, 64), (0,) * 7, "each 1 or more"),
        (torch.full((2, 3, 64, 64), torch.nan), LAYERS, "not finite"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(inputs, layers, words):
    with pytest.raises(ValueError, match=words) as raised:
        measure_liveness(small(), inputs, layers)
    assert "\n" not in str(raised.value)


def test_a_gpu_finds_the_same(images, every_position, gpu):
    """In float32, where sums in another order differ in the last bits."""
    network, images = small().float(), images.float()
    here = measure_liveness(network, images, ONE_EACH)
    there = measure_liveness(copy.deepcopy(network).to(gpu), images, ONE_EACH)
    assert there.last.top1_changed == here.last.top1_changed
    assert there.last.map_correlation == pytest.approx(here.last.map_correlation, abs=1e-4)
    for one, other in zip(here.stages, there.stages, strict=True):
        assert other.dimensions == one.dimensions
        assert other.adds[1:] == pytest.approx(one.adds[1:], rel=1e-4)
