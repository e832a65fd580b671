"""From features to raw class activation maps: the closed forms at the last convolution, and where each cell is drawn.

Notation: features A (N, C, h, w) enter global average pooling and a linear classifier W (K, C), b (K).
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

PLACEMENTS = ("registered", "nominal", "half-pixel")


def class_activation_map(features: Tensor, weight: Tensor, class_idx: Tensor) -> Tensor:
    """Project the last feature maps onto the classifier weights of one class per image.

    ``M[n, i, j] = sum_k weight[class_idx[n], k] * features[n, k, i, j]``: signed, in logit units; the mean of
    ``M[n]`` plus the class's bias is its logit.

    Args:
        features: activations entering global average pooling, (N, C, h, w).
        weight: weight of the linear classifier, (K, C).
        class_idx: class explained in each image, int64, (N,).

    Returns:
        Raw maps, (N, h, w), on the device of ``features``.

    Raises:
        ValueError: ``features`` and ``weight`` disagree on C.

    References:
        Zhou et al., CVPR 2016, eq. 2, https://arxiv.org/abs/1512.04150
    """
    return weighted_map(features, weight[class_idx])


def weighted_map(features: Tensor, weights: Tensor) -> Tensor:
    """Sum of the feature maps (N, C, h, w), each times its weight for the image (N, C): maps (N, h, w).

    Raises:
        ValueError: the two disagree on N or C.
    """
    if features.shape[:2] != weights.shape:
        raise ValueError(
            f"features have shape {tuple(features.shape)} and weights {tuple(weights.shape)}; expected (N, C, h, w) and (N, C)"
        )
    return (features.flatten(2).transpose(1, 2) @ weights.unsqueeze(2)).unflatten(1, features.shape[2:]).squeeze(-1)


def resample(
    maps: np.ndarray,
    centres: Sequence[float],
    resolution: int,
    size: int,
    placement: str = "registered",
    offset: tuple[float, float] = (0.0, 0.0),
    smooth: bool = True,
) -> np.ndarray:
    """Draw maps on a finer grid of ``size`` x ``size`` pixels that covers the same field of view.

    Linear along both axes between the places the cells look at, constant beyond the outermost ones; where it is not
    ``smooth``, every pixel shows the cell that looks nearest.

    Args:
        maps: (N, h, w) raw maps, h = w = the number of centres.
        centres: nominal input pixel of each cell (``Network.cell_centres()``).
        resolution: side of the network's input in pixels.
        size: side of the drawing in pixels.
        placement: ``"registered"`` draws a cell where it looks; ``"nominal"`` where strides and paddings alone say it
            does; ``"half-pixel"`` spreads the cells evenly over the image, as ``cv2.resize`` and
            ``F.interpolate(align_corners=False)`` do.
        offset: input pixels to the right and down from nominal centres to where cells look (``Network.cell_offset()``).

    Returns:
        float32 (N, size, size).

    Raises:
        ValueError: unknown placement, or the number of centres is not the side of the maps.
    """
    cells = maps.shape[-1]
    if placement not in PLACEMENTS:
        raise ValueError(f"unknown placement {placement!r}; choose from {', '.join(PLACEMENTS)}")
    if maps.ndim != 3 or maps.shape[1] != cells or len(centres) != cells:
        raise ValueError(f"maps of shape {maps.shape} with {len(centres)} centres; expected (N, n, n) and n centres")
    if placement == "half-pixel":
        centres = [(cell + 0.5) * resolution / cells - 0.5 for cell in range(cells)]
    right, down = offset if placement == "registered" else (0.0, 0.0)
    weights = interpolation_weights if smooth else nearest_weights
    rows, columns = (weights(shifted(centres, by), resolution, size) for by in (down, right))
    return np.einsum("yi,nij,xj->nyx", rows, maps.astype(np.float32), columns, optimize=True)


def shifted(centres: Sequence[float], by: float) -> tuple[float, ...]:
    """Centres moved along their axis by ``by``."""
    return tuple(centre + by for centre in centres)


def interpolation_weights(centres: tuple[float, ...], resolution: int, size: int) -> np.ndarray:
    """Matrix (size, cells) that interpolates linearly from values at ``centres`` to the middles of ``size`` pixels."""
    return weights_at(centres, middles(resolution, size))


def nearest_weights(centres: tuple[float, ...], resolution: int, size: int) -> np.ndarray:
    """The same that takes the value at the nearest of ``centres``; halfway between two, at the second."""
    places = np.asarray(centres)
    borders = (places[1:] + places[:-1]) / 2
    return np.eye(len(places), dtype=np.float32)[np.searchsorted(borders, middles(resolution, size), side="right")]


def middles(resolution: int, size: int) -> np.ndarray:
    """Input pixels at the middles of ``size`` pixels that cover the input."""
    return (np.arange(size) + 0.5) * resolution / size - 0.5


def weights_at(centres: Sequence[float], places: np.ndarray) -> np.ndarray:
    """Matrix (places, cells) that interpolates linearly from values at ``centres`` to other places, constant beyond."""
    return np.stack([np.interp(places, centres, row) for row in np.eye(len(centres))], axis=1).astype(np.float32)


def mirrored(maps: np.ndarray, centres: Sequence[float], resolution: int) -> np.ndarray:
    """Maps of mirrored images (N, h, w), flipped back and resampled on the cells of the unmirrored images.

    A cell that looks at pixel c of the mirrored image looks at ``resolution - 1 - c`` of the image, where no cell has its
    centre unless the centres are symmetric about the middle: reversing the columns alone would shift the map by up to a
    cell. Columns are interpolated at ``centres``, which must be the true ones, and are constant beyond the outermost.
    """
    seen_at = resolution - 1 - np.asarray(centres)[::-1]
    return maps[..., ::-1].astype(np.float32) @ weights_at(seen_at.tolist(), np.asarray(centres)).T
