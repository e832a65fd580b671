"""How well one map finds the objects that a mask outlines: arrays in, numbers out.

A mask is what ``InstanceMask.labels`` returns: integers of the map's size, 0 for background, 1, 2, ... for the objects of the
class explained, 255 for pixels that no score counts. A map is first drawn at the mask's size (``CellGrid.drawn``).

What a score owes to sizes, on smooth maps over thirty discs (``tests/cam/measures/test_mask_scores.py`` allows a little more).
Drawn at 112 to 448 pixels no score moves by 0.01 or more. On another number of cells the same smooth function is another map,
because linear interpolation cuts its peaks and makes its contours angular; 7 cells less 28, on average and at most:

    AUROC              -0.001   0.009
    boundary           +0.002   0.023
    average precision  -0.007   0.057
    energy             -0.017   0.026

So a difference between networks with different grids says something about one photograph only if it is larger than the last
column, and about a mean only if it is larger than the middle one.
"""

from typing import NamedTuple

import cv2
import numpy as np

from cam.maps.cells import finite
from cam.measures.masks import BACKGROUND, IGNORE

FOUND_AT = 0.5
BAND = 6 / 112  # of the side, about a cell of the finest grid; whole pixels at 112, 168, 224 and 448


class EnergyInMask(NamedTuple):
    """Share of the positive evidence on the objects, and that share divided by the objects' share of the area (chance: 1)."""

    share: float
    ratio: float


class PixelScores(NamedTuple):
    """Scores of a map as a ranking of pixels, each in [0, 1]."""

    auroc: float
    average_precision: float
    best_iou: float


class InstanceScores(NamedTuple):
    """Does a map capture all objects? Both in [0, 1]."""

    worst_mean: float
    recall: float


def energy_in_mask(map_: np.ndarray, mask: np.ndarray) -> EnergyInMask:
    """How much of the positive evidence lies on the objects.

    Args:
        map_: raw map, (s, s).
        mask: objects of the class explained, (s, s).

    Returns:
        ``share`` in [0, 1] and ``ratio``, the share divided by the objects' share of the area: 1 is chance. Both are 0
        where there is no positive evidence.

    Raises:
        ValueError: the two differ in size, the map is not finite, or nothing or everything in the mask is object.

    References:
        the energy-based pointing game of Wang et al. (Score-CAM), CVPR 2020 workshops, https://arxiv.org/abs/1910.01279
    """
    values, objects = _scored_pixels(map_, mask)
    evidence = np.maximum(values, 0)
    total = evidence.sum()
    share = float(evidence[objects].sum() / total) if total > 0 else 0.0
    return EnergyInMask(share, share / float(objects.mean()))


def pixel_scores(map_: np.ndarray, mask: np.ndarray) -> PixelScores:
    """How well the map ranks pixels of objects above others, whatever its scale; equal values share one rank.

    Args and errors as for ``energy_in_mask``.

    Returns:
        ``auroc``: area under the receiver operating characteristic, the probability that a pixel of an object ranks above
        one of the background, a tie counting half (chance: 0.5). ``average_precision``: mean precision over the steps of
        recall (chance: the objects' share of the area). ``best_iou``: intersection over union at the best threshold for
        this map.

    References:
        Fawcett, Pattern Recognition Letters 27, 2006 (AUROC); Choe et al., CVPR 2020, https://arxiv.org/abs/2001.07437
        (PxAP, here for each image rather than pooled)
    """
    values, objects = _scored_pixels(map_, mask)
    order = np.argsort(-values, kind="stable")  # not scipy's ranks: all three scores count along this one order
    ends = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)  # the last pixel of each threshold
    hits = np.cumsum(objects[order])[ends]
    misses = ends + 1 - hits
    positives, negatives = hits[-1], misses[-1]
    recall, false_alarms = np.append(0, hits) / positives, np.append(0, misses) / negatives
    return PixelScores(
        auroc=float(np.trapezoid(recall, false_alarms)),
        average_precision=float(np.sum(np.diff(recall) * hits / (hits + misses))),
        best_iou=float(np.max(hits / (positives + misses))),
    )


