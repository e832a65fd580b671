"""The grid pointing game: evidence on the right tile, and mosaics of different classes."""

import numpy as np
import pytest
import torch
from PIL import Image

from cam.maps.cells import CellGrid
from cam.measures.pointing import (
    MEAN_COLOUR,
    four_objects,
    mosaic,
    native_mosaic,
    plan_mosaics,
    tile_shares,
)

SYMMETRIC = CellGrid(tuple(32.0 * cell for cell in range(7)), 224)


def slow_shares(map_: np.ndarray, grid: CellGrid, rows: int, columns: int) -> list[float]:
    """For one cell and one tile at a time: the overlap of the two rectangles times the positive value."""
    edges, sums = grid.row_edges, []
    for row in range(rows):
        for column in range(columns):
            total = 0.0
            for i in range(len(map_)):
                for j in range(len(map_)):
                    down = max(0.0, min(edges[i + 1], (row + 1) / rows) - max(edges[i], row / rows))
                    across = max(0.0, min(edges[j + 1], (column + 1) / columns) - max(edges[j], column / columns))
                    total += max(map_[i, j], 0) * down * across
            sums.append(total)
    return [value / sum(sums) for value in sums]


@pytest.mark.parametrize(("layout", "rows", "columns"), [("1x2", 1, 2), ("2x2", 2, 2)])
def test_shares_equal_the_slow_sum_over_rectangles(layout, rows, columns):
    maps = np.random.default_rng(0).normal(size=(3, 7, 7))
    slow = [slow_shares(one, SYMMETRIC, rows, columns) for one in maps]
    np.testing.assert_allclose(tile_shares(maps, SYMMETRIC, layout), slow)


def test_scores_by_hand():
    """Even 7 x 7 cells: one unit in the corner, and one in the middle, a quarter on each tile; -9 is not positive evidence."""
    maps = np.zeros((4, 7, 7))
    maps[:, 0, 0], maps[:, 3, 3], maps[:, 6, 6] = 1, 1, -9
    scores = tile_shares(maps, CellGrid.even(7)).diagonal()
    np.testing.assert_allclose(scores, [0.625, 0.125, 0.125, 0.125])


def test_a_uniform_map_scores_chance_whatever_the_registration():
    np.testing.assert_allclose(tile_shares(np.ones((1, 7, 7)), SYMMETRIC), np.full((1, 4), 0.25))


def test_a_map_without_positive_evidence_points_nowhere():
    np.testing.assert_array_equal(tile_shares(-np.ones((1, 7, 7)), SYMMETRIC), np.zeros((1, 4)))


def test_mosaics_mix_classes_use_each_photograph_once_and_repeat_by_seed():
    classes = [(row % 5,) for row in range(50)]
    plan = plan_mosaics(classes, "2x2", seed=3)
    assert plan.shape[0] >= 10
    assert len(set(plan.ravel().tolist())) == plan.size
    assert all(len({classes[row] for row in tiles}) == 4 for tiles in plan)
    np.testing.assert_array_equal(plan, plan_mosaics(classes, "2x2", seed=3))
    assert (plan_mosaics(classes, "2x2", seed=4, limit=9) != plan[:9]).any()


def test_a_photograph_of_several_classes_meets_none_of_them_again():
    classes = [(0, 1), (1,), (2,), (0,)]
    for tiles in plan_mosaics(classes, "1x2", seed=0):
        assert set(classes[tiles[0]]).isdisjoint(classes[tiles[1]])


def test_too_few_classes_are_refused_in_one_sentence():
    words = "a 2x2 mosaic needs 4 photographs of different classes, but 6 photographs show 3; give more classes"
    with pytest.raises(ValueError, match=words):
        plan_mosaics([(row % 3,) for row in range(6)], "2x2")
    with pytest.raises(ValueError, match="unknown mosaic layout '3x3'; choose from 1x2, 2x2"):
        plan_mosaics([(0,)], "3x3")


