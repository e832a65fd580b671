"""Intervals and tests: known widths, a slow loop, and no effect found where there is none."""

import numpy as np
import pytest
from scipy import stats

from cam.evaluation.statistics import (
    Spread,
    between_trainings,
    holm,
    intervals,
    share_better,
    significance,
)

NULLS = 200
SEEDS = {"baseline": 3, "depth": 2, "width": 2, "resolution": 2, "compound": 2, "resolution-300": 1}


def test_classes_are_resampled_and_photographs_inside_them():
    """Identical photographs of a class count as one: the interval is that of ten numbers, not of a thousand."""
    generator = np.random.default_rng(0)
    of_class = generator.normal(size=20)
    values, clusters = np.repeat(of_class, 50), [f"class {row // 50}" for row in range(1000)]
    (wide,) = intervals(values, clusters)
    (naive,) = intervals(values, [str(row) for row in range(1000)])
    expected = 2 * 1.96 * of_class.std() / 20**0.5
    assert wide.high - wide.low == pytest.approx(expected, rel=0.1)
    assert naive.high - naive.low < 0.2 * expected


def test_the_interval_equals_the_slow_loop():
    """Drawing classes and then photographs of each, two thousand times in a loop, gives the same bounds but for chance."""
    generator = np.random.default_rng(1)
    clusters = [f"{row % 7}" for row in range(60)]
    values = generator.normal(size=60) + np.array([int(one) for one in clusters])
    means = []
    for _ in range(2000):
        rows = []
        for chosen in generator.integers(0, 7, 7):
            members = np.flatnonzero([one == str(chosen) for one in clusters])
            rows += list(generator.choice(members, len(members)))
        means.append(values[rows].mean())
    (found,) = intervals(values, clusters)
    assert found.estimate == pytest.approx(values.mean())
    np.testing.assert_allclose(found[1:], np.quantile(means, [0.025, 0.975]), atol=0.15)


def test_the_same_seed_draws_the_same_sets_so_differences_are_paired():
    baseline, clusters = np.random.default_rng(2).normal(size=20) * 100, [str(row) for row in range(20)]
    assert intervals(np.stack([baseline + 1 - baseline, baseline], axis=1), clusters)[0] == pytest.approx((1, 1, 1))
    assert intervals(baseline, clusters) == intervals(baseline, clusters)
    assert intervals(baseline, clusters) != intervals(baseline, clusters, seed=1)
    assert intervals(np.array([3.0]), ["a"]) == [(3, 3, 3)]


def test_the_spread_is_pooled_over_networks_and_taken_to_their_means():
    """By hand: deviations -1, 0, 1 and -2, 2 on 2 + 1 degrees of freedom."""
    assert between_trainings([[1, 2, 3], [5, 9], [4]]) == pytest.approx(((10 / 3) ** 0.5, 3))
    assert between_trainings([[1], [2]]) is None


