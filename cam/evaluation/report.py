"""Rows of numbers -> a report: means, contrasts with intervals and tests, pairs of networks, single images."""

from collections.abc import Sequence
from itertools import product

import msgspec
import numpy as np

from cam.evaluation.contenders import AT_SIZE, CONTROL, GAUSSIAN, RANDOM, VARIANT, Contender, Contenders
from cam.evaluation.records import (
    ALL,
    FORMAT,
    RECOGNISED,
    About,
    Arm,
    Contrast,
    Finding,
    Interval,
    Kept,
    Pair,
    Report,
    Row,
    Training,
)
from cam.evaluation.registry import MEASUREMENTS, OWN, PAIRS, PRIMARY, READINGS
from cam.evaluation.statistics import Spread, between_trainings, holm, intervals, share_better, significance
from cam.question import Question
from models.engine import engine_words

KEPT = (*PRIMARY.values(), "energy", "pointing")  # measurements whose scores are kept for every single image
DIGITS = 3


class Scores:
    """One measurement in one reading: arms and their trainings on the same images.

    Attributes:
        clusters: of the images.
        arms: arm -> score of each image, the mean over trainings, (N,).
        trainings: training -> mean over the images it was measured on.
    """

    def __init__(self, rows: Sequence[Row], name: str, reading: str, arms: Contenders):
        found = [row.scores[name][reading] for row in rows]
        self.clusters = [row.cluster for row in rows]
        self.arms: dict[str, np.ndarray] = {}
        self.trainings: dict[str, float] = {}
        for key, arm in arms.arms.items():
            names = [GAUSSIAN] if key == GAUSSIAN else list(arm.trainings)
            values = np.array([[one.get(training, np.nan) for training in names] for one in found])
            if np.isfinite(values).any(axis=1).all():
                self.arms[key] = np.nanmean(values, axis=1)
                known = np.isfinite(values).any(axis=0)
                self.trainings |= {
                    one: float(np.nanmean(values[:, place])) for place, one in enumerate(names) if known[place]
                }


def build_report(
    photographs: Sequence[Row], mosaics: Sequence[Row], arms: Contenders, question: Question, about: About
) -> Report:
    """Sum up what was measured.

    Args:
        photographs: rows of photographs.
        mosaics: rows of mosaics, of one class and of four.
        arms: what was measured.
        question: the method and view.
        about: what the report is about.
    """
    groups = _groups(photographs, mosaics, arms)
    findings = [
        _finding(rows, name, reading, group, arms)
        for name, reading, (group, rows) in product(MEASUREMENTS, READINGS, groups.items())
        if (group == ALL or reading == OWN) and _rows_with(rows, name, reading, arms)
    ]
    return Report(
        format=FORMAT,
        about=about,
        method=question.method,
        view=question.view,
        subject=arms.subject,
        baseline=arms.baseline,
        photographs=[row.names[0] for row in photographs],
        images={group: sum(bool(row.right) for row in rows) for group, rows in groups.items()},
        arms={key: _arm(arm) for key, arm in arms.arms.items()},
        trainings=_trainings(photographs, arms),
        findings=_corrected(findings, arms),
        pairs=_pairs(photographs, arms),
        kept=_kept([*photographs, *mosaics], arms),
    )


def rivals(arms: Contenders) -> list[str]:
    """The arms that the subject has to beat: the other variants, the baseline's weights at its size, and other networks."""
    return [
        key
        for key, arm in arms.arms.items()
        if key != arms.subject and (arm.role in (VARIANT, CONTROL) or (arm.role == AT_SIZE and arm.of == arms.subject))
    ]


def _groups(photographs: Sequence[Row], mosaics: Sequence[Row], arms: Contenders) -> dict[str, list[Row]]:
    """All images, and those whose photographs every variant recognises."""
    right = {row.names[0]: all(row.right[key] for key in arms.variants) for row in photographs}
    rows = [*photographs, *mosaics]
    return {ALL: rows, RECOGNISED: [row for row in rows if all(right.get(name, False) for name in row.names)]}


def _rows_with(rows: Sequence[Row], name: str, reading: str, arms: Contenders) -> list[Row]:
    return [row for row in rows if arms.baseline in row.scores.get(name, {}).get(reading, {})]


