"""What is measured on each photograph and mosaic: the rows that a report is made from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cam.compare import ask
from cam.comparison import Comparison
from cam.evaluation.contenders import GAUSSIAN, Contenders
from cam.evaluation.records import Row
from cam.evaluation.registry import CLASS_MEAN, COMMON, HALF_PIXEL, OWN, PAIRS
from cam.evidence import Evidence
from cam.maps.cells import COMMON_SIDE, CellGrid, centred_gaussian, pooled
from cam.maps.closed_forms import weighted_map
from cam.measures.mask_scores import boundary_agreement, energy_in_mask, instance_scores, pixel_scores
from cam.measures.masks import BACKGROUND, IGNORE, InstanceMask, check_size
from cam.measures.pointing import four_objects, native_mosaic, tile_shares
from cam.measures.similarity import agreement, centre_shift, entropy, pearson, spearman
from cam.question import Question
from models.classifier import only_linear_layer
from models.efficientnet import cell_centres
from models.network import Network
from models.normalisation import Normalisation
from models.outputs import probabilities

SCORED_SIZE = 112
ONE_CLASS, FOUR_CLASSES = MOSAICS = ("one class", "four classes")
Maps = dict[str, tuple[np.ndarray, CellGrid]]  # reading -> raw maps (N, n, n) and where their cells look
Scores = dict[str, dict[str, dict[str, float]]]  # measurement -> reading -> training -> score


@dataclass(frozen=True)
class Scored:
    """One photograph to measure on.

    Attributes:
        name: shown and recorded.
        path: of the file.
        kinds: for each kind of object that it shows, the class indices that the kind counts as.
        mask: its objects, or None.
        cluster: name of its class; "" where the photograph is a cluster of its own.
    """

    name: str
    path: Path
    kinds: tuple[tuple[int, ...], ...]
    mask: InstanceMask | None = None
    cluster: str = ""


def readings(maps: np.ndarray, grid: CellGrid, mean_map: np.ndarray | None, side: int = COMMON_SIDE) -> Maps:
    """The ways to read raw maps (N, n, n); all but the first are controls.

    ``own``: at the cells' measured places. ``common``: the same on ``side`` x ``side`` equal squares, where a finer grid
    has no advantage. ``class mean``: minus the mean of all classes' maps, which softmax ignores; missing where the method
    has no such mean. ``half-pixel``: with the cells spread evenly, as maps are usually drawn.
    """
    found = {
        OWN: (maps, grid),
        COMMON: (pooled(maps, grid, side), CellGrid.even(side)),
        HALF_PIXEL: (maps, CellGrid.even(maps.shape[-1])),
    }
    return found if mean_map is None else found | {CLASS_MEAN: (maps - mean_map, grid)}


def measure_photographs(
    photographs: Sequence[Scored],
    pictures: Sequence[Image.Image],
    arms: Contenders,
    question: Question,
    turn: int = 0,
) -> list[Row]:
    """One row of numbers for every photograph; scores of several kinds of objects in one photograph are averaged.

    Args:
        photographs: what is known about them.
        pictures: the images themselves.
        arms: what is measured.
        question: the method and view.
        turn: which draw of random weights is measured.

    Raises:
        ValueError: a mask has another size than its photograph, or logits or maps are not finite.
    """
    for photograph, picture in zip(photographs, pictures, strict=True):
        if photograph.mask is not None:
            check_size(photograph.mask, picture, photograph.name)
    random = arms.random(turn)
    seen = ask({**arms.trained, **random}, pictures, question)
    rounds: list[list[Scores]] = [[] for _ in photographs]
    for again in range(max(len(photograph.kinds) for photograph in photographs)):
        kinds = [photograph.kinds[min(again, len(photograph.kinds) - 1)] for photograph in photographs]
        explained = seen.explain(classes_explained(seen.logits, kinds, arms, seen.outputs))
        if again == 0:
            pairs, floors = _pairs(explained, arms), _pairs(explained, arms, apart=1)
        scored = _photograph_scores(explained, [one.mask for one in photographs], arms, random)
        for row, photograph in enumerate(photographs):
            if again < len(photograph.kinds):
                rounds[row].append(scored[row])
    return [
        Row(
            names=[photograph.name],
            cluster=photograph.cluster or photograph.name,
            scores=_mean(rounds[row]),
            right=_right(seen, row, photograph, arms),
            pairs=_of_row(pairs, row),
            floors=_of_row(floors, row) if len(photographs) > 1 else {},
        )
        for row, photograph in enumerate(photographs)
    ]


def measure_mosaics(
    kind: str,
    tiles: Sequence[Sequence[Scored]],
    pictures: Sequence[Sequence[Image.Image]],
    arms: Contenders,
    question: Question,
    turn: int = 0,
) -> list[Row]:
    """One row of numbers for every 2 x 2 mosaic; every network sees its tiles at the size of its photographs.

    Args:
        kind: ``"one class"``: are all four objects found? ``"four classes"``: is the evidence on the right tile?
        tiles, pictures: four for every mosaic, row by row.
        arms, question, turn: as for ``measure_photographs``.

    Raises:
        ValueError: logits or maps are not finite.
    """
    networks = {**arms.trained, **arms.random(turn)}
    seen = _evidence_of_mosaics(networks, pictures, question.view)
    outputs = next(iter(networks.values())).outputs
    logits = {key: one.logits(one.features).cpu().numpy() for key, one in seen.items()}
    rounds: list[list[Scores]] = [[] for _ in tiles]
    for tile in range(1 if kind == ONE_CLASS else 4):
        classes = np.array(classes_explained(logits, [row[tile].kinds[0] for row in tiles], arms, outputs))
        scores: list[Scores] = [_nested() for _ in tiles]
        for key, found in _mosaic_maps(networks, seen, logits, classes, arms, question).items():
            for reading, (maps, grid) in found.items():
                named = (
                    dict(zip(("objects-found", "worst-object", "evenness"), four_objects(maps, grid), strict=True))
                    if kind == ONE_CLASS
                    else {"pointing": tile_shares(maps, grid)[:, tile]}
                )
                for name, values in named.items():
                    for row, value in enumerate(values):
                        scores[row][name][reading][key] = float(value)
        for row, one in enumerate(scores):
            rounds[row].append(one)
    return [
        Row(names=[one.name for one in row], cluster=row[0].cluster or row[0].name, scores=_mean(found))
        for row, found in zip(tiles, rounds, strict=True)
    ]


def classes_explained(
    logits: Mapping[str, np.ndarray], kinds: Sequence[Sequence[int]], arms: Contenders | Iterable[str], outputs: str
) -> list[int]:
    """For each object, the class among those it counts as that the study's networks find most probable on average."""
    keys = arms.variants if isinstance(arms, Contenders) else arms
    mean = np.mean([probabilities(logits[key], outputs) for key in keys], axis=0)
    return [max(kind, key=lambda class_idx: row[class_idx]) for row, kind in zip(mean, kinds, strict=True)]


