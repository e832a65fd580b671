"""Maps on a GPU equal those on the CPU: pytest -m gpu."""

import copy

import numpy as np
import pytest
import torch

from cam import compare
from models import Network

pytestmark = pytest.mark.gpu


def on_cuda(network: Network) -> Network:
    """A copy of a network on the CUDA device."""
    return Network(
        copy.deepcopy(network.model),
        scaling=network.scaling,
        family=network.family,
        categories=network.categories,
        label=network.label,
        normalisation=network.normalisation,
        device="cuda",
    )


def test_maps_on_cuda_equal_the_cpus(lite, samples):
    """Within 2 % of their range: on CUDA the body runs in float16, the last convolution and the maps in float32."""
    assert torch.cuda.is_available(), "no CUDA device on this machine"
    networks = {key: on_cuda(network) for key, network in lite.items()}
    photographs = [samples / name for name in ("cat.jpg", "meerkats.jpg", "coffee-cup.jpg")]
    expected, found = compare(lite, photographs), compare(networks, photographs)
    for key in lite:
        span = np.ptp(expected.maps[key], axis=(1, 2), keepdims=True)
        assert (np.abs(found.maps[key] - expected.maps[key]) / span).max() < 2e-2


@pytest.mark.parametrize(
    "options", [{"method": "layercam", "layer": "stage 5"}, {"method": "fullgrad"}, {"flip": True}]
)
def test_other_layers_on_cuda_equal_the_cpus(options, lite, samples):
    """On both devices these run in float32, except the features at the head."""
    network = on_cuda(lite["baseline"])
    expected = compare({"baseline": lite["baseline"]}, [samples / "crab.jpg"], target="rock crab", **options)
    found = compare({"baseline": network}, [samples / "crab.jpg"], target="rock crab", **options)
    span = np.ptp(expected.maps["baseline"])
    assert np.abs(found.maps["baseline"] - expected.maps["baseline"]).max() / span < 2e-2


def test_scorecam_on_cuda_equals_the_cpus(lite, samples):
    """Its weights are a softmax of logits, which float16 changes, so the maps only correlate."""
    network = on_cuda(lite["baseline"])
    expected = compare({"baseline": lite["baseline"]}, [samples / "crab.jpg"], "scorecam", "rock crab")
    found = compare({"baseline": network}, [samples / "crab.jpg"], "scorecam", "rock crab")
    assert np.corrcoef(found.maps["baseline"].ravel(), expected.maps["baseline"].ravel())[0, 1] > 0.99