def test_a_difference_within_the_spread_between_trainings_is_none():
    """A thousand photographs agree, but another training could differ by as much."""
    generator = np.random.default_rng(3)
    values, clusters = 0.02 + 0.1 * generator.normal(size=1000), [str(row // 10) for row in range(1000)]
    assert significance(values, clusters).p < 1e-6
    noisy = significance(values, clusters, Spread(0.02, 6), (2, 3))
    assert noisy.p > 0.2
    assert noisy.interval.low < 0 < noisy.interval.high
    assert significance(values, clusters, Spread(0.001, 6), (2, 3)).p < 1e-3


def test_the_interval_excludes_zero_where_p_is_small():
    generator = np.random.default_rng(4)
    for shift in np.linspace(0, 0.1, 12):
        values = shift + 0.3 * generator.normal(size=200)
        found = significance(values, [str(row // 4) for row in range(200)], Spread(0.01, 6), (2, 2))
        assert (found.p < 0.05) == (not found.interval.low <= 0 <= found.interval.high)


def test_two_parts_with_their_own_degrees_of_freedom():
    """With one part alone it is the t test of that part; with both, p is the level at which the mean quantile is reached."""
    values, clusters = np.array([1.0, 2, 3, 6]), list("abcd")
    alone = significance(values, clusters)
    assert alone.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    same = significance(np.full(4, 2.0), clusters, Spread(1, 2), (1, 1))
    assert same.p == pytest.approx(2 * stats.t.sf(2 / 2**0.5, 2))
    both = significance(values, clusters, Spread(0.5, 2), (1, 3))
    of_images, of_seeds = values.var(ddof=1) / 4, 0.25 * 4 / 3
    share = of_seeds / (of_images + of_seeds)
    reached = (1 - share) * stats.t.isf(both.p / 2, 3) + share * stats.t.isf(both.p / 2, 2)
    assert reached == pytest.approx(3 / (of_images + of_seeds) ** 0.5)
    assert alone.p < both.p < 1
    assert significance(np.array([-1.0, 1]), ["a", "b"], Spread(1, 2), (1, 1)).p == 1
    assert significance(1 + 1e-70 * np.arange(400.0), list(map(str, range(400)))).p <= 1e-99


@pytest.mark.parametrize("apart", [0, 1, 2, 4])
def test_chance_is_found_rarely_however_far_trainings_are_apart(apart):
    """A thousand pairs of networks, the second the mean of three trainings that also give the spread.

    Satterthwaite's single number of degrees of freedom finds a difference in 8 % of them at twice as far apart.
    """
    generator, clusters, wrong = np.random.default_rng(12), [str(one) for one in range(60)], 0
    for _ in range(1000):
        levels = apart * generator.normal(size=(4, 1)) / 60**0.5
        one, *others = levels + generator.normal(size=(4, 60)) / 2**0.5
        spread = between_trainings([[other.mean() for other in others]])
        wrong += significance(one - np.mean(others, axis=0), clusters, spread, (1, 3)).p < 0.05
    assert wrong <= 60


@pytest.mark.parametrize(("apart", "most"), [(0.2, 0.03), (0.8, 0.11)])
def test_what_is_found_where_trainings_of_other_networks_differ_more_than_the_baselines(apart, most):
    """The spread is known of the baseline alone. Where others' is 2.3 times as large, as it is in accuracy, comparisons with
    four networks find chance more often than 6 % if trainings differ as much as photographs explain, and rarely if not.

    Args:
        apart: spread between trainings of the baseline as a multiple of the standard error over photographs.
        most: share of 600 studies without differences in which one is found, at most.
    """
    generator, clusters, wrong = np.random.default_rng(12), [str(one) for one in range(60)], 0
    for _ in range(600):
        levels = apart * generator.normal(size=(7, 1)) / 60**0.5 * np.where(np.arange(7) < 3, 1, 2.3)[:, None]
        *others, last = levels + generator.normal(size=(7, 60)) / 2**0.5
        baseline, rest = others[:3], others[3:]
        spread = between_trainings([[one.mean() for one in baseline]])
        tests = [significance(last - np.mean(baseline, axis=0), clusters, spread, (1, 3))]
        tests += [significance(last - one, clusters, spread, (1, 1)) for one in rest]
        wrong += min(holm([one.p for one in tests])) < 0.05
    assert wrong / 600 <= most


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_the_share_that_people_understand():
    assert share_better(np.array([1.0, 2, -1, 0])) == 0.625


def test_nothing_to_resample_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="empty"):
        intervals(np.zeros(0), [])
    with pytest.raises(ValueError, match="3 values and 2 clusters"):
        intervals(np.zeros(3), ["a", "b"])
    with pytest.raises(ValueError, match="not finite"):
        intervals(np.array([1.0, np.nan]), ["a", "b"])


def null_scores(generator: np.random.Generator, clusters: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Scores of networks that differ by chance alone: every training has its own level, its own effect for each class and its
    own noise for each photograph. Sizes are those of Caltech-101's test list and of trainings on it: the spread between
    trainings is as large as the uncertainty from photographs.
    """
    classes = clusters.max() + 1
    photograph = 0.1 * generator.normal(size=len(clusters)) + 0.1 * generator.normal(size=classes)[clusters]
    return {
        key: [
            photograph
            + 0.01 * generator.normal()
            + 0.04 * generator.normal(size=classes)[clusters]
            + 0.08 * generator.normal(size=len(clusters))
            for _ in range(count)
        ]
        for key, count in SEEDS.items()
    }


def family_p(scores: dict[str, list[np.ndarray]], clusters: list[str]) -> list[float]:
    """P-values of compound against every other network, before Holm's correction, as the report computes them."""
    spread = between_trainings([[one.mean() for one in found] for found in scores.values()])
    mean = {key: np.mean(found, axis=0) for key, found in scores.items()}
    return [
        significance(mean["compound"] - mean[key], clusters, spread, (len(scores["compound"]), len(scores[key]))).p
        for key in scores
        if key != "compound"
    ]


@pytest.fixture(scope="module")
def clustering() -> np.ndarray:
    """The class index of each photograph in Caltech-101's test list, with at most ten photographs of a class."""
    from models.studies import STUDY_FOLDER

    lines = (STUDY_FOLDER / "caltech101-test.txt").read_text().split()
    _, count = np.unique([line.split("/")[0] for line in lines], return_counts=True)
    return np.repeat(np.arange(len(count)), np.minimum(count, 10))


def test_no_effect_is_found_where_there_is_none(clustering):
    """In 200 made-up studies of networks without differences, with the real classes and seeds, Holm's correction over
    all comparisons leaves a wrong finding in at most 6 %, and each comparison alone is wrong about as often as its level.
    """
    generator, clusters = np.random.default_rng(5), [str(one) for one in clustering]
    found = [family_p(null_scores(generator, clustering), clusters) for _ in range(NULLS)]
    assert np.mean([min(holm(one)) < 0.05 for one in found]) <= 0.06
    assert np.mean([p < 0.05 for one in found for p in one]) <= 0.06


def test_without_seeds_and_classes_effects_would_be_found_where_there_are_none(clustering):
    """The same studies with photographs taken as independent and only each first training are wrong most of the time."""
    generator, alone = np.random.default_rng(5), [str(row) for row in range(len(clustering))]
    naive = []
    for _ in range(40):
        scores = null_scores(generator, clustering)
        naive.append(significance(scores["compound"][0] - scores["baseline"][0], alone).p < 0.05)
    assert np.mean(naive) > 0.3


def test_shuffled_labels_have_no_effect_and_real_ones_do(clustering):
    """An advantage of compound is found, and disappears when the names of all trainings are shuffled.

    In the studies that are shuffled, compound leads by three times the spread between trainings.
    """
    generator, clusters = np.random.default_rng(6), [str(one) for one in clustering]
    scores = null_scores(generator, clustering)
    scores["compound"] = [one + 0.08 for one in scores["compound"]]
    assert max(holm(family_p(scores, clusters))) < 0.05
    wrong = []
    for _ in range(NULLS):
        scores = null_scores(generator, clustering)
        scores["compound"] = [one + 0.03 for one in scores["compound"]]
        everything = [one for found in scores.values() for one in found]
        order = iter(generator.permutation(len(everything)))
        shuffled = {key: [everything[next(order)] for _ in range(count)] for key, count in SEEDS.items()}
        wrong.append(min(holm(family_p(shuffled, clusters))) < 0.05)
    assert np.mean(wrong) <= 0.06
