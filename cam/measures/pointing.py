"""Mosaics: how much of a class's evidence lies on its own tile, and whether all four objects of a class are found."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cam.maps.cells import CellGrid, part_sums
from models.images import view_image

LAYOUTS = {"1x2": (1, 2), "2x2": (2, 2)}
MOSAIC_SIZE = 512
FOUND_AT, MARGIN, DRAWN = 0.5, 1 / 8, 112
MEAN_COLOUR = (124, 116, 104)  # ImageNet's mean: close to 0 whatever a network's normalisation


def tile_shares(maps: np.ndarray, grid: CellGrid, layout: str = "2x2") -> np.ndarray:
    """How each map's positive evidence is shared out among the tiles of a mosaic.

    Every cell stands for the area up to midway to its neighbours, the outermost up to the image's border; a cell that a
    tile's border cuts counts on both sides by area. So a 7 x 7 map can be scored on a 2 x 2 mosaic, and no cell is
    dropped.

    Args:
        maps: raw maps, (N, n, n).
        grid: where their cells look.
        layout: name in ``LAYOUTS``.

    Returns:
        (N, tiles), tiles row by row; each row sums to 1, or is all 0 for a map without positive evidence.

    Raises:
        ValueError: unknown layout, or maps that do not fit the grid or are not finite.

    References:
        Böhle et al., CVPR 2021, sec. 4.2, https://arxiv.org/abs/2104.00032 (the localisation metric); Rao et al., CVPR
        2022, https://arxiv.org/abs/2205.10435 (GridPG): the share on the class's own tile, whose chance is 1 / tiles. Ours
        weights cut cells by area.
    """
    rows, columns = _layout(layout)
    sums = part_sums(np.maximum(grid.check(maps), 0), grid, rows, columns).reshape(len(maps), -1)
    total = sums.sum(axis=1, keepdims=True)
    return np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)


class FourObjects(NamedTuple):
    """Scores of mosaics of one class, (N,) each in [0, 1]."""

    found: np.ndarray
    weakest: np.ndarray
    evenness: np.ndarray


def four_objects(maps: np.ndarray, grid: CellGrid) -> FourObjects:
    """Whether the objects on all four tiles of a 2 x 2 mosaic of one class are seen.

    A margin of ``MARGIN`` times its side is left out along each tile's border, where a neighbour's evidence spills over: a
    cell of the coarsest grid is as wide.

    Args:
        maps: raw maps of the class, (N, n, n).
        grid: where their cells look.

    Returns:
        ``found``: share of the tiles on which the map reaches half its maximum. ``weakest``: the lowest of the four tiles'
        peaks, divided by the map's maximum. ``evenness``: exponential of the entropy of the tiles' evidence, divided by four:
        1 where all get the same, 0.25 where one gets everything. All are 0 for a map without positive evidence.

    Raises:
        ValueError: maps that do not fit the grid or are not finite.

    References:
        this project's reading of "unable to capture all objects" in Tan & Le, ICML 2019, sec. 6,
        https://arxiv.org/abs/1905.11946
    """
    drawn = np.maximum(grid.drawn(grid.check(maps), DRAWN), 0)
    side, margin = DRAWN // 2, round(MARGIN * DRAWN / 2)
    inner = [slice(start + margin, start + side - margin) for start in (0, side)]
    peaks = np.stack([drawn[:, rows, columns].max(axis=(1, 2)) for rows in inner for columns in inner], axis=1)
    most = drawn.max(axis=(1, 2))[:, None]
    relative = np.divide(peaks, most, out=np.zeros_like(peaks), where=most > 0)
    shares = tile_shares(maps, grid)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    evenness = np.exp(-(shares * logarithms).sum(axis=1)) / shares.shape[1]
    return FourObjects(
        (relative >= FOUND_AT).mean(axis=1), relative.min(axis=1), np.where(most[:, 0] > 0, evenness, 0.0)
    )


def native_mosaic(tiles: Sequence[Tensor]) -> Tensor:
    """Four inputs of a network, (3, r, r) each, as one input of twice the side, so that every tile has the size of a
    photograph.

    Raises:
        ValueError: there are not four tiles.
    """
    if len(tiles) != 4:
        raise ValueError(f"{len(tiles)} tiles for a 2x2 mosaic; expected 4")
    return torch.cat([torch.cat(list(tiles[:2]), dim=2), torch.cat(list(tiles[2:]), dim=2)], dim=1)


def plan_mosaics(
    classes: Sequence[Sequence[int]], layout: str = "2x2", seed: int = 0, limit: int | None = None
) -> np.ndarray:
    """Choose the photographs of each mosaic at random: no two tiles share a class, no photograph is used twice.

    Args:
        classes: for every photograph, the class indices that it shows.
        layout: name in ``LAYOUTS``.
        seed: the same seed gives the same plan.
        limit: largest number of mosaics.

    Returns:
        Positions in ``classes``, (mosaics, tiles), tiles row by row.

    Raises:
        ValueError: there are fewer classes than tiles.
    """
    rows, columns = _layout(layout)
    tiles = rows * columns
    waiting = [int(row) for row in np.random.default_rng(seed).permutation(len(classes)) if len(classes[row])]
    plan: list[list[int]] = []
    while len(waiting) >= tiles and (limit is None or len(plan) < limit):
        chosen = _unlike(waiting, classes, tiles)
        if len(chosen) < tiles:
            break
        plan.append(chosen)
        waiting = [row for row in waiting if row not in chosen]
    if not plan and limit != 0:
        different = len({tuple(sorted(shown)) for shown in classes if len(shown)})
        raise ValueError(
            f"a {layout} mosaic needs {tiles} photographs of different classes, but {len(classes)} photographs "
            f"show {different}; give more classes"
        )
    return np.array(plan, dtype=np.int64).reshape(-1, tiles)


def mosaic(photographs: Sequence[Image.Image], layout: str = "2x2", size: int = MOSAIC_SIZE) -> Image.Image:
    """Lay photographs, each squashed to a square, on a square canvas; a 1x2 mosaic has bands of the mean colour above
    and below.

    Args:
        photographs: one for each tile, row by row.
        layout: name in ``LAYOUTS``.
        size: side of the canvas in pixels.

    Raises:
        ValueError: the layout is unknown, or the number of photographs is not that of its tiles.
    """
    rows, columns = _layout(layout)
    if len(photographs) != rows * columns:
        raise ValueError(f"{len(photographs)} photographs for a {layout} mosaic; expected {rows * columns}")
    side = size // max(rows, columns)
    canvas = Image.new("RGB", (size, size), MEAN_COLOUR)
    top = (size - rows * side) // 2
    for tile, photograph in enumerate(photographs):
        row, column = divmod(tile, columns)
        canvas.paste(view_image(photograph, "square", side), (column * side, top + row * side))
    return canvas


def _unlike(waiting: list[int], classes: Sequence[Sequence[int]], tiles: int) -> list[int]:
    """The first photographs, up to ``tiles``, no two of which share a class."""
    chosen: list[int] = []
    shown: set[int] = set()
    for row in waiting:
        if shown.isdisjoint(classes[row]):
            chosen.append(row)
            shown.update(classes[row])
        if len(chosen) == tiles:
            break
    return chosen


def _layout(layout: str) -> tuple[int, int]:
    if layout not in LAYOUTS:
        raise ValueError(f"unknown mosaic layout {layout!r}; choose from {', '.join(LAYOUTS)}")
    return LAYOUTS[layout]
