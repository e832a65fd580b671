"""The scaling law compared with the paper's numbers and torchvision's networks."""

import pytest
import torchvision

from models import FAMILIES, SCALINGS, Scaling, compound_scaling
from models.costs import network_cost
from models.efficientnet import meta_network
from models.scaling import (
    UNRECORDED,
    Candidate,
    grid_candidates,
    implied_phi,
    round_channels,
    scaled_widths,
)

# name: (parameters, strict GMACs, cells along one side of the last map)
PUBLISHED = {
    "b0": (5_288_548, 0.3858, 7),
    "b1": (7_794_184, 0.6868, 8),
    "b2": (9_109_994, 0.9936, 9),
    "b3": (12_233_232, 1.8271, 10),
    "b4": (19_341_616, 4.3938, 12),
    "b5": (30_389_784, 10.2664, 15),
    "b6": (43_040_704, 19.0676, 17),
    "b7": (66_347_960, 37.7459, 19),
    "resolution": (5_288_548, 1.5375, 14),
    "compound": (12_233_232, 1.8271, 10),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_costs_equal_the_published_ones(name):
    cost, (params, gmacs, grid) = network_cost(SCALINGS[name]), PUBLISHED[name]
    assert (cost.params, round(cost.macs / 1e9, 4), cost.grid) == (params, gmacs, grid)


def test_costs_of_table_7():
    depth, width = network_cost(SCALINGS["depth"]), network_cost(SCALINGS["width"])
    assert (round(depth.params / 1e6, 2), round(depth.macs / 1e9, 3)) == (20.09, 1.575)
    assert (round(width.params / 1e6, 2), round(width.macs / 1e9, 3)) == (18.12, 1.450)
    assert sum(scaled_widths(SCALINGS["depth"]).layers) == 64


@pytest.mark.parametrize(
    ("scaling", "gmacs"), [(Scaling(1, 4.5, 224), 1.831), (Scaling(2.2, 1, 224), 1.755), (Scaling(1, 1, 480), 1.765)]
)
def test_single_dimensions_matched_to_the_compound_cost(scaling, gmacs):
    assert round(network_cost(scaling).macs / 1e9, 3) == gmacs


@pytest.mark.parametrize("name", SCALINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_counted_params_are_those_of_the_network(name, family):
    network = meta_network(SCALINGS[name], 10, family)
    assert network_cost(SCALINGS[name], 10, family).params == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", [f"b{i}" for i in range(8)])
def test_names_and_shapes_are_torchvisions(name):
    import torch

    with torch.device("meta"):
        theirs = getattr(torchvision.models, f"efficientnet_{name}")()
    ours = meta_network(SCALINGS[name], 1000, "b")
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}


def test_counted_macs_are_those_of_the_layers():
    """Hooks on a real forward pass count every convolution and linear layer."""
    import torch
    from torch import nn

    from models import efficientnet

    counted = []

    def count(layer, _, output):
        positions = output.shape[2] * output.shape[3] if output.dim() == 4 else 1
        counted.append((layer.weight.numel() * positions, output[0].numel()))

    network = efficientnet(Scaling(0.5, 0.5, 97), num_classes=11, family="tf").eval()
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, 97, 97))
    cost = network_cost(Scaling(0.5, 0.5, 97), 11, "tf")
    assert (cost.macs, cost.activations) == tuple(map(sum, zip(*counted, strict=True)))


def test_lite_keeps_its_ends():
    widths = scaled_widths(SCALINGS["b2"], "lite")
    assert (widths.stem, widths.head, widths.layers) == (32, 1280, (1, 3, 3, 4, 4, 5, 1))
    assert network_cost(SCALINGS["b0"], family="lite").params == 4_652_008


@pytest.mark.parametrize(("channels", "rounded"), [(3, 8), (16 * 1.1, 16), (320 * 1.1, 352), (11.9, 16), (44, 48)])
def test_channels_round_to_eights_and_lose_at_most_a_tenth(channels, rounded):
    assert round_channels(channels) == rounded


def test_compound_rule():
    scaling = compound_scaling(2)
    assert (scaling.depth_mult, scaling.width_mult, scaling.resolution) == (
        pytest.approx(1.44),
        pytest.approx(1.21),
        296,
    )
    assert compound_scaling(0) == Scaling()
    assert compound_scaling(7).dropout == pytest.approx(0.5)


def test_released_networks_leave_the_rule():
    assert [round(phi, 2) for phi in implied_phi(SCALINGS["b1"])] == [0.52, 0.0, 0.49]
    assert [round(phi, 1) for phi in implied_phi(SCALINGS["b7"])] == [6.2, 7.3, 7.0]


def test_grid_holds_the_papers_choice_and_nothing_outside_the_constraint():
    candidates = list(grid_candidates())
    assert Candidate(1.2, 1.1, 1.15) in candidates
    assert all(abs(c.alpha * c.beta**2 * c.gamma**2 - 2) <= 0.1 + 1e-9 and min(c) >= 1 for c in candidates)
    assert Candidate(1.2, 1.1, 1.15) not in list(grid_candidates(tolerance=0.07))


@pytest.mark.parametrize(
    "values",
    [{"width_mult": 0}, {"depth_mult": float("nan")}, {"resolution": 31}, {"resolution": 224.0}, {"dropout": 1.0}],
)
def test_impossible_scalings_are_refused(values):
    with pytest.raises(ValueError, match=f"{next(iter(values))} is .*expected"):
        Scaling(**values)


def test_unrecorded_resolution_counts_as_the_baselines():
    assert Scaling(resolution=UNRECORDED).input_size == 224
