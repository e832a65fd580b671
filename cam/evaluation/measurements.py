"""What is measured on each photograph and mosaic: MEASUREMENTS by name, and the rows that a report is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from cam.cells import CellGrid, centred_gaussian, pooled
from cam.comparing import compare
from cam.comparison import Comparison
from cam.masks import BACKGROUND, IGNORE, InstanceMask, check_size
from cam.metrics import box_hits, box_overlaps, energy_in_mask, instance_scores, pixel_scores
from cam.pointing import LAYOUTS, mosaic, tile_shares
from cam.similarity import agreement, centre_shift, entropy, pearson, spearman
from cam.targets import softmax
from models.network import Network

OWN, POOLED, SIGNED, HALF_PIXEL = READINGS = ("own", "pooled", "signed", "half-pixel")
GAUSSIAN, RANDOM = "gaussian", "random:"  # scores of no network; prefix of the networks with random weights
SCORED_SIZE = 224
Scores = dict[str, np.ndarray]  # "measurement|network|reading" -> score of each image, (N, ...)


@dataclass(frozen=True)
class Measurement:
    """One score: what it is called, what it says, and which part of the paper's claim it can support.

    ``better`` is 1 where a higher score supports the claim, -1 where a lower one does.
    """

    label: str
    summary: str
    claim: str = ""
    better: int = 1


REGIONS, DETAIL, OBJECTS = CLAIMS = ("more relevant regions", "more object details", "captures all objects")
MEASUREMENTS = {
    "pointing-1x2": Measurement("Pointing, 1x2", "evidence on the class's half of a mosaic; chance 0.5", REGIONS),
    "pointing-2x2": Measurement("Pointing, 2x2", "evidence on the class's quarter of a mosaic; chance 0.25", REGIONS),
    "energy": Measurement("Energy in mask", "share of the positive evidence on the objects", REGIONS),
    "energy-ratio": Measurement("Energy to chance", "that share over the objects' share of the area; chance 1"),
    "auroc": Measurement("AUROC", "a pixel of an object ranks above one of the background; chance 0.5"),
    "average-precision": Measurement("Average precision", "of pixels, over all thresholds", DETAIL),
    "best-iou": Measurement("Best IoU", "overlap with the objects at the best threshold", DETAIL),
    "boxes": Measurement("MaxBoxAccV2", "photographs with a right box, over overlaps 0.3, 0.5 and 0.7"),
    "entropy": Measurement("Entropy", "spread of the evidence in nats; 0 is uniform, lower is denser", DETAIL, -1),
    "worst-instance": Measurement("Worst object's mean", "mean of the map on the least covered of several", OBJECTS),
    "instance-recall": Measurement("Objects found", "of several, those with half the map's maximum", OBJECTS),
}  # fmt: skip
PAIRS = {
    "correlation": "Pearson correlation of raw registered maps pooled to 7 x 7",
    "rank-correlation": "Spearman correlation of the same",
    "centre-shift": "distance of the centres of mass, share of the side",
    "agreement": "share of images with the same top-1",
}


@dataclass(frozen=True)
class Photograph:
    """One image to measure on.

    Attributes:
        name: shown and recorded.
        path: of the file.
        kinds: for each kind of object that it shows, the class indices that the kind counts as.
        mask: its objects, or None.
    """

    name: str
    path: Path
    kinds: tuple[tuple[int, ...], ...]
    mask: InstanceMask | None = None


@dataclass(frozen=True)
class Networks:
    """Networks to measure, by name.

    Attributes:
        own: the study's; differences are taken to the first, the baseline.
        seeds: the baseline trained again from other seeds.
        random: the study's architectures with random weights, names with the prefix ``RANDOM``.
        ancestor: what the study's networks descend from, at most one; compared with them, but not scored.
    """

    own: Mapping[str, Network]
    seeds: Mapping[str, Network]
    random: Mapping[str, Network]
    ancestor: Mapping[str, Network] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, Network]:
        return {**self.own, **self.seeds, **self.random, **self.ancestor}

    @property
    def baseline(self) -> str:
        return next(iter(self.own))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every two variants, every two trainings of the baseline, and each variant with the ancestor."""
        found = [*combinations(self.own, 2), *combinations((self.baseline, *self.seeds), 2)]
        return found + [(key, ancestor) for ancestor in self.ancestor for key in self.own]