def _finding(rows: Sequence[Row], name: str, reading: str, group: str, arms: Contenders) -> Finding:
    rows = _rows_with(rows, name, reading, arms)
    scores = Scores(rows, name, reading, arms)
    trained = [one for one in arms.arms.values() if one.role == VARIANT]
    spread = between_trainings([[scores.trainings[key] for key in arm.trainings] for arm in trained])
    means = intervals(np.stack(list(scores.arms.values()), axis=1), scores.clusters)
    wanted = [(one, other) for one, other in _contrasts(arms) if {one, other} <= scores.arms.keys()]
    found = [_contrast(scores, one, other, arms, spread) for one, other in wanted]
    return Finding(
        name,
        reading,
        group,
        len(rows),
        len(set(scores.clusters)),
        spread.deviation if spread else None,
        {key: _rounded(mean) for key, mean in zip(scores.arms, means, strict=True)},
        {key: round(value, 5) for key, value in scores.trainings.items()},
        found,
    )


def _contrast(scores: Scores, one: str, other: str, arms: Contenders, spread: Spread | None) -> Contrast:
    values = scores.arms[one] - scores.arms[other]
    counts = len(arms.arms[one].trainings), len(arms.arms[other].trainings)
    test = significance(values, scores.clusters, spread, counts)
    (interval,) = intervals(values, scores.clusters)
    return Contrast(
        one,
        other,
        difference=_rounded(interval),
        with_seeds=_rounded(test.interval) if spread else None,
        p=test.p,
        better=round(share_better(values), 4),
        over_spread=round(interval.estimate / spread.deviation, 2) if spread and spread.deviation else None,
    )


def _contrasts(arms: Contenders) -> list[tuple[str, str]]:
    """Pairs of arms to compare: the subject with its rivals and controls, everything with the baseline, and each variant
    with the baseline's weights at its size.
    """
    about = [key for key, arm in arms.arms.items() if arm.role in (RANDOM, AT_SIZE) and arm.of == arms.subject]
    found = [(arms.subject, key) for key in (*rivals(arms), *about, GAUSSIAN)]
    found += [(key, arms.baseline) for key in arms.arms if key != arms.baseline]
    found += [(arm.of, key) for key, arm in arms.arms.items() if arm.role == AT_SIZE]
    return list(dict.fromkeys(found))


def _corrected(findings: Sequence[Finding], arms: Contenders) -> list[Finding]:
    """Holm's correction over the primary outcomes against everything that the subject has to beat."""
    family = [
        (place, row)
        for place, finding in enumerate(findings)
        if (finding.reading, finding.group) == (OWN, ALL) and MEASUREMENTS[finding.measurement].primary
        for row, contrast in enumerate(finding.contrasts)
        if contrast.one == arms.subject and contrast.other in rivals(arms)
    ]
    corrected = dict(zip(family, holm([findings[place].contrasts[row].p for place, row in family]), strict=True))
    return [
        msgspec.structs.replace(
            finding,
            contrasts=[
                msgspec.structs.replace(contrast, holm=corrected.get((place, row)))
                for row, contrast in enumerate(finding.contrasts)
            ],
        )
        for place, finding in enumerate(findings)
    ]


def _arm(arm: Contender) -> Arm:
    return Arm(arm.label, arm.role, arm.of, list(arm.trainings))


def _trainings(photographs: Sequence[Row], arms: Contenders) -> dict[str, Training]:
    return {
        key: Training(
            network.label,
            network.provenance,
            network.note,
            network.scaling.input_size,
            network.family,
            network.fingerprint,
            network.cell_offset(),
            round(float(np.mean([row.right[key] for row in photographs])), 5),
            engine_words(network.engine),
        )
        for key, network in arms.trained.items()
    }


def _pairs(photographs: Sequence[Row], arms: Contenders) -> list[Pair]:
    clusters = [row.cluster for row in photographs]
    found = []
    for name in PAIRS:
        if not arms.pairs:
            break
        values = np.array([row.pairs[name] for row in photographs])
        floors = np.array([row.floors[name] for row in photographs if row.floors])
        for place, ((one, other), mean) in enumerate(zip(arms.pairs, intervals(values, clusters), strict=True)):
            floor = round(float(floors[:, place].mean()), 5) if len(floors) else None
            found.append(Pair(name, one, other, _rounded(mean), floor))
    return found


def _kept(rows: Sequence[Row], arms: Contenders) -> list[Kept]:
    """Scores of the variants on every single image."""
    found = []
    for name in KEPT:
        measured = _rows_with(rows, name, OWN, arms)
        if measured:
            scores = Scores(measured, name, OWN, arms).arms
            columns: dict[str, list[float | None]] = {
                key: [round(float(one), DIGITS) for one in scores[key]] for key in arms.variants
            }
            found.append(Kept(name, [row.names for row in measured], columns))
    return found


def _rounded(interval: Interval) -> Interval:
    return Interval(*(round(value, 5) for value in interval))
