"""The optimiser, its schedules and the average of the weights."""

import math

import pytest
import torch

from models.training.lineage import draw
from models.training.optimisation import (
    TensorFlowRMSprop,
    WeightAverage,
    make_optimiser,
    parameter_groups,
    rate_factor,
    set_rates,
)
from models.training.recipe import Phase, Recipe, load_recipe
from tests.models.training.tiny import TINY

# Optimisation


def test_rmsprop_follows_tensorflow_by_hand():
    """Two steps on one weight: the mean square starts at 1, eps is inside the root, the learning rate inside the momentum."""
    weight = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimiser = TensorFlowRMSprop([weight], lr=0.1, decay=0.9, momentum=0.5, eps=0.01, weight_decay=0.25)
    weight.grad = torch.tensor([0.5], dtype=torch.float64)
    optimiser.step()  # g = 0.5 + 0.25 * 2 = 1; ms = 1; mom = 0.1 / sqrt(1.01)
    first = 0.1 / math.sqrt(1.01)
    assert weight.item() == pytest.approx(2 - first, abs=1e-12)
    weight.grad = torch.tensor([3.0], dtype=torch.float64)
    optimiser.param_groups[0]["lr"] = 0.2
    optimiser.step()
    gradient = 3 + 0.25 * (2 - first)
    mean_square = 0.9 + 0.1 * gradient**2
    second = 0.5 * first + 0.2 * gradient / math.sqrt(mean_square + 0.01)
    assert weight.item() == pytest.approx(2 - first - second, abs=1e-12)


def test_rmsprop_differs_from_torchs_where_it_should():
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    ours = TensorFlowRMSprop([weights[0]], lr=0.1, eps=1e-3)
    theirs = torch.optim.RMSprop([weights[1]], lr=0.1, alpha=0.9, momentum=0.9, eps=1e-3)
    for weight in weights:
        weight.grad = torch.full((1,), 0.01)
    ours.step()
    theirs.step()
    assert abs(1 - weights[0].item()) < 0.002  # a small first gradient makes a small step
    assert abs(1 - weights[1].item()) > 0.2


def test_rates_and_decay_by_layer():
    network = draw(TINY, 3, "tf", 0)
    recipe = Recipe("groups", lr=0.01, lr_classifier=0.3, weight_decay=1e-4)
    optimiser = make_optimiser(parameter_groups(network, recipe), recipe)
    set_rates(optimiser, 0.5)
    found = {id(p): (g["lr"], g["weight_decay"]) for g in optimiser.param_groups for p in g["params"]}
    assert len(found) == len(list(network.parameters()))
    assert found[id(network.features[0][0].weight)] == (0.005, 1e-4)
    assert found[id(network.features[5][0].block[0][1].weight)] == (0.005, 0.0)
    assert found[id(network.features[8][1].bias)] == (0.005, 0.0)
    assert found[id(network.classifier[-1].weight)] == (0.15, 1e-4)
    assert found[id(network.classifier[-1].bias)] == (0.15, 0.0)


def test_schedules():
    cosine = Recipe("cosine", phases=(Phase(11),), warmup_epochs=1)
    assert rate_factor(cosine, 0.25) == 0.25
    assert [rate_factor(cosine, epoch) for epoch in (1, 6, 11)] == pytest.approx([1, 0.5, 0])
    paper = load_recipe("imagenet")
    assert rate_factor(paper, 24.1) == pytest.approx(0.97**10)
    assert rate_factor(paper, 23.9) == pytest.approx(0.97**9)


def test_average_is_a_plain_mean_at_first_and_then_exponential():
    network = torch.nn.BatchNorm1d(1)
    average = WeightAverage(network)
    expected = 1.0
    for update in range(1, 40):
        with torch.no_grad():
            network.weight.fill_(update)
        network.num_batches_tracked.fill_(update)
        average.update(network, decay=0.8)
        keep = min(0.8, update / (update + 9))
        expected = keep * expected + (1 - keep) * update
    assert average.tensors["weight"].item() == pytest.approx(expected, rel=1e-5)
    assert average.tensors["num_batches_tracked"] == 39
    average.restart(network)
    assert (average.updates, average.tensors["weight"].item()) == (0, 39)