def _photograph_scores(
    explained: Comparison, masks: Sequence[InstanceMask | None], arms: Contenders, random: Mapping[str, Network]
) -> list[Scores]:
    """Concentration of every map, and the scores that masks allow."""
    variant = arms.baseline
    labels = [
        None if mask is None else _labels(mask, int(explained.class_idx[variant][row]), explained.question.view)
        for row, mask in enumerate(masks)
    ]
    scores: list[Scores] = [_nested() for _ in masks]
    for key, found in _all_maps(explained, arms, random).items():
        for reading, (maps, grid) in found.items():
            for row, value in enumerate(-entropy(maps, grid)):
                scores[row]["concentration"][reading][key] = float(value)
            for row, label in enumerate(labels):
                if label is not None:
                    drawn = grid.drawn(maps[row : row + 1], SCORED_SIZE)[0]
                    for name, value in _mask_scores(drawn, label, masks[row].outline).items():  # type: ignore[union-attr]
                        scores[row][name][reading][key] = value
    return scores


def _labels(mask: InstanceMask, class_idx: int, view: str) -> np.ndarray | None:
    """The objects of a class in a view; None where it shows no such object, or nothing else."""
    labels = mask.labels(class_idx, view, SCORED_SIZE)
    return None if len(np.unique(labels[labels != IGNORE] != BACKGROUND)) < 2 else labels


def _mask_scores(drawn: np.ndarray, labels: np.ndarray, outline: bool) -> dict[str, float]:
    pixels = pixel_scores(drawn, labels)
    found = {"auroc": pixels.auroc, "energy": energy_in_mask(drawn, labels).share}
    if outline:
        found |= {"average-precision": pixels.average_precision, "boundary": boundary_agreement(drawn, labels)}
    if len(set(np.unique(labels)) - {BACKGROUND, IGNORE}) > 1:
        found["instance-recall"] = instance_scores(drawn, labels).recall
    return found


