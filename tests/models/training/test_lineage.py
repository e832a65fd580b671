"""Lite0 -> B0 -> grown -> drawn anew: what is kept is kept exactly, what is new depends on the seed alone."""

import pytest
import torch
from torch import nn

from models import SCALINGS, Scaling, efficientnet
from models.efficientnet import family_of
from models.training.lineage import VARIANT_SCALINGS, descend, draw, lite0_weights, redraw, transplant_lite0


@pytest.fixture(scope="module")
def lite0():
    return lite0_weights()


@pytest.fixture(scope="module")
def ancestor(lite0):
    return transplant_lite0(lite0, num_classes=5)


def with_relu6(network):
    for parent in list(network.features.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.SiLU) and name != "activation":
                setattr(parent, name, nn.ReLU6())
    return network


def test_transplant_computes_what_lite0_does(lite0):
    """Open gates and exchanged activations apart nothing changes; with ReLU6 put back the features are Lite0's own."""
    lite = efficientnet(SCALINGS["b0"], family="lite").double().eval()
    lite.load_state_dict(lite0)
    b0 = with_relu6(transplant_lite0(lite0, num_classes=5)).double().eval()
    images = torch.randn(2, 3, 96, 128, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, actual = lite.features(images), b0.features(images)
    assert expected.std() > 0.1
    assert (actual - expected).abs().max() < 1e-4 * expected.abs().max()  # gates: one factor, rounded once in float32


def test_transplant_is_a_tf_b0_with_nearly_open_gates_that_can_learn(ancestor):
    assert family_of(ancestor) == "tf"
    shapes = {name: tensor.shape for name, tensor in efficientnet(SCALINGS["b0"], 5, "tf").state_dict().items()}
    assert {name: tensor.shape for name, tensor in ancestor.state_dict().items()} == shapes
    ancestor.train()(torch.randn(2, 3, 64, 64)).sum().backward()
    gate = ancestor.features[4][1].block[2]
    assert gate.fc2.weight.grad.abs().sum() > 0
    ancestor.zero_grad(set_to_none=True)


def test_other_weights_are_refused():
    with pytest.raises(ValueError, match="not EfficientNet-Lite0's"):
        transplant_lite0(efficientnet(SCALINGS["b0"]).state_dict(), 5)


@pytest.mark.parametrize("key", list(VARIANT_SCALINGS))
def test_descent_keeps_the_first_stages_function_and_draws_the_rest_anew(ancestor, key):
    """Up to its fifth stage a variant computes, channel for channel, what the ancestor does; the rest is new."""
    network, new, steps = descend(ancestor.eval(), key, "tf", seed=1)
    network.eval()
    assert new == 3
    added = {"depth": 15, "compound": 3}.get(key, 0)  # of 4 + 1 blocks in the ancestor's last two stages
    assert len(steps) == (3 if added else 2)
    assert not added or steps[2].startswith(f"{added} blocks")
    images = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        old, kept = ancestor.features[:6](images), network.features[:6](images)
    torch.testing.assert_close(kept[:, : old.shape[1]], old, rtol=1e-3, atol=1e-3 * float(old.abs().max()))
    fresh = draw(VARIANT_SCALINGS[key], 5, "tf", 1)
    different = []
    for stage, drawn in zip(network.features[6:], fresh.features[6:], strict=True):
        mine, theirs = stage.state_dict(), drawn.state_dict()
        different += [tensor for name, tensor in mine.items() if not torch.equal(tensor, theirs[name])]
    assert len(different) == added, "only the last BatchNorm's weight differs, in each block that deepens a stage"
    assert not any(tensor.any() for tensor in different)
    assert torch.equal(network.classifier[-1].weight, fresh.classifier[-1].weight)


@pytest.mark.parametrize("key", ["depth", "compound"])
def test_blocks_that_deepen_a_stage_drawn_anew_add_nothing_and_can_learn(ancestor, key):
    """In the last two MBConv stages the deep network's signal passes through the ancestor's number of blocks."""
    network = descend(ancestor.eval(), key, "tf", seed=1)[0].eval()
    images = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for index in (6, 7):
            shallow = len(ancestor.features[index])
            reached = network.features[: index + 1][:-1](images)
            for block in network.features[index][:shallow]:
                before, reached = reached, block(reached)
                assert not torch.equal(before, reached)
            assert torch.equal(network.features[: index + 1](images), reached)
    network.train()(images).square().sum().backward()
    last = network.features[6][-1].block[-1][1]
    assert last.weight.grad.abs().sum() > 0


def test_seeds_differ_only_in_what_is_new_for_the_baseline(ancestor):
    first, second = (descend(ancestor, "baseline", "tf", seed)[0].state_dict() for seed in (1, 2))
    different = {
        name.split(".")[1]
        for name in first
        if name.startswith("features") and not torch.equal(first[name], second[name])
    }
    assert different == {"6", "7", "8"}
    assert not torch.equal(first["classifier.1.weight"], second["classifier.1.weight"])


def test_drawing_leaves_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    small = draw(Scaling(0.25, 0.5, 64), 3, "tf", seed=9)
    redraw(small, Scaling(0.25, 0.5, 64), "tf", seed=10)
    assert torch.equal(torch.rand(3), expected)
    again = draw(Scaling(0.25, 0.5, 64), 3, "tf", seed=10).features[7].state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in small.features[7].state_dict().items())
