"""Maps change when the trained network is randomised; nothing else changes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cam.maps.methods import METHODS
from cam.measures.perturbation import class_probability
from cam.measures.randomisation import cascading_randomisation, control_seed, random_network
from models import load_study, open_image

SAMPLES = Path(__file__).resolve().parents[3] / "sample_images"


@pytest.fixture(scope="module")
def network():
    return load_study("lite").load("lite0", device="cpu")


@pytest.fixture(scope="module")
def images(network):
    return torch.stack([network.transform(open_image(SAMPLES / name)) for name in ("meerkats.jpg", "red-panda.jpg")])


@pytest.fixture(scope="module")
def class_idx(network):
    return np.array([network.categories.index(name) for name in ("meerkat", "lesser panda")])


def test_randomised_weights_change_the_maps(network, images, class_idx):
    state, before = torch.get_rng_state(), network.fingerprint
    correlations = cascading_randomisation(network, images, class_idx)
    assert list(correlations) == ["classifier", "head", *(f"stage {stage}" for stage in range(7, 0, -1)), "stem"]
    assert all(values.shape == (2,) for values in correlations.values())
    assert np.mean(correlations["stem"]) < 0.5
    torch.testing.assert_close(torch.get_rng_state(), state)
    del network.__dict__["fingerprint"]
    assert network.fingerprint == before


def test_the_last_step_is_the_random_network(network, images, class_idx):
    random = random_network(network, seed=3)
    assert random.fingerprint == random_network(network, seed=3).fingerprint != random_network(network).fingerprint
    assert random.cell_centres() == network.cell_centres()
    features = random.features(images)
    weights = random.classifier.weight.detach()[class_idx]
    maps = METHODS["cam"].closed_form(features, weights, weights[:, 0]).numpy()
    assert np.isfinite(maps).all()
    assert (np.ptp(maps, axis=(1, 2)) > 0).all()


def test_probabilities_are_those_of_the_plain_model(network, images, class_idx):
    with torch.no_grad():
        plain = network.model(images).double().softmax(dim=1)[:, class_idx[0]].numpy()
    np.testing.assert_allclose(class_probability(network, class_idx[0])(images), plain, rtol=1e-3)
    assert plain[0] > 0.5 > plain[1]


def test_an_unknown_method_is_refused(network, images, class_idx):
    with pytest.raises(ValueError, match="unknown method 'magic'; choose from"):
        cascading_randomisation(network, images, class_idx, "magic")


def test_random_weights_come_from_seeds_that_no_training_uses():
    """Trainings use seeds from 0. Weights drawn like the first weights of a training are not a control."""
    seeds = [control_seed(draw) for draw in range(3)]
    assert len(set(seeds)) == 3
    assert min(seeds) > 10**6


def test_a_random_control_is_nothing_like_a_network_drawn_as_trainings_are(network):
    """A network trained from seed 0 remains similar to its first weights, so the control must have another seed."""
    start, control = (random_network(network, seed).classifier.weight.flatten() for seed in (0, None))
    assert abs(np.corrcoef(start.detach(), control.detach())[0, 1]) < 0.01
    torch.testing.assert_close(random_network(network, control_seed()).classifier.weight.flatten(), control)
