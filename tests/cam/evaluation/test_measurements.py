"""Real weights on real photographs with masks."""

from pathlib import Path

import numpy as np
import pytest

from cam.evaluation.measurements import (
    GAUSSIAN,
    OWN,
    RANDOM,
    Networks,
    Photograph,
    measure_mosaics,
    measure_photographs,
)
from cam.masks import read_masks
from cam.randomisation import random_network
from models import load_study, open_image

SAMPLES = Path(__file__).resolve().parents[3] / "sample_images"
CHOSEN = ("cat.jpg", "meerkats.jpg", "proboscis-monkeys.jpg", "red-panda.jpg", "spaniels.jpg", "spoonbills.jpg")


@pytest.fixture(scope="module")
def networks():
    baseline = load_study("imagenet-lite").load("baseline", device="cpu")
    return Networks({"baseline": baseline}, {}, {f"{RANDOM}baseline": random_network(baseline)})


@pytest.fixture(scope="module")
def photographs(networks):
    masks = read_masks(SAMPLES, networks.own["baseline"].categories)
    found = [Photograph(path.name, path, tuple(mask.kinds()), mask) for path, mask in masks.items()]
    return [photograph for photograph in found if photograph.name in CHOSEN]


@pytest.fixture(scope="module")
def pictures(photographs):
    return [open_image(photograph.path) for photograph in photographs]


def test_the_trained_baseline_beats_the_gaussian_and_random_weights(networks, photographs, pictures):
    rows = measure_photographs(photographs, pictures, networks, "cam", "square")
    assert all(row["right"]["baseline"] for row in rows)

    def mean(name: str, key: str) -> float:
        return np.mean([row["scores"][f"{name}|{key}|{OWN}"] for row in rows if f"{name}|{key}|{OWN}" in row["scores"]])

    for name in ("energy", "auroc", "average-precision", "best-iou"):
        assert mean(name, "baseline") > mean(name, GAUSSIAN) > mean(name, f"{RANDOM}baseline"), name
    several = [row["name"] for row in rows if f"instance-recall|baseline|{OWN}" in row["scores"]]
    assert several == ["meerkats.jpg", "proboscis-monkeys.jpg", "spaniels.jpg", "spoonbills.jpg"]


def test_the_trained_baseline_points_at_the_right_tile(networks, photographs, pictures):
    (row,) = measure_mosaics([photographs[:4]], [pictures[:4]], "2x2", networks, "cam", "square")
    assert row["scores"][f"pointing-2x2|baseline|{OWN}"] > 0.5
    assert abs(row["scores"][f"pointing-2x2|{RANDOM}baseline|{OWN}"] - 0.25) < 0.15
    assert row["scores"][f"pointing-2x2|{GAUSSIAN}|{OWN}"] == pytest.approx(0.25)
