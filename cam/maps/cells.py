"""Where the cells of a map lie: their centres, the area that each stands for, and the same map on a coarser common grid.

A share is a length or area as a fraction of the view's, so that maps of every size and resolution refer to the same places.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from cam.maps.closed_forms import resample
from models.network import Network

COMMON_SIDE = 7
GAUSSIAN_SIDE, GAUSSIAN_WIDTH = 28, 0.25


@dataclass(frozen=True)
class CellGrid:
    """Where the cells of a square map look.

    Attributes:
        centres: nominal input pixel of each cell along either axis, increasing (``Network.cell_centres()``); pixel 0 is
            the middle of the first one.
        resolution: side of the input in pixels.
        offset: input pixels to the right and down from the centres to where the cells look (``Network.cell_offset()``).
    """

    centres: tuple[float, ...]
    resolution: int
    offset: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, network: Network) -> Self:
        """The grid of a network's last map, with its offset as far as known."""
        return cls(tuple(network.cell_centres()), network.scaling.input_size, network.cell_offset())

    @classmethod
    def even(cls, cells: int) -> Self:
        """Cells of equal area, as half-pixel drawing assumes them."""
        return cls(tuple(float(cell) for cell in range(cells)), cells)

    @property
    def row_edges(self) -> np.ndarray:
        """Borders of rows as shares of the height, (cells + 1,): midway between centres, the outermost at the image's edges."""
        return self._edges(self.offset[1])

    @property
    def column_edges(self) -> np.ndarray:
        """Borders of columns as shares of the width, (cells + 1,): midway between centres, the outermost at the image's edges."""
        return self._edges(self.offset[0])

    def _edges(self, by: float) -> np.ndarray:
        centres = np.asarray(self.centres) + by
        pixels = np.concatenate([[-0.5], (centres[1:] + centres[:-1]) / 2, [self.resolution - 0.5]])
        return np.clip((pixels + 0.5) / self.resolution, 0, 1)

    @property
    def areas(self) -> np.ndarray:
        """Share of the view that each cell stands for, (cells, cells); the sum is 1."""
        return np.diff(self.row_edges)[:, None] * np.diff(self.column_edges)

    def drawn(self, maps: np.ndarray, size: int) -> np.ndarray:
        """Maps (N, cells, cells) interpolated at their true places, float32 (N, size, size); see ``resample``."""
        return resample(maps, self.centres, self.resolution, size, offset=self.offset)

    def check(self, maps: np.ndarray) -> np.ndarray:
        """``maps`` as float64 (N, cells, cells).

        Raises:
            ValueError: they have another shape, there are none, or values are not finite.
        """
        cells = len(self.centres)
        if maps.ndim != 3 or maps.shape[1:] != (cells, cells) or not len(maps):
            raise ValueError(f"maps have shape {maps.shape}; expected (N, {cells}, {cells}) with N at least 1")
        return finite(maps)


def finite(maps: np.ndarray) -> np.ndarray:
    """``maps`` in float64.

    Raises:
        ValueError: there are no values, or some are not finite.
    """
    maps = np.asarray(maps, dtype=np.float64)
    if not maps.size:
        raise ValueError(f"maps of shape {maps.shape} are empty; give at least one cell")
    if not np.isfinite(maps).all():
        raise ValueError(f"{(~np.isfinite(maps)).sum()} of {maps.size} values are not finite; the weights are damaged")
    return maps


def overlaps(edges: np.ndarray, borders: np.ndarray) -> np.ndarray:
    """Length of each cell within each part, (parts, cells), from ``edges`` (cells + 1,) and ``borders`` (parts + 1,)."""
    ends = np.minimum(edges[None, 1:], borders[1:, None])
    starts = np.maximum(edges[None, :-1], borders[:-1, None])
    return np.maximum(ends - starts, 0)


def part_sums(maps: np.ndarray, grid: CellGrid, rows: int, columns: int) -> np.ndarray:
    """Integral of each map over equal parts of the view, (N, rows, columns); cells cut by a border count by area.

    The integral over the whole view is the area-weighted mean of the map.
    """
    vertical = overlaps(grid.row_edges, np.linspace(0, 1, rows + 1))
    horizontal = overlaps(grid.column_edges, np.linspace(0, 1, columns + 1))
    return np.einsum("ai,nij,bj->nab", vertical, grid.check(maps), horizontal, optimize=True)


def pooled(maps: np.ndarray, grid: CellGrid, side: int = COMMON_SIDE) -> np.ndarray:
    """Area-weighted means of maps over ``side`` x ``side`` equal squares of the view, (N, side, side) on
    ``CellGrid.even(side)``.

    A finer grid is sharper, which alone improves scores of detail; on a common grid it has no such advantage.
    """
    return part_sums(maps, grid, side, side) * side**2


def centred_gaussian(side: int = GAUSSIAN_SIDE, width: float = GAUSSIAN_WIDTH) -> np.ndarray:
    """A map that knows only that photographers centre their object: (side, side), 1 at the middle.

    Args:
        side: cells along an axis, of equal area.
        width: standard deviation as a share of the side.

    References:
        the centre-Gaussian baseline of Choe et al., CVPR 2020, https://arxiv.org/abs/2001.07437
    """
    places = (np.arange(side) + 0.5) / side - 0.5
    profile = np.exp(-(places**2) / (2 * width**2))
    return profile[:, None] * profile
