"""How well one map finds the objects that a mask outlines: arrays in, numbers out.

A mask is what ``InstanceMask.labels`` returns: integers of the map's size, 0 background, 1, 2, ... the objects of the
class explained, 255 pixels that no score counts. A map is drawn at the mask's size first (``CellGrid.drawn``).
"""

from typing import NamedTuple

import cv2
import numpy as np

from cam.cells import finite
from cam.masks import BACKGROUND, IGNORE

FOUND_AT = 0.5
BOX_THRESHOLDS = np.arange(100) / 100
BOX_OVERLAPS = (0.3, 0.5, 0.7)


class EnergyInMask(NamedTuple):
    """Share of the positive evidence on the objects, that share over the objects' share of the area (chance: 1)."""

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
        ``share`` in [0, 1] and ``ratio``, the share over the objects' share of the area: 1 is chance. Both 0 where
        there is no positive evidence.

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
        ``auroc``, area under the receiver operating characteristic: the probability that a pixel of an object is above
        one of the background, a tie counting half (chance: 0.5). ``average_precision``: mean precision over the steps
        of recall (chance: the objects' share of the area). ``best_iou``: intersection over union at the threshold that
        is best for this map.

    References:
        Fawcett, Pattern Recognition Letters 27, 2006 (AUROC); Choe et al., CVPR 2020, https://arxiv.org/abs/2001.07437
        (PxAP, here for each image rather than pooled)
    """
    values, objects = _scored_pixels(map_, mask)
    order = np.argsort(-values, kind="stable")
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
        found_at: an object is found where the map's highest value on it reaches this part of the map's maximum.

    Returns:
        ``worst_mean``: mean of the positive map over the object that it covers least, over the map's maximum.
        ``recall``: share of the objects that are found. Both 0 where there is no positive evidence.

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


def box_overlaps(map_: np.ndarray, mask: np.ndarray, thresholds: np.ndarray = BOX_THRESHOLDS) -> np.ndarray:
    """Best intersection over union between boxes that the map suggests and boxes of objects, at every threshold.

    The map is scaled to [0, 1] by its own minimum and maximum; the pixels above a threshold fall into connected
    regions, and each region's bounding box is compared with that of each object.

    Args:
        map_: raw map, (s, s).
        mask: objects of the class explained, (s, s).
        thresholds: in [0, 1), (T,).

    Returns:
        (T,) in [0, 1]; 0 where no pixel is above the threshold.

    Raises:
        ValueError: as ``energy_in_mask``.
    """
    _scored_pixels(map_, mask)
    numbers = np.unique(mask[(mask != BACKGROUND) & (mask != IGNORE)])
    truth = np.array([cv2.boundingRect((mask == number).astype(np.uint8)) for number in numbers])
    spread = np.ptp(map_)
    scaled = (map_ - map_.min()) / spread if spread > 0 else np.zeros(map_.shape)
    best = np.zeros(len(thresholds))
    for row, threshold in enumerate(thresholds):
        above = (scaled > threshold).astype(np.uint8)
        contours, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if contours:
            best[row] = _iou(np.array([cv2.boundingRect(contour) for contour in contours]), truth).max()
    return best


def box_hits(overlaps: np.ndarray) -> np.ndarray:
    """Whether a box is right, for each of ``BOX_OVERLAPS`` and each threshold: (..., T) gives bool (..., 3, T)."""
    return overlaps[..., None, :] >= np.array(BOX_OVERLAPS)[:, None]


def max_box_accuracy(hits: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """MaxBoxAccV2: share of images with a right box, at the threshold that is best for all of them together.

    Args:
        hits: what ``box_hits`` gives for every image, (N, 3, T).
        weights: how much each image counts, rows of sum 1, (B, N); by default all equally.

    Returns:
        (B,) in [0, 1]: for each of the overlaps 0.3, 0.5 and 0.7 the best share over the thresholds, averaged.

    References:
        Choe et al., CVPR 2020, https://arxiv.org/abs/2001.07437
    """
    if weights is None:
        weights = np.full((1, len(hits)), 1 / len(hits))
    shares = weights @ hits.reshape(len(hits), -1)
    return shares.reshape(len(weights), *hits.shape[1:]).max(axis=2).mean(axis=1)


def _scored_pixels(map_: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and whether they are on an object, of every pixel that is not ignored, (P,) each."""
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


def _iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (left, upper, width, height): (A, 4) and (B, 4) give (A, B)."""
    start = np.maximum(boxes[:, None, :2], others[None, :, :2])
    end = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], (others[:, :2] + others[:, 2:])[None])
    common = np.maximum(end - start, 0).prod(axis=2)
    return common / (boxes[:, 2:].prod(axis=1)[:, None] + others[:, 2:].prod(axis=1)[None] - common)
