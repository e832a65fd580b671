"""Predictions and measurements of one image: a row for each variant."""

import msgspec
import numpy as np

from cam.comparison import Comparison
from cam.maps.cells import pooled
from cam.measures.mask_scores import energy_in_mask, instance_scores, pixel_scores
from cam.measures.masks import BACKGROUND, IGNORE, InstanceMask
from cam.measures.similarity import centre_shift, entropy, pearson
from models.studies import baseline_of

TOP = 5
SCORED_SIZE = 224
MEASURES = {
    "peak": "largest value of the map, in its unit",
    "entropy": "spread of the evidence in nats; 0 is uniform, lower is denser",
    "correlation": "Pearson correlation with the baseline's map, pooled to 7 x 7",
    "centre_shift": "distance to the baseline's centre of mass, share of the side",
    "energy": "share of the positive evidence on the mask's objects",
    "energy_ratio": "that share over the objects' share of the area; chance 1",
    "auroc": "a pixel of an object ranks above one of the background; chance 0.5",
    "average_precision": "of pixels, over all thresholds",
    "best_iou": "overlap with the objects at the best threshold",
    "worst_instance": "mean of the map on the least covered of several objects",
    "instance_recall": "of several objects, those with half the map's maximum",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one variant on an image.

    Attributes:
        variant: its key.
        explained: name of the class that its map explains.
        probability: of that class.
        classes: names of the five most probable classes, or of all where there are fewer.
        probabilities: of these.
        out_of_class: whether the image may show none of the classes; None where that was not measured.
        measures: those of ``MEASURES`` that the image has.
    """

    variant: str
    explained: str
    probability: float
    classes: list[str]
    probabilities: list[float]
    out_of_class: bool | None = None
    measures: dict[str, float]


def rows_of(comparison: Comparison, mask: InstanceMask | None = None) -> list[Row]:
    """The results of every variant on the one image of a comparison.

    Scores against a mask need objects of the explained class in view, and background.
    """
    baseline = baseline_of(comparison.variants)
    reference, reference_grid = comparison.maps[baseline], comparison.grid(baseline)
    judged = comparison.out_of_class
    rows = []
    for key, maps in comparison.maps.items():
        grid, probabilities = comparison.grid(key), comparison.probabilities(key)[0]
        explained = int(comparison.class_idx[key][0])
        best = np.argsort(-probabilities, kind="stable")[:TOP]
        measures = {
            "peak": maps.max(),
            "entropy": entropy(maps, grid)[0],
            "correlation": pearson(pooled(maps, grid), pooled(reference, reference_grid))[0],
            "centre_shift": centre_shift(maps, grid, reference, reference_grid)[0],
            **_mask_scores(grid.drawn(maps, SCORED_SIZE)[0], mask, explained, comparison.question.view),
        }
        rows.append(
            Row(
                variant=key,
                explained=comparison.categories[explained],
                probability=_rounded(probabilities[explained]),
                classes=[comparison.categories[index] for index in best],
                probabilities=[_rounded(probabilities[index]) for index in best],
                out_of_class=None if judged is None else judged[0],
                measures={name: _rounded(value) for name, value in measures.items()},
            )
        )
    return rows


def _mask_scores(drawn: np.ndarray, mask: InstanceMask | None, class_idx: int, view: str) -> dict[str, float]:
    """Scores against a mask; empty where there is no mask, or the view shows no object of the class or nothing else."""
    if mask is None:
        return {}
    labels = mask.labels(class_idx, view, SCORED_SIZE)
    if len(np.unique(labels[labels != IGNORE] != BACKGROUND)) < 2:
        return {}
    energy, pixels = energy_in_mask(drawn, labels), pixel_scores(drawn, labels)
    scores = {
        "energy": energy.share,
        "energy_ratio": energy.ratio,
        "auroc": pixels.auroc,
        "average_precision": pixels.average_precision,
        "best_iou": pixels.best_iou,
    }
    if len(set(np.unique(labels)) - {BACKGROUND, IGNORE}) > 1:
        instances = instance_scores(drawn, labels)
        scores |= {"worst_instance": instances.worst_mean, "instance_recall": instances.recall}
    return scores


def _rounded(value: float) -> float:
    return round(float(value), 6)
