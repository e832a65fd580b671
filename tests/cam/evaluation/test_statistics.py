"""Bootstrap intervals: the slow loop, known widths, determinism."""

import numpy as np
import pytest

from cam.evaluation.statistics import bootstrap, difference_interval, mean_interval


def test_the_interval_equals_the_slow_loop():
    values = np.random.default_rng(0).exponential(size=30)
    generator, means = np.random.default_rng(7), []
    for _ in range(500):
        chosen = generator.integers(0, 30, 30)
        means.append(sum(values[row] for row in chosen) / 30)
    interval = mean_interval(values, resamples=500, seed=7)
    np.testing.assert_allclose(interval, (values.mean(), *np.quantile(means, [0.025, 0.975])))


def test_a_large_sample_gives_the_normal_interval():
    values = np.random.default_rng(1).normal(size=2000)
    _, low, high = mean_interval(values)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 2000**0.5, rel=0.06)


def test_differences_are_paired():
    """A constant advantage on very different images has no spread."""
    baseline = np.random.default_rng(2).normal(size=20) * 100
    assert difference_interval(baseline + 1, baseline) == pytest.approx((1, 1, 1))
    assert difference_interval(baseline + 1, baseline).excludes_zero
    assert not difference_interval(baseline, baseline).excludes_zero


def test_the_same_seed_gives_the_same_interval_and_blocks_do_not_matter(monkeypatch):
    values = np.random.default_rng(3).normal(size=50)
    whole = mean_interval(values)
    monkeypatch.setattr("cam.evaluation.statistics.BLOCK", 50)
    assert mean_interval(values) == pytest.approx(whole)
    assert mean_interval(values, seed=1) != pytest.approx(whole)


def test_any_statistic_of_weights_has_an_interval():
    values = np.array([0.0, 1])
    interval = bootstrap(lambda weights: (weights @ values) ** 2, 2)
    assert interval == (0.25, 0, 1)
    assert mean_interval(np.array([3.0])) == (3, 3, 3)


def test_nothing_to_resample_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="there is no image to resample; give at least one"):
        bootstrap(lambda weights: weights[:, 0], 0)
    with pytest.raises(ValueError, match="expected the same images"):
        difference_interval(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="not finite"):
        mean_interval(np.array([1.0, np.nan]))
