"""No primary outcome finds a difference where there is none, and each finds a large one: with the shipped classes."""

from functools import cache

import numpy as np
import pytest

from cam.evaluation.registry import PRIMARY
from cam.evaluation.shipped import shipped_evaluation
from cam.evaluation.statistics import Spread, between_trainings, holm, significance
from cam.maps.cells import CellGrid
from cam.measures.mask_scores import boundary_agreement, pixel_scores
from cam.measures.pointing import four_objects

NULLS, SURE, MOST = 600, 0.05, 0.06
SIDE, POOL = 28, 80
OUTCOMES = list(PRIMARY.values())
LEANINGS = {"auroc": 0.1, "boundary": 0.1, "objects-found": 0.8}


@cache
def measured(outcome: str) -> tuple[np.ndarray, list[str]]:
    """Scores of the five networks on Caltech-101, (5, N), compound last, and the class of each image."""
    kept = next(one for one in shipped_evaluation("caltech101").kept if one.measurement == outcome)
    return np.array(list(kept.scores.values()), dtype=float), [names[0].split("/")[0] for names in kept.names]


def found(scores: np.ndarray, clusters: list[str], spread: Spread | None) -> bool:
    """Whether the last network differs from any other after Holm's correction; the first is the mean of three trainings."""
    tests = [
        significance(scores[-1] - one, clusters, spread, (1, 1 if row else 3)) for row, one in enumerate(scores[:-1])
    ]
    return min(holm([one.p for one in tests])) < SURE


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("trained_twice", [True, False])
def test_shuffled_networks_do_not_differ(outcome, trained_twice):
    """Real scores whose networks are shuffled anew in every class: no difference is left, and one is found in at most 6 %."""
    scores, clusters = measured(outcome)
    finding = shipped_evaluation("caltech101").finding(outcome)
    spread = Spread(finding.spread, 2) if trained_twice else None
    _, number = np.unique(clusters, return_inverse=True)
    generator, wrong = np.random.default_rng(7), 0
    for _ in range(NULLS):
        orders = generator.permuted(np.tile(np.arange(len(scores)), (number.max() + 1, 1)), axis=1)
        wrong += found(np.take_along_axis(scores, orders[number].T, axis=0), clusters, spread)
    assert wrong / NULLS <= MOST


def test_the_same_test_finds_what_there_is():
    """Not shuffled, higher resolution follows edges more closely than compound."""
    scores, clusters = measured("boundary")
    assert found(scores, clusters, Spread(shipped_evaluation("caltech101").finding("boundary").spread, 2))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_large_lead_is_found_in_shuffled_networks(outcome):
    """One of 20 times the spread between trainings, in nine of ten studies: finding nothing says something."""
    scores, clusters = measured(outcome)
    deviation = shipped_evaluation("caltech101").finding(outcome).spread
    _, number = np.unique(clusters, return_inverse=True)
    generator, right = np.random.default_rng(10), 0
    for _ in range(100):
        orders = generator.permuted(np.tile(np.arange(len(scores)), (number.max() + 1, 1)), axis=1)
        shuffled = np.take_along_axis(scores, orders[number].T, axis=0)
        shuffled += deviation * generator.normal(size=(len(scores), 1)) / np.sqrt([[3], [1], [1], [1], [1]])
        shuffled[-1] += 20 * deviation
        right += found(shuffled, clusters, Spread(deviation * (generator.chisquare(2) / 2) ** 0.5, 2))
    assert right >= 90


@cache
def random_pool(outcome: str) -> np.ndarray:
    """Scores of made-up networks that have learned nothing, (POOL, N): each map is a leaning of its own and noise.

    They differ from each other by more, beside what chance over photographs explains, than trainings of the baseline do.
    A class's objects lie at the same place, so photographs of a class go together as real ones do.
    """
    clusters = measured(outcome)[1]
    _, number = np.unique(clusters, return_inverse=True)
    generator, grid = np.random.default_rng(8), CellGrid.even(14 if outcome == "objects-found" else 7)
    cells = len(grid.centres)
    leanings = generator.normal(size=(POOL, 1, cells, cells))
    maps = 1 + LEANINGS[outcome] * leanings + generator.normal(size=(POOL, len(clusters), cells, cells))
    if outcome == "objects-found":
        return np.stack([four_objects(one, grid).found for one in maps])
    rows, columns = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    places = generator.uniform([0.35, 0.35, 0.12], [0.65, 0.65, 0.3], (number.max() + 1, 3))[number]
    masks = [(np.hypot(rows - row, columns - column) < radius).astype(np.uint8) for row, column, radius in places]
    score = boundary_agreement if outcome == "boundary" else lambda map_, mask: pixel_scores(map_, mask).auroc
    return np.array([[score(*both) for both in zip(grid.drawn(one, SIDE), masks, strict=True)] for one in maps])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_networks_that_have_learned_nothing_do_not_differ(outcome):
    """Five of them, the first trained three times: one differs from the last in at most 6 % of the draws."""
    pool, clusters = random_pool(outcome), measured(outcome)[1]
    generator, wrong = np.random.default_rng(9), 0
    for _ in range(NULLS):
        baseline, others = np.split(pool[generator.permutation(POOL)[:7]], [3])
        spread = between_trainings([[one.mean() for one in baseline]])
        wrong += found(np.stack([baseline.mean(axis=0), *others]), clusters, spread)
    assert wrong / NULLS <= MOST


def apart(spread: float, one: np.ndarray, other: np.ndarray, clusters: list[str]) -> float:
    """The spread between trainings as a multiple of the standard error of a difference over photographs and classes."""
    low, high = significance(one - other, clusters).interval[1:]
    return spread / ((high - low) / 4)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_networks_that_have_learned_nothing_differ_more_than_trainings_do(outcome):
    """Otherwise the draws would say nothing about the real study, where trainings are few and their spread may be large."""
    scores, clusters = measured(outcome)
    pool, real = random_pool(outcome), shipped_evaluation("caltech101").finding(outcome).spread
    drawn = [apart(float(pool.mean(axis=1).std(ddof=1)), pool[row], pool[row + 1], clusters) for row in range(20)]
    trained = [apart(real, scores[-1], one, clusters) for one in scores[:-1]]
    assert np.mean(drawn) > np.mean(trained)


@pytest.mark.parametrize("outcome", OUTCOMES[:2])
def test_networks_that_have_learned_nothing_score_chance(outcome):
    """0.5 in AUROC; in boundary agreement what a blob at a random place gets, far below every trained network."""
    mean, trained = random_pool(outcome).mean(), measured(outcome)[0].mean(axis=1)
    assert trained.min() > mean + 0.04
    assert outcome != "auroc" or mean == pytest.approx(0.5, abs=0.03)
