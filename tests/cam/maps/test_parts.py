"""A map taken apart: its channels add up to its cells, and its cells to the logit."""

import numpy as np
import pytest
import torch

from cam import compare
from cam.maps.parts import strongest, strongest_by_cell, take_apart
from cam.question import Question
from models import load_study
from models.home import SAMPLES
from ui.parts import IN_A_CELL, not_a_sum, parts_in


@pytest.fixture
def features():
    return torch.randn(40, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def weight():
    return torch.randn(40, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_all_channels_add_up_to_the_map_and_its_mean_to_the_logit(features, weight):
    parts = take_apart(features, weight, 0.25, torch.arange(40))
    np.testing.assert_allclose(np.tensordot(parts.weight, parts.features, 1), parts.whole)
    assert parts.logit == pytest.approx(float(weight @ features.mean(dim=(1, 2))) + 0.25)
    assert parts.count == 40


def test_the_strongest_of_the_whole_and_of_each_cell(features, weight):
    means = [abs(float(weight[channel] * features[channel].mean())) for channel in range(40)]
    assert strongest(features, weight, 3).tolist() == sorted(range(40), key=means.__getitem__)[::-1][:3]
    wanted = set()
    for row in range(3):
        for column in range(5):
            products = [abs(float(weight[channel] * features[channel, row, column])) for channel in range(40)]
            wanted |= set(sorted(range(40), key=products.__getitem__)[-4:])
    assert strongest_by_cell(features, weight, 4).tolist() == sorted(wanted)


def test_of_real_networks_it_is_the_map_that_is_shown():
    """For a class, and for one class rather than another, where every part is a difference."""
    study = load_study("photographs")
    found = compare({key: study.load(key, "cpu") for key in ("baseline", "compound")}, [SAMPLES / "spaniels.jpg"])
    for answer in (found, found.explain("cocker spaniel - Sussex spaniel")):
        for key in ("baseline", "compound"):
            parts, logits = parts_in(answer, key), answer.logits[key][0]
            np.testing.assert_allclose(parts.whole, answer.maps[key][0], atol=1e-4)
            against = 0 if answer.against_idx is None else logits[answer.against_idx[key][0]]
            assert parts.logit == pytest.approx(logits[answer.class_idx[key][0]] - against, abs=1e-4)
            assert IN_A_CELL <= len(parts.channels) < parts.count


def test_what_is_no_sum_says_so():
    assert not not_a_sum(Question("cam", "shared", "square"))
    assert "choose the method CAM" in not_a_sum(Question("fem", "shared", "square"))
    assert "mirror image" in not_a_sum(Question("cam", "shared", "square", flip=True))


def test_a_cell_reaches_further_than_its_photograph():
    """By hand: Lite0's kernels and strides, (kernel - 1) times the steps taken before."""
    network = load_study("photographs").load("baseline", "cpu")
    field, step = 1 + 2, 2  # the stem
    for kernel, stride, layers in ((3, 1, 1), (3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4), (3, 1, 1)):
        for layer in range(layers):
            field += (kernel - 1) * step
            step *= stride if layer == 0 else 1
    assert network.receptive_field == field == 851
