"""A cell covers the area up to halfway to its neighbours, wherever the network's padding puts its centre."""

import numpy as np
import pytest

from cam.maps.cells import CellGrid, centred_gaussian, overlaps, part_sums, pooled
from cam.maps.closed_forms import resample
from cam.measures.similarity import centre_of_mass

SYMMETRIC = CellGrid(tuple(32.0 * cell for cell in range(7)), 224)
SAME = CellGrid(tuple(32.0 * cell + 31 for cell in range(7)), 224)
FINE = CellGrid(tuple(32.0 * cell for cell in range(10)), 300)


def slow_part_sums(map_: np.ndarray, grid: CellGrid, rows: int, columns: int, steps: int = 1680) -> np.ndarray:
    """Give every one of steps x steps points the value of the nearest cell centre and add up each part's points."""
    points = (np.arange(steps) + 0.5) / steps * grid.resolution - 0.5
    nearest = [int(np.argmin(np.abs(np.asarray(grid.centres) - point))) for point in points]
    fine = map_[np.ix_(nearest, nearest)]
    parts = fine.reshape(rows, steps // rows, columns, steps // columns)
    return parts.sum(axis=(1, 3)) / steps**2


def test_cells_reach_midway_to_their_neighbours_and_the_outermost_to_the_border():
    np.testing.assert_allclose(SYMMETRIC.row_edges * 224, [0, 16.5, 48.5, 80.5, 112.5, 144.5, 176.5, 224])
    np.testing.assert_allclose(SAME.row_edges * 224, [0, 47.5, 79.5, 111.5, 143.5, 175.5, 207.5, 224])
    np.testing.assert_allclose(CellGrid.even(4).column_edges, [0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize("grid", [SYMMETRIC, SAME, FINE, CellGrid.even(5)])
def test_areas_add_up_to_the_view(grid):
    np.testing.assert_allclose(grid.areas.sum(), 1)


@pytest.mark.parametrize("grid", [SYMMETRIC, SAME, FINE])
@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 2), (7, 7)])
def test_part_sums_equal_counting_points(grid, rows, columns):
    maps = np.random.default_rng(0).normal(size=(2, len(grid.centres), len(grid.centres)))
    slow = np.stack([slow_part_sums(one, grid, rows, columns) for one in maps])
    np.testing.assert_allclose(part_sums(maps, grid, rows, columns), slow, atol=2e-3)


def test_a_cut_cell_counts_on_both_sides_by_area():
    """Seven even cells over two halves: half of the middle one is on the left, half on the right."""
    maps = np.zeros((1, 7, 7))
    maps[0, 3, 3] = 49
    np.testing.assert_allclose(part_sums(maps, CellGrid.even(7), 2, 2), np.full((1, 2, 2), 0.25))


def test_the_integral_is_the_area_weighted_mean():
    maps = np.random.default_rng(1).normal(size=(3, 7, 7))
    np.testing.assert_allclose(part_sums(maps, SAME, 1, 1)[:, 0, 0], (maps * SAME.areas).sum(axis=(1, 2)))


def test_pooling_even_cells_in_pairs_is_block_averaging_and_keeps_constants():
    maps = np.random.default_rng(2).normal(size=(2, 14, 14))
    np.testing.assert_allclose(pooled(maps, CellGrid.even(14)), maps.reshape(2, 7, 2, 7, 2).mean(axis=(2, 4)))
    np.testing.assert_allclose(pooled(np.ones((1, 10, 10)), FINE), np.ones((1, 7, 7)))


def test_overlaps_by_hand():
    np.testing.assert_allclose(overlaps(np.array([0, 0.4, 1]), np.array([0, 0.5, 1])), [[0.4, 0.1], [0, 0.5]])


def test_even_cells_draw_as_half_pixel_resampling():
    maps = np.random.default_rng(3).normal(size=(1, 4, 4))
    drawn = CellGrid.even(4).drawn(maps, 8)
    np.testing.assert_allclose(
        drawn[0, 1, 1],
        0.75**2 * maps[0, 0, 0] + 0.1875 * (maps[0, 0, 1] + maps[0, 1, 0]) + 0.0625 * maps[0, 1, 1],
        rtol=1e-5,
    )


def test_the_gaussian_is_centred_and_symmetric():
    gaussian = centred_gaussian(7)
    assert gaussian[3, 3] == gaussian.max() == 1
    np.testing.assert_allclose(gaussian, gaussian[::-1, ::-1])
    np.testing.assert_allclose(gaussian[3, 0], np.exp(-((3 / 7) ** 2) / (2 * 0.25**2)))


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        (np.zeros((1, 6, 6)), r"maps have shape \(1, 6, 6\); expected \(N, 7, 7\)"),
        (np.zeros((0, 7, 7)), "N at least 1"),
        (np.full((1, 7, 7), np.nan), "49 of 49 values are not finite"),
    ],
)
def test_maps_that_do_not_fit_are_refused_in_one_sentence(maps, words):
    with pytest.raises(ValueError, match=words):
        part_sums(maps, SAME, 2, 2)


MEASURED = CellGrid(SYMMETRIC.centres, 224, (10.0, -6.0))


def test_an_offset_moves_columns_to_the_right_and_rows_down():
    np.testing.assert_allclose(MEASURED.column_edges[1:-1], SYMMETRIC.column_edges[1:-1] + 10 / 224)
    np.testing.assert_allclose(MEASURED.row_edges[1:-1], SYMMETRIC.row_edges[1:-1] - 6 / 224)
    np.testing.assert_allclose(MEASURED.areas.sum(), 1)
    ramp = np.add.outer(np.arange(7.0), 10 * np.arange(7.0))[None]
    drawn, nominal = MEASURED.drawn(ramp, 224)[0], SYMMETRIC.drawn(ramp, 224)[0]
    np.testing.assert_allclose(drawn[50:150, 60:150], nominal[56:156, 50:140], atol=1e-4)


def test_a_bright_cell_is_where_it_was_measured_to_look():
    maps = np.zeros((1, 7, 7))
    maps[0, 3, 2] = 1  # nominally at row 96, column 64
    row, column = np.unravel_index(MEASURED.drawn(maps, 224)[0].argmax(), (224, 224))
    assert (row, column) == (90, 74)
    for placement, place in (("registered", (90, 74)), ("nominal", (96, 64)), ("half-pixel", (111, 79))):
        drawn = resample(maps, MEASURED.centres, 224, 224, placement, MEASURED.offset)[0]
        assert np.abs(np.subtract(np.unravel_index(drawn.argmax(), (224, 224)), place)).max() <= 1
    np.testing.assert_allclose(centre_of_mass(maps, MEASURED)[0] * 224 - 0.5, (90, 74), atol=0.01)