def readings(maps: np.ndarray, grid: CellGrid) -> dict[str, tuple[np.ndarray, CellGrid]]:
    """The ways to read raw maps (N, n, n), of which all but the first are controls.

    ``own``: positive evidence at its true place. ``pooled``: the same on the common 7 x 7 grid. ``signed``: without
    ReLU, from the map's minimum up. ``half-pixel``: positive evidence with the cells spread evenly, as it is usually
    drawn.
    """
    positive, common = np.maximum(maps, 0), pooled(maps, grid)
    return {
        OWN: (positive, grid),
        POOLED: (np.maximum(common, 0), CellGrid.even(common.shape[-1])),
        SIGNED: (maps - maps.min(axis=(1, 2), keepdims=True), grid),
        HALF_PIXEL: (positive, CellGrid.even(maps.shape[-1])),
    }


def measure_photographs(
    photographs: Sequence[Photograph], pictures: Sequence[Image.Image], networks: Networks, method: str, view: str
) -> list[dict]:
    """One row of numbers for every photograph; scores of several kinds of objects in one are averaged.

    Returns:
        For each photograph ``name``, ``right`` (network -> whether its top-1 is a class of the photograph), ``scores``
        ("measurement|network|reading" -> number) and ``pairs`` ("measurement|network|network" -> number).

    Raises:
        ValueError: a mask has another size than its photograph, or logits or maps are not finite.
    """
    for photograph, picture in zip(photographs, pictures, strict=True):
        if photograph.mask is not None:
            check_size(photograph.mask, picture, photograph.name)
    seen = compare(networks.all, pictures, method, "shared", view)
    scores: list[list[dict]] = [[] for _ in photographs]
    pairs: list[list[dict]] = [[] for _ in photographs]
    for turn in range(max(len(photograph.kinds) for photograph in photographs)):
        kinds = [photograph.kinds[min(turn, len(photograph.kinds) - 1)] for photograph in photographs]
        explained = seen.explain(classes_explained(seen, kinds, networks))
        spread, similar = _spread(explained, networks), _pairs(explained, networks)
        for row, photograph in enumerate(photographs):
            if turn < len(photograph.kinds):
                masked = _mask_scores(explained, row, photograph.mask, networks)
                scores[row].append({key: values[row] for key, values in spread.items()} | masked)
                pairs[row].append({key: values[row] for key, values in similar.items()})
    return [
        {"name": photograph.name, "right": right, "scores": _mean(scores[row]), "pairs": _mean(pairs[row])}
        for row, (photograph, right) in enumerate(zip(photographs, _right(seen, photographs, networks), strict=True))
    ]


def measure_mosaics(
    tiles: Sequence[Sequence[Photograph]],
    pictures: Sequence[Sequence[Image.Image]],
    layout: str,
    networks: Networks,
    method: str,
    view: str,
) -> list[dict]:
    """One row of numbers for every mosaic: the grid pointing game, averaged over its tiles.

    Returns:
        For each mosaic ``tiles`` (names) and ``scores``.

    Raises:
        ValueError: logits or maps are not finite.
    """
    seen = compare(networks.all, [mosaic(row, layout) for row in pictures], method, "shared", view)
    rows, columns = LAYOUTS[layout]
    turns = []
    for tile in range(rows * columns):
        explained = seen.explain(classes_explained(seen, [row[tile].kinds[0] for row in tiles], networks))
        turns.append(
            {
                f"pointing-{layout}|{key}": tile_shares(maps, grid, layout)[:, tile]
                for key, (maps, grid) in _all_readings(explained, networks).items()
            }
        )
    scores = [
        _mean([{key: values[row] for key, values in turn.items()} for turn in turns]) for row in range(len(tiles))
    ]
    return [{"tiles": [one.name for one in row], "scores": found} for row, found in zip(tiles, scores, strict=True)]


def classes_explained(seen: Comparison, kinds: Sequence[Sequence[int]], networks: Networks) -> list[int]:
    """Of the classes that an object counts as, the one that the study's networks find most probable on average."""
    probabilities = np.mean([softmax(seen.logits[key]) for key in networks.own], axis=0)
    return [max(kind, key=lambda class_idx: row[class_idx]) for row, kind in zip(probabilities, kinds, strict=True)]