def instance_scores(map_: np.ndarray, mask: np.ndarray, found_at: float = FOUND_AT) -> InstanceScores:
    """Whether every object of the class is seen, on the scale from 0 to the map's maximum, as it is drawn.

    Args:
        map_: raw map, (s, s).
        mask: objects of the class explained, (s, s).
        found_at: an object is found where the map's highest value on it reaches this fraction of the map's maximum.

    Returns:
        ``worst_mean``: mean of the positive map over the object that it covers least, divided by the map's maximum.
        ``recall``: share of the objects that are found. Both are 0 where there is no positive evidence.

    Raises:
        ValueError: as ``energy_in_mask``.

    References:
        this project's reading of "unable to capture all objects" in Tan & Le, ICML 2019, sec. 6,
        https://arxiv.org/abs/1905.11946
    """
    values, _ = _scored_pixels(map_, mask)
    numbers = mask[mask != IGNORE]
    peak = values.max()
    if peak <= 0:
        return InstanceScores(0.0, 0.0)
    evidence = np.maximum(values, 0) / peak
    instances = [evidence[numbers == number] for number in np.unique(numbers[numbers != BACKGROUND])]
    return InstanceScores(
        worst_mean=float(min(instance.mean() for instance in instances)),
        recall=float(np.mean([instance.max() >= found_at for instance in instances])),
    )


def boundary_agreement(map_: np.ndarray, mask: np.ndarray, width: float = BAND) -> float:
    """How well the edge of the map's brightest region follows the edge of the objects, at equal area.

    The map's region is its highest pixels, as many as the objects have. Both regions are reduced to the band along the
    inside of their edges, and the bands are compared by intersection over union. Only the order of the pixels counts, in a
    region as large as the objects: a map gains nothing by being peaked or flat, because any increasing function of it scores
    the same, and a region inside the objects or around them misses their edge. A constant map has no region and scores 0.

    Args:
        map_: raw map, (s, s).
        mask: objects of the class explained, (s, s); outlines, not boxes.
        width: of the band, as a share of the side; rounded to whole pixels, which the default is at every multiple of 56 pixels.

    Returns:
        The score, in [0, 1].

    Raises:
        ValueError: as ``energy_in_mask``.

    References:
        boundary IoU: Cheng et al., CVPR 2021, https://arxiv.org/abs/2103.16562; at equal area as the oracle threshold of
        Choe et al., CVPR 2020, https://arxiv.org/abs/2001.07437
    """
    values, objects = _scored_pixels(map_, mask)
    counted, count = mask != IGNORE, int(objects.sum())
    least = np.partition(values, len(values) - count)[len(values) - count]
    chosen = values >= least
    if chosen.sum() - count > count - (values > least).sum():  # ties: take the region nearer to the objects' size
        chosen = values > least
    bands = [_inner_band(one, counted, max(1, round(width * len(mask)))) for one in (objects, chosen)]
    together = (bands[0] | bands[1]).sum()
    return float((bands[0] & bands[1]).sum() / together) if chosen.any() and not chosen.all() else 0.0


def _inner_band(inside: np.ndarray, counted: np.ndarray, steps: int) -> np.ndarray:
    """Pixels of a region within some steps of its edge; the picture's border counts as an edge."""
    region = np.zeros(counted.shape, dtype=np.uint8)
    region[counted] = inside
    inner = cv2.erode(
        region, np.ones((3, 3), np.uint8), iterations=steps, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return (region > inner) & counted


def _scored_pixels(map_: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of every pixel that is not ignored, and whether it is on an object, (P,) each."""
    if map_.shape != mask.shape or map_.ndim != 2:
        raise ValueError(f"the map has shape {map_.shape}, its mask {mask.shape}; expected two of (s, s)")
    counted = mask != IGNORE
    values, objects = finite(map_)[counted], mask[counted] != BACKGROUND
    if not objects.any() or objects.all():
        extent = "everything" if objects.any() else "nothing"
        raise ValueError(
            f"{extent} in the mask is an object of the class explained; a score needs objects and background"
        )
    return values, objects