def _all_maps(explained: Comparison, arms: Contenders, random: Mapping[str, Network]) -> dict[str, Maps]:
    """Maps by training and reading; random weights and the Gaussian have one reading."""
    gaussian = centred_gaussian()[None].repeat(len(explained.names), axis=0)
    found: dict[str, Maps] = {GAUSSIAN: {OWN: (gaussian, CellGrid.even(gaussian.shape[-1]))}}
    found |= {key: {OWN: (explained.maps[key], explained.grid(key))} for key in random}
    for key in arms.trained:
        mean = _mean_map(explained.evidence[key], explained.question)
        found[key] = readings(explained.maps[key], explained.grid(key), mean)
    return found


def _mean_map(evidence: Evidence, question: Question) -> np.ndarray | None:
    """Mean of the maps over all classes, (N, h, w), because CAM is linear in the classifier's weights; None for other methods."""
    if question.method != "cam" or evidence.mirrored is not None:
        return None
    weights = only_linear_layer(evidence.head).weight.detach().mean(dim=0).expand(len(evidence.features), -1)
    return weighted_map(evidence.features, weights).cpu().numpy()


def _evidence_of_mosaics(
    networks: Mapping[str, Network], pictures: Sequence[Sequence[Image.Image]], view: str
) -> dict[str, Evidence]:
    inputs: dict[tuple[int, Normalisation], torch.Tensor] = {}
    found = {}
    for key, network in networks.items():
        taken = (network.scaling.input_size, network.normalisation)
        if taken not in inputs:
            tiles = [[network.transform(picture, view) for picture in row] for row in pictures]
            inputs[taken] = torch.stack([native_mosaic(row) for row in tiles])
        found[key] = Evidence(network.features(inputs[taken]), network.head)
    return found


def _mosaic_maps(
    networks: Mapping[str, Network],
    seen: Mapping[str, Evidence],
    logits: Mapping[str, np.ndarray],
    classes: np.ndarray,
    arms: Contenders,
    question: Question,
) -> dict[str, Maps]:
    gaussian = centred_gaussian()[None].repeat(len(classes), axis=0)
    found: dict[str, Maps] = {GAUSSIAN: {OWN: (gaussian, CellGrid.even(gaussian.shape[-1]))}}
    for key, network in networks.items():
        evidence = seen[key]
        maps = evidence.maps(question.method, evidence.features, torch.from_numpy(logits[key]), classes)
        side = 2 * network.scaling.input_size
        grid = CellGrid(tuple(cell_centres(network.model.features, side)), side, network.cell_offset())
        mean = _mean_map(evidence, question)
        found[key] = readings(maps, grid, mean, 2 * COMMON_SIDE) if key in arms.trained else {OWN: (maps, grid)}
    return found


def _pairs(explained: Comparison, arms: Contenders, apart: int = 0) -> dict[str, np.ndarray]:
    """Compare the maps of two trainings, name -> (N, pairs); ``apart`` compares each with that of another photograph."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in PAIRS}
    common = {key: pooled(explained.maps[key], explained.grid(key)) for key in arms.trained}
    for one, other in arms.pairs:
        turned = np.roll(common[other], apart, axis=0)
        found["correlation"].append(pearson(common[one], turned))
        found["rank-correlation"].append(spearman(common[one], turned))
        shifted = np.roll(explained.maps[other], apart, axis=0)
        found["centre-shift"].append(
            centre_shift(explained.maps[one], explained.grid(one), shifted, explained.grid(other))
        )
        found["agreement"].append(agreement(explained.logits[one], np.roll(explained.logits[other], apart, axis=0)))
    shape = len(arms.pairs), len(explained.names)
    return {name: np.array(values, dtype=np.float64).reshape(shape).T for name, values in found.items()}


def _of_row(values: Mapping[str, np.ndarray], row: int) -> dict[str, list[float]]:
    """What ``_pairs`` says of one photograph, as a report keeps it."""
    return {name: [round(float(value), 5) for value in one[row]] for name, one in values.items()}


def _right(seen: Comparison, row: int, photograph: Scored, arms: Contenders) -> dict[str, bool]:
    shown = {class_idx for kind in photograph.kinds for class_idx in kind}
    return {key: int(seen.logits[key][row].argmax()) in shown for key in arms.trained}


def _nested() -> Scores:
    return defaultdict(lambda: defaultdict(dict))


def _mean(rounds: Sequence[Scores]) -> Scores:
    """Mean over the rounds that have a score, rounded for the record."""
    found: Scores = _nested()
    for name in dict.fromkeys(name for one in rounds for name in one):
        having = [one[name] for one in rounds if name in one]
        for reading, of_first in having[0].items():
            for key in of_first:
                found[name][reading][key] = round(float(np.mean([one[reading][key] for one in having])), 5)
    return {name: {reading: dict(found[name][reading]) for reading in found[name]} for name in found}
