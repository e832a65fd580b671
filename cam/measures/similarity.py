"""Maps of one network compared with another's, and how concentrated a map is; no masks are needed.

Two networks that differ only in the seed of their training already have quite different maps, so a number from here
means something only beside the same number for such a pair: the noise floor.
"""

import numpy as np
from scipy.stats import rankdata

from cam.maps.cells import CellGrid, finite


def pearson(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Linear correlation of each map with its partner, cell by cell.

    Args:
        maps: raw maps on a grid whose cells see the same places as those of ``others`` (``pooled``), (N, h, w).
        others: the partners, (N, h, w).

    Returns:
        (N,) in [-1, 1]; 0 where a map is constant.

    Raises:
        ValueError: the shapes differ, or values are not finite.

    References:
        Bylinskii et al., IEEE TPAMI 2019, https://arxiv.org/abs/1604.03605 (CC)
    """
    rows, partners = _rows(maps, others)
    rows, partners = (values - values.mean(axis=1, keepdims=True) for values in (rows, partners))
    scale = np.linalg.norm(rows, axis=1) * np.linalg.norm(partners, axis=1)
    return np.divide((rows * partners).sum(axis=1), scale, out=np.zeros(len(rows)), where=scale > 0)


def spearman(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Correlation of the ranks of the cells: ``pearson`` of the ranks, with equal values sharing their mean rank.

    Args, returns and errors as for ``pearson``.

    References:
        Adebayo et al., NeurIPS 2018, https://arxiv.org/abs/1810.03292 (to compare maps of randomised networks)
    """
    rows, partners = _rows(maps, others)
    return pearson(rankdata(rows, axis=1)[:, None], rankdata(partners, axis=1)[:, None])


def entropy(maps: np.ndarray, grid: CellGrid) -> np.ndarray:
    """How evenly the positive evidence is spread over the view: 0 where it is uniform, lower the more it is
    concentrated.

    It is the differential entropy of the evidence as a density over the view, ``-sum_i p_i log(p_i / a_i)`` with each cell's
    share ``p_i`` of the evidence and ``a_i`` of the area, so that grids of different sizes have one scale. Its exponential is
    the share of the view that a uniform region of the same entropy would fill. A coarse grid cannot go below the logarithm
    of its smallest cell's area.

    Args:
        maps: raw maps, (N, n, n).
        grid: where their cells look.

    Returns:
        (N,) in nats, at most 0; 0 for a map without positive evidence.

    Raises:
        ValueError: maps that do not fit the grid or are not finite.

    References:
        Cover & Thomas, Elements of Information Theory, 2nd edition, ch. 8
    """
    density, areas = _density(maps, grid)
    logarithm = np.log(density, out=np.zeros_like(density), where=density > 0)
    return -(density * logarithm * areas).sum(axis=(1, 2))


def centre_of_mass(maps: np.ndarray, grid: CellGrid) -> np.ndarray:
    """Centre of the positive evidence, as shares of the view's height and width.

    Args and errors as for ``entropy``.

    Returns:
        (N, 2), row then column, in [0, 1]; the middle for a map without positive evidence.
    """
    density, areas = _density(maps, grid)
    rows, columns = ((edges[1:] + edges[:-1]) / 2 for edges in (grid.row_edges, grid.column_edges))
    evidence = density * areas
    return np.stack([evidence.sum(axis=2) @ rows, evidence.sum(axis=1) @ columns], axis=1)


def centre_shift(maps: np.ndarray, grid: CellGrid, others: np.ndarray, other_grid: CellGrid) -> np.ndarray:
    """Distance of the centres of mass of two networks' maps as a share of the view's side, (N,); grids may differ."""
    return np.linalg.norm(centre_of_mass(maps, grid) - centre_of_mass(others, other_grid), axis=1)


def agreement(logits: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether two networks put the same class first, bool (N,), from logits (N, K) each.

    Raises:
        ValueError: the shapes differ, or logits are not finite.
    """
    if logits.shape != others.shape:
        raise ValueError(f"logits have shapes {logits.shape} and {others.shape}; expected the same images and classes")
    return finite(logits).argmax(axis=1) == finite(others).argmax(axis=1)


def _rows(maps: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if maps.shape != others.shape or maps.ndim < 2:
        raise ValueError(
            f"maps have shapes {maps.shape} and {others.shape}; expected two of (N, h, w), pooled to one grid"
        )
    return finite(maps).reshape(len(maps), -1), finite(others).reshape(len(others), -1)


def _density(maps: np.ndarray, grid: CellGrid) -> tuple[np.ndarray, np.ndarray]:
    """Positive evidence per area, whose mean over the view is 1, and the cells' areas; a map without evidence is uniform."""
    areas = grid.areas
    evidence = np.maximum(grid.check(maps), 0)
    total = (evidence * areas).sum(axis=(1, 2), keepdims=True)
    return np.divide(evidence, total, out=np.ones_like(evidence), where=total > 0), areas
