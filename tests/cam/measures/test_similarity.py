"""Correlations, entropy and centres against slow re-implementations and cases computed by hand."""

import math

import numpy as np
import pytest

from cam.maps.cells import CellGrid
from cam.measures.similarity import agreement, centre_of_mass, centre_shift, entropy, pearson, spearman

SAME = CellGrid(tuple(32.0 * cell + 31 for cell in range(7)), 224)


def slow_correlation(one: list[float], other: list[float]) -> float:
    a, b = sum(one) / len(one), sum(other) / len(other)
    joint = sum((x - a) * (y - b) for x, y in zip(one, other, strict=True))
    return joint / math.sqrt(sum((x - a) ** 2 for x in one) * sum((y - b) ** 2 for y in other))


def slow_ranks(values: list[float]) -> list[float]:
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) - 1) / 2 for value in values
    ]


def test_correlations_equal_the_slow_ones():
    generator = np.random.default_rng(0)
    maps, others = np.round(generator.normal(size=(2, 4, 5, 5)), 1)
    pairs = [(a.ravel().tolist(), b.ravel().tolist()) for a, b in zip(maps, others, strict=True)]
    np.testing.assert_allclose(pearson(maps, others), [slow_correlation(a, b) for a, b in pairs])
    np.testing.assert_allclose(
        spearman(maps, others), [slow_correlation(slow_ranks(a), slow_ranks(b)) for a, b in pairs]
    )


def test_correlations_by_hand():
    maps, cubes = np.array([[[1.0, 2], [3, 4]]]), np.array([[[1.0, 8], [27, 64]]])
    np.testing.assert_allclose(pearson(maps, -3 * maps + 5), [-1])
    np.testing.assert_allclose(spearman(maps, cubes), [1])
    np.testing.assert_allclose(pearson(maps, cubes), [104 / math.sqrt(5 * 2390)])
    np.testing.assert_array_equal(pearson(maps, np.ones_like(maps)), [0])
    tied, ranked = np.array([[[5.0, 1], [5, 0]]]), np.array([[[2.5, 1], [2.5, 0]]])
    np.testing.assert_array_equal(spearman(tied, maps), pearson(ranked, maps))


def test_entropy_equals_that_of_points_spread_over_the_view():
    maps = np.random.default_rng(1).normal(size=(3, 7, 7))
    areas, slow = SAME.areas, []
    for map_ in maps:
        evidence = [(max(v, 0) * a, a) for v, a in zip(map_.ravel(), areas.ravel(), strict=True)]
        total = sum(e for e, _ in evidence)
        slow.append(-sum(e / total * math.log(e / total / a) for e, a in evidence if e > 0))
    np.testing.assert_allclose(entropy(maps, SAME), slow)


def test_entropy_of_evidence_on_a_quarter_is_log_of_a_quarter_at_any_grid():
    for cells in (2, 4, 14):
        maps = np.zeros((1, cells, cells))
        maps[0, : cells // 2, : cells // 2] = 3
        np.testing.assert_allclose(entropy(maps, CellGrid.even(cells)), [math.log(0.25)])
    np.testing.assert_allclose(entropy(-np.ones((1, 7, 7)), SAME), [0], atol=1e-12)


def test_concentration_of_a_smooth_map_hardly_depends_on_the_number_of_cells():
    """A blob a fifth of the view wide, on 7 to 28 cells."""
    found = []
    for cells in (7, 10, 14, 28):
        places = (np.arange(cells) + 0.5) / cells
        profile = np.exp(-((places - 0.45) ** 2) / (2 * 0.2**2))
        found.append(entropy((profile[:, None] * profile)[None], CellGrid.even(cells))[0])
    assert np.ptp(found) < 0.02


def test_centres_by_hand():
    maps = np.zeros((1, 4, 4))
    maps[0, 0, 1] = maps[0, 2, 1] = 1
    np.testing.assert_allclose(centre_of_mass(maps, CellGrid.even(4)), [[0.375, 0.375]])
    np.testing.assert_allclose(centre_of_mass(np.ones((1, 7, 7)), SAME), [[0.5, 0.5]])
    np.testing.assert_allclose(
        centre_shift(maps, CellGrid.even(4), np.ones((1, 7, 7)), SAME), [math.hypot(0.125, 0.125)]
    )


def test_agreement_by_hand():
    logits = np.array([[1.0, 2, 3], [3, 2, 1]])
    np.testing.assert_array_equal(agreement(logits, logits[::-1]), [False, False])
    np.testing.assert_array_equal(agreement(logits, logits * 2), [True, True])


def test_input_that_cannot_be_compared_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"maps have shapes \(1, 7, 7\) and \(1, 14, 14\)"):
        pearson(np.zeros((1, 7, 7)), np.zeros((1, 14, 14)))
    with pytest.raises(ValueError, match="not finite"):
        spearman(np.full((1, 2, 2), np.nan), np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="expected the same images and classes"):
        agreement(np.zeros((1, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="not finite"):
        agreement(np.full((1, 3), np.inf), np.zeros((1, 3)))
