"""How sure a number over images is: paired bootstrap intervals.

They cover the choice of images and nothing else: not what another training of the same network would give.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cam.cells import finite

RESAMPLES, CONFIDENCE = 2000, 0.95
BLOCK = 2**22  # image weights held at a time

Statistic = Callable[[np.ndarray], np.ndarray]


class Interval(NamedTuple):
    """A number and the bounds of its bootstrap interval."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def bootstrap(
    statistic: Statistic, count: int, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of any statistic that can weigh images.

    Args:
        statistic: weights of the images, (B, count), rows of sum 1, to its values, (B,).
        count: number of images.
        confidence: of the interval.
        resamples: number of resampled sets of images.
        seed: the same seed draws the same sets, whatever the statistic: differences of two networks are paired.

    Returns:
        The statistic of the images themselves, and the bounds; with one image the three are equal.

    Raises:
        ValueError: there is no image.

    References:
        Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 (percentile interval)
    """
    if count < 1:
        raise ValueError("there is no image to resample; give at least one")
    estimate = statistic(np.full((1, count), 1 / count))[0]
    draws = _draws(count, resamples, seed)
    rows = max(1, BLOCK // count)
    values = np.concatenate([statistic(draws[start : start + rows] / count) for start in range(0, resamples, rows)])
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(estimate), float(low), float(high))


def mean_interval(values: np.ndarray, **options: float) -> Interval:
    """Interval of a mean over images, (N,).

    Raises:
        ValueError: no values, or values that are not finite.
    """
    values = finite(values)
    return bootstrap(lambda weights: weights @ values, len(values), **options)  # type: ignore[arg-type]


def difference_interval(values: np.ndarray, baseline: np.ndarray, **options: float) -> Interval:
    """Interval of the mean difference between two networks on the same images, paired.

    Args:
        values: score of each image, (N,).
        baseline: the other network's score of the same image, (N,).
        options: of ``bootstrap``.

    Raises:
        ValueError: the two differ in length, are empty or not finite.
    """
    if np.shape(values) != np.shape(baseline):
        raise ValueError(
            f"{np.shape(values)} values and {np.shape(baseline)} of the baseline; expected the same images"
        )
    return mean_interval(finite(values) - finite(baseline), **options)


@lru_cache(maxsize=2)
def _draws(count: int, resamples: int, seed: int) -> np.ndarray:
    """How often each image is in each resampled set, uint8 (resamples, count)."""
    generator = np.random.default_rng(seed)
    draws = np.empty((resamples, count), dtype=np.uint8)
    for row in draws:
        row[:] = np.bincount(generator.integers(0, count, count), minlength=count)
    draws.flags.writeable = False
    return draws
