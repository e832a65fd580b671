"""Growth changes the shapes of a network, never its function."""

import pytest
import torch

from models import SCALINGS, Scaling, efficientnet, grow
from models.exact_growth import ChannelMap

SHAPES = [(1.0, 4.0), (2.0, 1.0), (1.2, 1.4), (2.0, 4.0)]
QUICK = {("b", 2.0, 1.0)} | {(family, 1.2, 1.4) for family in ("b", "tf", "lite")}  # test_studies grows real weights
GROWTHS = [
    pytest.param(family, *shape, marks=() if (family, *shape) in QUICK else pytest.mark.slow)
    for family in ("b", "tf", "lite")
    for shape in SHAPES
]


def randomised(network, seed=0):
    """Set BatchNorm statistics and affine parameters to random values around real ones, so that no 0 or 1 hides a mistake.

    The statistics are first taken from random images, so that in every layer signals stay in the range of the activations.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # plain average
        for tensor, low, high in ((norm.weight, 0.7, 1.3), (norm.bias, -0.3, 0.7)):
            torch.nn.init.uniform_(tensor, low, high, generator=generator)
    images = torch.randn(4, 3, 64, 96, generator=generator, dtype=norms[0].weight.dtype)
    with torch.no_grad():
        network.train()(images)
    for norm in norms:
        norm.momentum = 0.1
        norm.running_mean += 0.1 * torch.randn(norm.num_features, generator=generator) * norm.running_var.sqrt()
        norm.running_var *= 0.5 + torch.rand(norm.num_features, generator=generator)
    return network.eval()


@pytest.mark.parametrize(("family", "width", "depth"), GROWTHS)
def test_grown_network_computes_the_same_logits(family, width, depth):
    network = randomised(efficientnet(SCALINGS["b0"], num_classes=7, family=family).double())
    images = torch.randn(2, 3, 64, 96, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    grown = grow(network, Scaling(width, depth))
    with torch.no_grad():
        expected, actual = network(images), grown(images)
    assert (
        expected[0] - expected[1]
    ).abs().max() > 0.1 * expected.abs().max()  # the output depends on the images: nothing is saturated
    assert (actual - expected).abs().max() <= 1e-9 * expected.abs().max()


def test_grown_network_has_the_shape_of_its_scaling():
    grown = grow(efficientnet(SCALINGS["b0"]), SCALINGS["compound"])
    fresh = efficientnet(SCALINGS["compound"])
    assert {k: v.shape for k, v in grown.state_dict().items()} == {k: v.shape for k, v in fresh.state_dict().items()}


def test_source_is_untouched_and_growth_is_deterministic():
    network = efficientnet(SCALINGS["b0"], num_classes=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    first, second = (grow(network, SCALINGS["width"]).state_dict() for _ in range(2))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(torch.equal(first[name], second[name]) for name in first if "block.0.0" in name)


@pytest.mark.parametrize("uneven", [True, False])
def test_copies_of_one_channel_do_not_stay_twins(uneven, monkeypatch):
    """With equal shares the copies get equal gradients for ever (the control); an uneven split makes them different."""
    if not uneven:
        monkeypatch.setattr(ChannelMap, "shares", equal_shares)
    network = randomised(efficientnet(Scaling(0.35, 0.5), num_classes=5).double())
    grown = grow(network, Scaling(0.7, 0.5)).train()  # twice as wide
    expand, depthwise = grown.features[3][0].block[0], grown.features[3][0].block[1][0]
    mean = expand[1].running_mean
    first, second = torch.triu(mean[:, None] == mean[None], diagonal=1).nonzero(as_tuple=True)
    assert len(first) == len(mean) // 2
    optimiser = torch.optim.SGD(grown.parameters(), lr=0.1)
    for step in range(2):
        images = torch.randn(4, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(step))
        torch.nn.functional.cross_entropy(grown(images), torch.arange(4)).backward()
        optimiser.step()
        optimiser.zero_grad()
    gap = (depthwise.weight[first] - depthwise.weight[second]).abs().amax(dim=(1, 2, 3))
    assert gap.min() > 1e-9 if uneven else gap.max() < 1e-12


def equal_shares(channels):
    return (1 / torch.bincount(channels.source).double())[channels.source]


def test_shares_of_one_channel_sum_to_one_and_differ():
    channels = ChannelMap(5, 17, torch.Generator().manual_seed(0))
    shares = channels.shares()
    sums = torch.zeros(5, dtype=torch.float64).index_add(0, channels.source, shares)
    torch.testing.assert_close(sums, torch.ones(5, dtype=torch.float64))
    assert len(set(shares.tolist())) == 17


@pytest.mark.parametrize(("width", "depth", "words"), [(0.5, 1.0, "width"), (1.0, 0.5, "depth")])
def test_shrinking_is_refused(width, depth, words):
    with pytest.raises(ValueError, match=words):
        grow(efficientnet(SCALINGS["b0"], num_classes=2), Scaling(width, depth))
