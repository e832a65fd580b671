"""How sure a difference is: intervals over classes and photographs, and a test that also knows trainings.

Photographs of a class go together, so classes are resampled, and photographs within each of them. No photograph can tell
what another training would give: that takes the spread between trainings of the same network, of which there are few.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import log10
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtrit

from cam.evaluation.records import Interval
from cam.maps.cells import finite

RESAMPLES, CONFIDENCE = 2000, 0.95
SMALLEST = -100  # power of ten of the smallest p that is told

Parts = Sequence[tuple[float, int]]  # share of the variance, and its degrees of freedom


class Spread(NamedTuple):
    """Standard deviation between trainings of one network, and its degrees of freedom."""

    deviation: float
    freedom: int


class Tested(NamedTuple):
    """Two-sided p, and the interval that belongs to it."""

    p: float
    interval: Interval


def intervals(values: np.ndarray, clusters: Sequence[str], resamples: int = RESAMPLES, seed: int = 0) -> list[Interval]:
    """Percentile bootstrap intervals of means; clusters are resampled and, inside them, images.

    Args:
        values: a score, or difference, of each image, (N,) or (N, K).
        clusters: the cluster that each image belongs to, N of them.
        resamples: number of resampled sets.
        seed: the same seed draws the same sets, so differences are paired.

    Returns:
        K intervals; with one image the three numbers are equal.

    Raises:
        ValueError: there is no image, or values are not finite.

    References:
        Davison & Hinkley, Bootstrap Methods and their Application, 1997, sec. 3.8 (two-stage resampling)
    """
    columns = finite(values).reshape(len(values), -1)
    if len(columns) != len(clusters):
        raise ValueError(f"{len(columns)} values and {len(clusters)} clusters; expected one for each image")
    draws = _weights(tuple(clusters), resamples, seed) @ columns
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return [Interval(*map(float, one)) for one in zip(columns.mean(axis=0), low, high, strict=True)]


def between_trainings(means: Sequence[Sequence[float]]) -> Spread | None:
    """The spread between trainings of the same network, pooled over networks.

    Args:
        means: for every network the mean score of each of its trainings.

    Returns:
        None where no network was trained twice.
    """
    groups = [np.asarray(one, dtype=np.float64) for one in means if len(one) > 1]
    freedom = sum(len(one) - 1 for one in groups)
    if not freedom:
        return None
    squares = sum(float(((one - one.mean()) ** 2).sum()) for one in groups)
    return Spread(float(np.sqrt(squares / freedom)), freedom)


def significance(
    differences: np.ndarray, clusters: Sequence[str], spread: Spread | None = None, trainings: tuple[int, int] = (1, 1)
) -> Tested:
    """Is the mean difference of two networks more than photographs, classes and chance in training explain?

    The mixed model with classes and trainings as random factors, written out for the case that every network sees every
    image: the variance of the mean difference is that of the clusters' sums plus the variance between trainings divided by
    their numbers. What a few trainings say about their spread is uncertain, so the difference is compared with the mean of
    both parts' t quantiles, weighted by the parts (Cochran and Cox). One number of degrees of freedom for both, as
    Satterthwaite's, finds up to twice as much as it should where trainings differ more than photographs explain. Variance
    that trainings and photographs share is counted in both parts, which makes the test a little conservative.

    Args:
        differences: difference of each image, means over trainings, (N,).
        clusters: the cluster that each image belongs to.
        spread: between trainings, taken to be the same for every network; None leaves it out, and then p says nothing about
            another training.
        trainings: how many trainings the one network and the other have; 0 for one that is not trained.

    Returns:
        p, at least 1e-100, and the 95 % interval, which excludes 0 where p is below 0.05. Of a single cluster nothing can be
        told: p is 1, and the interval is the mean alone; where nothing varies, p is 0 and so is the interval's length.

    References:
        Cochran & Cox, Experimental Designs, 1957 (two variances, each with its own degrees of freedom; here those of
        clusters and between trainings)
        Clark, J. Verbal Learning and Verbal Behavior 12, 1973 (two random factors); Westfall, Kenny & Judd,
        J. Exp. Psychology: General 143, 2014; Cameron & Miller, J. Human Resources 50, 2015 (variance by clusters)
    """
    values = finite(differences)
    sums, groups = _cluster_sums(values - values.mean(), clusters)
    of_images = float((sums**2).sum()) / len(values) ** 2 * groups / max(groups - 1, 1)
    of_seeds = spread.deviation**2 * sum(1 / count for count in trainings if count) if spread else 0.0
    total = of_images + of_seeds
    estimate = float(values.mean())
    if groups < 2 or total <= 0:
        return Tested(1.0 if groups < 2 or estimate == 0 else 0.0, Interval(estimate, estimate, estimate))
    parts = [(of_images / total, groups - 1), (of_seeds / total, spread.freedom if spread else 1)]
    reach = _quantile(parts, log10(1 - CONFIDENCE)) * total**0.5
    return Tested(_p(parts, abs(estimate) / total**0.5), Interval(estimate, estimate - reach, estimate + reach))


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected for the number of comparisons, so that they bound the probability of any false positive.

    References:
        Holm, Scandinavian J. Statistics 6, 1979
    """
    order = np.argsort(values, kind="stable")  # scipy corrects for false discoveries only
    corrected = np.empty(len(values))
    scaled = np.asarray(values, dtype=np.float64)[order] * np.arange(len(values), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return corrected.tolist()


def share_better(differences: np.ndarray) -> float:
    """Share of the images with a positive difference, ties counting half."""
    return float(((differences > 0) + 0.5 * (differences == 0)).mean())


def _quantile(parts: Parts, log: float) -> float:
    """The distance from 0, in standard errors, that is exceeded by chance with probability 10 ** log."""
    return sum(share * -float(stdtrit(freedom, 10**log / 2)) for share, freedom in parts if share)


def _p(parts: Parts, distance: float) -> float:
    """The probability at which chance exceeds a distance from 0, in standard errors."""
    rarest = _quantile(parts, SMALLEST) <= distance
    return 10 ** (SMALLEST if rarest else brentq(lambda log: _quantile(parts, log) - distance, SMALLEST, 0))


def _cluster_sums(values: np.ndarray, clusters: Sequence[str]) -> tuple[np.ndarray, int]:
    _, number = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(number, weights=values)
    return sums, len(sums)


@lru_cache(maxsize=8)
def _weights(clusters: tuple[str, ...], resamples: int, seed: int) -> np.ndarray:
    """Weight of each image in each resampled set, float64 (resamples, N); each row sums to 1."""
    if not clusters:
        raise ValueError("there is no image to resample; give at least one")
    _, number = np.unique(np.asarray(clusters), return_inverse=True)
    members = [np.flatnonzero(number == group) for group in range(number.max() + 1)]
    generator = np.random.default_rng(seed)
    times = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=resamples)
    counts = np.zeros((resamples, len(clusters)))
    for group, rows in enumerate(members):
        counts[:, rows] = generator.multinomial(times[:, group] * len(rows), np.full(len(rows), 1 / len(rows)))
    return counts / counts.sum(axis=1, keepdims=True)
