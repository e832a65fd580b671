"""The mirror test: how far a network's cells look from their nominal centres, from images and their mirror images.

A cell that really looks ``a`` pixels to the right of its nominal centre does so in the mirror image, too. Flipped back, the
mirror image's map is therefore off by as much to the left: the shift that aligns it with the image's own map is twice the
offset. Images turned upside down measure the rows in the same way. The test needs no labels, and three forward passes for
each photograph.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from models.memory import images_at_once
from models.network import Network
from models.placement import Placement

REACH = 1.0  # offsets of up to this many cells are tried, in whole pixels
MARGIN, SPACING = (
    0.5,
    4,
)  # maps are compared this many cells inside the outermost centres, at places this many pixels apart
ROUNDS = 3  # each compares maps at the places that both reach, given the offset found in the round before
RESAMPLES = 200
FEWEST, FEWEST_CELLS = 8, 5


def measure_placement(network: Network, inputs: Iterable[Tensor]) -> Placement:
    """The network's offset, measured on prepared images.

    Args:
        network: a trained network.
        inputs: its input of varied photographs, (3, r, r) each, as ``Network.transform`` makes it; 100 photographs give a
            standard error of about a pixel.

    Returns:
        The offset in input pixels, with standard errors from a bootstrap over photographs.

    Raises:
        ValueError: there are fewer than 8 images or 5 x 5 cells, or no offset within a cell aligns the maps.
    """
    found = [mirror_maps(network, images) for images in _batches(inputs, images_at_once(network))]
    if sum(len(plain) for plain, *_ in found) < FEWEST:
        raise ValueError(f"the mirror test needs {FEWEST} photographs or more to say anything; give more")
    plain, mirrored, upside_down = (np.concatenate(maps) for maps in zip(*found, strict=True))
    centres, resolution = network.cell_centres(), network.scaling.input_size
    right, right_error = aligned_offset(plain, mirrored, centres, resolution)
    down, down_error = aligned_offset(plain.mT, upside_down.mT, centres, resolution)
    return Placement(round(right, 2), round(down, 2), len(plain), (round(right_error, 2), round(down_error, 2)))


def mirror_maps(network: Network, images: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps of the images' top-1 classes, (N, h, w), in the images, in their mirror images, and in the images upside down."""
    features = network.features(images)
    weight = network.class_weights(features, network.logits(features).argmax(dim=1))

    def maps(features: Tensor) -> np.ndarray:
        return torch.einsum("nchw,nc->nhw", features, weight).cpu().double().numpy()

    return maps(features), maps(network.features(images.flip(3))), maps(network.features(images.flip(2)))


def _batches(inputs: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    images = iter(inputs)
    while batch := list(islice(images, size)):
        yield torch.stack(batch)


def aligned_offset(
    maps: np.ndarray, mirrored: np.ndarray, centres: Sequence[float], resolution: int
) -> tuple[float, float]:
    """The offset along the last axis at which images' maps and their mirror images' correlate best, and its standard error.

    Both are resampled with a cubic B-spline, which blurs equally wherever a place lies between cells: linear interpolation
    blurs most midway between cells, and would favour offsets at which places lie there.

    Args:
        maps: (N, h, w).
        mirrored: maps of the mirror images, not flipped back, (N, h, w).
        centres: nominal centres of the columns, in input pixels.
        resolution: side of the input in pixels.

    Raises:
        ValueError: there are too few cells, or the correlation is greatest at the end of the range.
    """
    if len(centres) < FEWEST_CELLS:
        raise ValueError(
            f"maps of {len(centres)} x {len(centres)} cells are too coarse for the mirror test; it needs {FEWEST_CELLS} or more"
        )
    step = centres[1] - centres[0]
    offsets = np.arange(-round(REACH * step), round(REACH * step) + 1, dtype=np.float64)
    best = 0.0
    for _ in range(ROUNDS):
        places = _common_places(np.asarray(centres) + best, resolution)
        sums = np.stack(
            [_products(maps, mirrored, np.asarray(centres), resolution, places, at) for at in offsets], axis=2
        )
        best = _peaks(sums.sum(axis=1)[:, None], offsets)[0]
    if not offsets[0] < best < offsets[-1]:
        raise ValueError(
            "maps of images and of their mirror images agree at no offset within a cell; is the network trained?"
        )
    draws = np.random.default_rng(0).multinomial(len(maps), np.full(len(maps), 1 / len(maps)), RESAMPLES)
    return float(best), float(_peaks(np.einsum("bn,kno->kbo", draws, sums), offsets).std())


def _products(
    maps: np.ndarray, mirrored: np.ndarray, centres: np.ndarray, resolution: int, places: np.ndarray, offset: float
) -> np.ndarray:
    """For every image the sums of first x second, first squared and second squared, (3, N), of maps drawn with this offset."""
    seen = centres + offset
    drawn = [
        maps @ spline_weights(seen, places).T,
        mirrored[..., ::-1] @ spline_weights(_turned(seen, resolution), places).T,
    ]
    first, second = (one - one.mean(axis=(1, 2), keepdims=True) for one in drawn)
    return np.stack(
        [(one * other).sum(axis=(1, 2)) for one, other in ((first, second), (first, first), (second, second))]
    )


def _common_places(seen: np.ndarray, resolution: int) -> np.ndarray:
    """Input pixels well inside the outermost centres both of a map and of the mirror image's map."""
    middle = (resolution - 1) / 2
    reach = min(middle - seen[0], seen[-1] - middle) - MARGIN * (seen[1] - seen[0])
    return middle + np.arange(-(reach // SPACING), reach // SPACING + 1) * SPACING


def _turned(centres: np.ndarray, resolution: int) -> np.ndarray:
    """Where cells of a mirrored image look in the image itself, increasing."""
    return (resolution - 1 - centres)[::-1]


def _peaks(sums: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Offsets of the greatest correlation, (B,), between whole pixels by a parabola; ``sums`` are (3, B, offsets)."""
    score = sums[0] / np.sqrt(sums[1] * sums[2])
    best = score.argmax(axis=1)
    inner = best.clip(1, len(offsets) - 2)
    before, at, after = (np.take_along_axis(score, (inner + k)[:, None], axis=1)[:, 0] for k in (-1, 0, 1))
    bend = before - 2 * at + after
    between = np.where(bend < 0, (before - after) / np.where(bend < 0, 2 * bend, 1), 0.0)
    return np.where(inner == best, offsets[inner] + between, offsets[best])


def spline_weights(centres: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Matrix (places, cells) of cubic B-splines about evenly spaced centres; the outermost cells repeat beyond the ends."""
    step, beyond = centres[1] - centres[0], 3
    distance = np.abs((places[:, None] - centres[0]) / step - np.arange(-beyond, len(centres) + beyond))
    near, far = 2 / 3 - distance**2 + distance**3 / 2, np.clip(2 - distance, 0, None) ** 3 / 6
    values = np.where(distance < 1, near, far)
    inner = values[:, beyond:-beyond].copy()
    inner[:, 0] += values[:, :beyond].sum(axis=1)
    inner[:, -1] += values[:, -beyond:].sum(axis=1)
    return inner