def grid_of(comparison: Comparison, key: str) -> CellGrid:
    """Where the cells of a variant's maps look."""
    facts = comparison.variants[key]
    return CellGrid(facts.centres, facts.scaling.input_size)


def _all_readings(explained: Comparison, networks: Networks) -> dict[str, tuple[np.ndarray, CellGrid]]:
    """Maps and grid by "network|reading"; random weights and the Gaussian, of no network, have one reading."""
    gaussian = centred_gaussian()[None].repeat(len(explained.names), axis=0)
    found = {f"{GAUSSIAN}|{OWN}": (gaussian, CellGrid.even(gaussian.shape[-1]))}
    scored = {key: maps for key, maps in explained.maps.items() if key not in networks.ancestor}
    for key, maps in scored.items():
        chosen = [OWN] if key in networks.random else READINGS
        ways = readings(maps, grid_of(explained, key))
        found |= {f"{key}|{reading}": ways[reading] for reading in chosen}
    return found


def _spread(explained: Comparison, networks: Networks) -> Scores:
    return {f"entropy|{key}": entropy(maps, grid) for key, (maps, grid) in _all_readings(explained, networks).items()}


def _pairs(explained: Comparison, networks: Networks) -> Scores:
    """Maps of two networks against each other, for the pairs that matter."""
    found: Scores = {}
    for one, other in networks.pairs:
        maps, grids = [explained.maps[key] for key in (one, other)], [grid_of(explained, key) for key in (one, other)]
        common = [pooled(values, grid) for values, grid in zip(maps, grids, strict=True)]
        found[f"correlation|{one}|{other}"] = pearson(*common)
        found[f"rank-correlation|{one}|{other}"] = spearman(*common)
        found[f"centre-shift|{one}|{other}"] = centre_shift(maps[0], grids[0], maps[1], grids[1])
        found[f"agreement|{one}|{other}"] = agreement(explained.logits[one], explained.logits[other])
    return found


def _mask_scores(
    explained: Comparison, row: int, mask: InstanceMask | None, networks: Networks
) -> dict[str, np.ndarray]:
    """Scores of one photograph; none where it has no mask, or the view shows no object of the class or nothing else."""
    if mask is None:
        return {}
    class_idx = int(explained.class_idx[networks.baseline][row])
    labels = mask.labels(class_idx, explained.view, SCORED_SIZE)
    if len(np.unique(labels[labels != IGNORE] != BACKGROUND)) < 2:
        return {}
    several = len(set(np.unique(labels)) - {BACKGROUND, IGNORE}) > 1
    scores: dict[str, np.ndarray] = {}
    for key, (maps, grid) in _all_readings(explained, networks).items():
        drawn = grid.drawn(maps[row : row + 1], SCORED_SIZE)[0]
        energy, pixels = energy_in_mask(drawn, labels), pixel_scores(drawn, labels)
        named: dict[str, float | np.ndarray] = {
            "energy": energy.share, "energy-ratio": energy.ratio, "auroc": pixels.auroc,
            "average-precision": pixels.average_precision, "best-iou": pixels.best_iou,
            "boxes": box_hits(box_overlaps(drawn, labels)),
        }  # fmt: skip
        if several:
            instances = instance_scores(drawn, labels)
            named |= {"worst-instance": instances.worst_mean, "instance-recall": instances.recall}
        scores |= {f"{name}|{key}": np.asarray(value) for name, value in named.items()}
    return scores


def _right(seen: Comparison, photographs: Sequence[Photograph], networks: Networks) -> list[dict[str, bool]]:
    top1 = {key: seen.logits[key].argmax(axis=1) for key in (*networks.own, *networks.seeds)}
    shown = [{class_idx for kind in photograph.kinds for class_idx in kind} for photograph in photographs]
    return [{key: int(found[row]) in classes for key, found in top1.items()} for row, classes in enumerate(shown)]


def _mean(turns: list[dict[str, np.ndarray]]) -> dict[str, float | list]:
    """Mean over the turns that have a score, rounded for the record."""
    keys = dict.fromkeys(key for turn in turns for key in turn)
    return {key: np.round(np.mean([turn[key] for turn in turns if key in turn], axis=0), 6).tolist() for key in keys}
