"""Curves of perturbed images against slow loops, a network whose answer is known, and grad-cam's imputer."""

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer

from cam.measures.imputation import imputed
from cam.measures.perturbation import (
    area_under,
    average_drop,
    blurred,
    deletion_curve,
    insertion_curve,
    road_curve,
)


def mean_of_first_channel(images: torch.Tensor) -> np.ndarray:
    """Stands for a network: the probability of the class is the mean brightness of the first channel."""
    return images[:, 0].double().mean(dim=(1, 2)).numpy()


def case(side: int = 8) -> tuple[torch.Tensor, np.ndarray]:
    generator = np.random.default_rng(0)
    return torch.from_numpy(generator.random((3, side, side))).float(), generator.normal(size=(side, side))


def slow_curve(start: torch.Tensor, end: torch.Tensor, map_: np.ndarray, steps: int) -> list[float]:
    """Change one pixel after the other, from the highest value of the map down, and score after the count of each step."""
    pixels = sorted(np.ndindex(map_.shape), key=lambda place: -map_[place])
    image, values = start.clone(), [float(mean_of_first_channel(start[None])[0])]
    for count, (row, column) in enumerate(pixels, 1):
        image[:, row, column] = end[:, row, column]
        if count in {round(step * len(pixels) / steps) for step in range(1, steps + 1)}:
            values.append(float(mean_of_first_channel(image[None])[0]))
    return values


def test_deletion_and_insertion_equal_the_slow_loop():
    image, map_ = case()
    zero = torch.zeros_like(image)
    np.testing.assert_allclose(
        deletion_curve(mean_of_first_channel, image, map_), slow_curve(image, zero, map_, 20), atol=1e-6
    )
    np.testing.assert_allclose(
        insertion_curve(mean_of_first_channel, image, map_), slow_curve(blurred(image), image, map_, 20), atol=1e-6
    )


def test_deletion_by_hand():
    """The map rates the brightest of four pixels highest, so their sum falls from 10 to 6, 3, 1 and 0."""
    image = torch.zeros(3, 2, 2)
    image[0] = torch.tensor([[4.0, 3], [2, 1]])
    curve = deletion_curve(mean_of_first_channel, image, image[0].numpy(), steps=4)
    np.testing.assert_allclose(curve, [2.5, 1.5, 0.75, 0.25, 0])
    assert area_under(curve) == pytest.approx((1.25 + 1.5 + 0.75 + 0.25) / 4)


def test_the_right_map_beats_its_opposite():
    image, _ = case(16)
    right = image[0].numpy()
    for curve, sign in ((deletion_curve, -1), (road_curve, -1), (insertion_curve, 1)):
        good, bad = (area_under(curve(mean_of_first_channel, image, map_)) for map_ in (right, -right))
        assert sign * (good - bad) > 0, curve.__name__


def test_blurring_keeps_constants_and_loses_detail():
    image = torch.randn(3, 224, 224, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(blurred(torch.ones(3, 64, 64)), torch.ones(3, 64, 64))
    assert blurred(image).std() < 0.1 * image.std()


@pytest.mark.parametrize("share", [0.1, 0.6, 0.99])
def test_imputation_equals_grad_cams(share):
    generator = np.random.default_rng(1)
    image = generator.normal(size=(3, 13, 11)).astype(np.float32)
    known = generator.random((13, 11)) > share
    known[6, 6] = True
    theirs = NoisyLinearImputer(noise=0)(torch.from_numpy(image), torch.from_numpy(known.astype(np.float32)))
    np.testing.assert_allclose(imputed(image, known, generator, noise=0), theirs.numpy(), atol=1e-4)


def test_imputation_solves_its_own_definition():
    """For one missing pixel in the middle, direct neighbours weigh 1/6, diagonal ones 1/12."""
    image = np.arange(9.0).reshape(1, 3, 3) ** 2
    known = np.ones((3, 3), dtype=bool)
    known[1, 1] = False
    expected = (1 + 9 + 25 + 49) / 6 + (0 + 4 + 36 + 64) / 12
    filled = imputed(image, known, np.random.default_rng(0), noise=0)
    assert filled[0, 1, 1] == pytest.approx(expected)
    assert image[0, 1, 1] == 16
    with pytest.raises(ValueError, match="no pixel of the image is known"):
        imputed(image, np.zeros((3, 3), dtype=bool), np.random.default_rng(0))


def test_road_repeats_by_seed_and_equals_the_slow_loop():
    image, map_ = case()
    curve = road_curve(mean_of_first_channel, image, map_, steps=4, seed=5)
    generator, slow = np.random.default_rng(5), []
    for count in (0, 16, 32, 47, 63):
        known = np.ones(64, dtype=bool)
        known[sorted(range(64), key=lambda pixel: -map_.ravel()[pixel])[:count]] = False
        slow.append(imputed(image.numpy(), known.reshape(8, 8), generator)[0].mean())
    np.testing.assert_allclose(curve, slow, atol=1e-6)
    assert (curve != road_curve(mean_of_first_channel, image, map_, steps=4, seed=6)).any()


def test_average_drop_by_hand():
    """A map of half of a bright image halves the probability; one that hides only dark pixels does not change it."""
    image = torch.ones(3, 2, 2)
    assert average_drop(mean_of_first_channel, image, np.array([[2.0, 2], [-1, 0]])) == (50, False)
    assert average_drop(mean_of_first_channel, image, np.ones((2, 2))) == (0, False)
    image[0, 0, 0] = -1
    assert average_drop(mean_of_first_channel, image, np.array([[0.0, 1], [1, 1]])) == (0, True)
    assert average_drop(mean_of_first_channel, torch.ones(3, 2, 2), -np.ones((2, 2))) == (100, False)


@pytest.mark.parametrize("measure", [deletion_curve, insertion_curve, road_curve, average_drop])
def test_maps_that_do_not_fit_are_refused_in_one_sentence(measure):
    image, _ = case()
    with pytest.raises(ValueError, match=r"the map has shape \(7, 7\), the image \(3, 8, 8\)"):
        measure(mean_of_first_channel, image, np.zeros((7, 7)))
    with pytest.raises(ValueError, match="not finite"):
        measure(mean_of_first_channel, image, np.full((8, 8), np.nan))
    if measure is not average_drop:
        with pytest.raises(ValueError, match="0 steps; expected 1 or more"):
            measure(mean_of_first_channel, image, np.zeros((8, 8)), steps=0)