def test_tiles_lie_row_by_row_and_stay_square():
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)]
    photographs = [Image.new("RGB", (30, 20), colour) for colour in colours]
    pixels = np.asarray(mosaic(photographs, "2x2", 64))
    assert [tuple(pixels[row, column]) for row in (5, 60) for column in (5, 60)] == colours
    pixels = np.asarray(mosaic(photographs[:2], "1x2", 64))
    assert tuple(pixels[15, 5]) == tuple(pixels[48, 60]) == MEAN_COLOUR
    assert (tuple(pixels[16, 0]), tuple(pixels[47, 63])) == tuple(colours[:2])
    with pytest.raises(ValueError, match="2 photographs for a 2x2 mosaic; expected 4"):
        mosaic(photographs[:2], "2x2")


def blobs(heights: list[float], cells: int) -> np.ndarray:
    """A map with a blob in the middle of each tile, on a grid of the given size."""
    rows, columns = (np.mgrid[:cells, :cells] + 0.5) / cells
    places = [(0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)]
    each = [np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 0.01) for y, x in places]
    return sum(height * one for height, one in zip(heights, each, strict=True))[None]


@pytest.mark.parametrize(
    ("heights", "found", "weakest", "evenness"),
    [([1, 1, 1, 1], 1, 1, 1), ([1, 0.6, 0.4, 0], 0.5, 0, 0.71), ([1, 0, 0, 0], 0.25, 0, 0.25), ([0, 0, 0, 0], 0, 0, 0)],
)
def test_four_objects_by_hand_whatever_the_grid(heights, found, weakest, evenness):
    for cells in (14, 20, 28):
        scores = four_objects(blobs(heights, cells), CellGrid.even(cells))
        assert scores.found == pytest.approx([found], abs=0.01)
        assert scores.weakest == pytest.approx([weakest], abs=0.03)
        assert scores.evenness == pytest.approx([evenness], abs=0.03)


def test_scores_of_mosaics_do_not_depend_on_the_number_of_cells_or_pixels(monkeypatch):
    """A hundred mosaics of blobs of any height: on average within 0.01 on 14, 20 and 28 cells and at 112 to 448 pixels.

    A single mosaic's ``found`` moves by a quarter where a tile's peak is near half the maximum.
    """
    heights = np.random.default_rng(0).uniform(0, 1, (100, 4))
    heights[:, 0] = 1

    def scores(cells: int) -> list[np.ndarray]:
        maps = np.concatenate([blobs(list(one), cells) for one in heights])
        return [*four_objects(maps, CellGrid.even(cells)), tile_shares(maps, CellGrid.even(cells))[:, 0]]

    fine = scores(56)
    for cells in (14, 20, 28):
        for one, other in zip(scores(cells), fine, strict=True):
            assert abs(one.mean() - other.mean()) < 0.01
    for size in (168, 224, 448):
        monkeypatch.setattr("cam.measures.pointing.DRAWN", size)
        for one, other in zip(scores(56), fine, strict=True):
            assert np.abs(one - other).max() < 0.01


def test_evidence_that_spills_over_a_border_finds_nothing_there():
    """A peak at the border of a tile does not count for the neighbouring tile."""
    map_ = np.zeros((1, 28, 28))
    map_[0, 5, 13] = 1
    assert four_objects(map_, CellGrid.even(28)).found == 0


def test_native_tiles_are_the_very_inputs_that_the_network_takes():
    """Tiles at half the size would favour networks with more pixels; here no tile is resampled."""
    tiles = [torch.rand(3, 8, 8) for _ in range(4)]
    whole = native_mosaic(tiles)
    assert whole.shape == (3, 16, 16)
    for tile, (row, column) in zip(tiles, ((0, 0), (0, 8), (8, 0), (8, 8)), strict=True):
        torch.testing.assert_close(whole[:, row : row + 8, column : column + 8], tile, rtol=0, atol=0)
    with pytest.raises(ValueError, match="3 tiles"):
        native_mosaic(tiles[:3])
