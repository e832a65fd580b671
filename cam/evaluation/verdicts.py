"""What a report says of each statement of the paper: holds, does not hold, or cannot be told, and after which controls.

Everything follows from the report's intervals. A difference counts where its interval excludes zero and it is larger
than the noise floor, if one was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from cam.evaluation.measurements import (
    CLAIMS,
    GAUSSIAN,
    HALF_PIXEL,
    MEASUREMENTS,
    OWN,
    POOLED,
    RANDOM,
    READINGS,
    SIGNED,
)
from cam.evaluation.report import ALL, ENOUGH, RECOGNISED, headline, signed
from cam.evaluation.rows import column
from cam.evaluation.statistics import Interval, mean_interval
from cam.pointing import LAYOUTS

NEGLIGIBLE = 1e-3  # a smaller difference is rounding, however narrow its interval
NEEDS = dict(zip(CLAIMS, ("mosaics or masks", "photographs", "masks with several objects of a class"), strict=True))
HOLDS, FAILS, OPEN = OUTCOMES = ("holds", "does not hold", "cannot be told")
STATEMENTS = dict(
    zip(
        CLAIMS,
        (
            "The compound network focuses on more relevant regions",
            "The compound network sees more object details",
            "The compound network captures all objects, the others do not",
        ),
        strict=True,
    )
)
CONTROLS = {
    POOLED: "a common 7 × 7 grid",
    SIGNED: "maps without ReLU",
    HALF_PIXEL: "half-pixel placement",
    "gaussian": "a centred Gaussian",
    "random": "random weights",
    "noise": "other seeds",
}


@dataclass(frozen=True)
class Evidence:
    """One measurement of a statement.

    Attributes:
        name: key of ``MEASUREMENTS``.
        images: how many it rests on.
        differences: reading -> the subject's score minus the rival's.
        floors: reading -> largest difference between trainings of the baseline, the noise floor; empty if not measured.
        controls: key of ``CONTROLS`` -> whether the support survives it; those that could not be asked are absent.
    """

    name: str
    images: int
    differences: dict[str, Interval]
    floors: dict[str, float]
    controls: dict[str, bool]

    def says(self, reading: str, floor: bool = True) -> int:
        """1 where the difference supports the statement, -1 where it contradicts it, else 0."""
        difference = self.differences[reading]
        least = max(NEGLIGIBLE, self.floors.get(reading, 0.0) if floor else 0.0)
        counts = difference.excludes_zero and abs(difference.estimate) > least
        return int(np.sign(difference.estimate)) * MEASUREMENTS[self.name].better if counts else 0

    @property
    def words(self) -> str:
        """``Energy in mask +0.066 [0.036, 0.101] on 10 images, noise floor 0.012``."""
        floor = f", noise floor {self.floors[OWN]:.3f}" if self.floors else ""
        return f"{MEASUREMENTS[self.name].label} {signed(self.differences[OWN])} on {self.images} images{floor}"


@dataclass(frozen=True)
class Verdict:
    """One of ``OUTCOMES`` on a statement about two networks, why, and what it rests on."""

    claim: str
    outcome: str
    reason: str
    subject: str
    rival: str
    evidence: tuple[Evidence, ...]

    @property
    def survived(self) -> dict[str, bool]:
        """Control -> whether every measurement that supports the statement survives it; empty where none supports it."""
        supporting = [one.controls for one in self.evidence if one.says(OWN, floor=False) == 1]
        asked = [key for key in CONTROLS if any(key in one for one in supporting)]
        return {key: all(one.get(key, True) for one in supporting) for key in asked}

    @property
    def sentence(self) -> str:
        """Why, in one sentence, with the numbers and the controls."""
        return self._grounds[0].upper() + self._grounds[1:] + "."

    @property
    def line(self) -> str:
        """Statement, outcome and why: ``"more object details" cannot be told for compound against baseline: ...``."""
        pair = f" for {self.subject} against {self.rival}" if self.subject != self.rival else ""
        return f'"{self.claim}" {self.outcome}{pair}: {self._grounds}'

    @property
    def _grounds(self) -> str:
        numbers = "; ".join(one.words for one in self.evidence)
        parts = [f"{self.reason}: {numbers}" if numbers else self.reason]
        survived = self.survived
        kept, lost = ([CONTROLS[key] for key, yes in survived.items() if yes is wanted] for wanted in (True, False))
        if survived:
            both = [f"it survives {_listed(kept)}"] * bool(kept) + [f"not {_listed(lost)}"] * bool(lost)
            parts.append(", but ".join(both))
        if self.evidence and not any(one.floors for one in self.evidence):
            parts.append("the spread between trainings was not measured")
        return "; ".join(part for part in parts if part)


def verdicts(report: dict[str, Any], rival: str | None = None) -> list[Verdict]:
    """One verdict on every statement of the paper: the study's last variant, compound, against a rival.

    Args:
        report: what ``evaluate`` wrote.
        rival: a variant; default the baseline. Against others the single images are needed (``rows``).
    """
    subject = subject_of(report)
    return [_verdict(report, claim, subject, rival or report["baseline"]) for claim in CLAIMS]


def subject_of(report: dict[str, Any]) -> str:
    """The variant that the statements are about: the last one that is no retraining of the baseline."""
    return own_networks(report)[-1]


def own_networks(report: dict[str, Any]) -> list[str]:
    """The study's variants, without retrainings of the baseline."""
    kept = report.get("rows", {}).get("photographs", {}).get("right")
    seeds = set(chain.from_iterable(name.split(" and ") for pair in report["pairs"].values() for name in pair["seeds"]))
    return list(kept) if kept else [key for key in report["networks"] if key == report["baseline"] or key not in seeds]


def _verdict(report: dict[str, Any], claim: str, subject: str, rival: str) -> Verdict:
    if subject == rival:
        return Verdict(claim, OPEN, "not measured, it needs two variants", subject, rival, ())
    names = [name for name, measurement in MEASUREMENTS.items() if measurement.claim == claim]
    found = [_evidence(report, name, subject, rival) for name in names]
    evidence = tuple(one for one in found if one is not None)
    outcome, reason = _outcome(evidence, claim)
    return Verdict(claim, outcome, reason, subject, rival, evidence)


def _outcome(evidence: Sequence[Evidence], claim: str) -> tuple[str, str]:
    """The outcome, and the reason for it in a few words."""
    if not evidence:
        return OPEN, f"not measured on enough images, it needs {ENOUGH} {NEEDS[claim]}"
    own, common = ({one.says(reading) for one in evidence} for reading in (OWN, POOLED))
    if {1, -1} <= own | common:
        return OPEN, "some measurements support it and others contradict it"
    if -1 in own | common:
        return FAILS, "the measurements say the opposite of the paper"
    if own | common == {1}:
        return HOLDS, "every measurement supports it"
    if own == {1}:
        return OPEN, "it is so at each network's own grid only, where a finer grid alone can win"
    if 1 in own | common:
        return OPEN, "some measurements support it, others show no difference"
    if all(_within_noise(one) for one in evidence):
        return FAILS, "the difference is no larger than between two trainings of the same network"
    return OPEN, "no difference can be seen"


def _within_noise(evidence: Evidence) -> bool:
    """The whole interval lies where another seed alone could have put it."""
    low, high = evidence.differences[OWN][1:]
    return bool(evidence.floors) and max(-low, high) <= evidence.floors[OWN]


def _evidence(report: dict[str, Any], name: str, subject: str, rival: str) -> Evidence | None:
    """None where fewer than ``ENOUGH`` images have the score."""
    group = headline(report["measurements"].get(name))
    if group.get("images", 0) < ENOUGH:
        return None
    floors = group["noise_floor"]
    if rival != report["baseline"]:
        paired = _paired(report, name, subject, rival)
        return Evidence(name, group["images"], paired, floors, {}) if paired else None
    found = group["networks"][subject]
    differences = {reading: Interval(*found[reading]["difference"]) for reading in READINGS}
    bare = Evidence(name, group["images"], differences, floors, {})
    controls = {reading: bare.says(reading, floor=False) == 1 for reading in (POOLED, SIGNED, HALF_PIXEL)}
    for control, key in (("gaussian", GAUSSIAN), ("random", f"{RANDOM}{subject}")):
        if over := _paired(report, name, subject, key, (OWN,)):
            lead = over[OWN]
            controls[control] = lead.excludes_zero and lead.estimate * MEASUREMENTS[name].better > 0
    if floors:
        controls["noise"] = bare.says(OWN) == 1
    return Evidence(name, group["images"], differences, floors, controls)


def _paired(
    report: dict[str, Any], name: str, subject: str, rival: str, readings: Sequence[str] = (OWN, POOLED)
) -> dict[str, Interval] | None:
    """Differences of two columns on the headline's images, from the rows that the report keeps."""
    rows = report.get("rows")
    if not rows:
        return None
    layout = name.removeprefix("pointing-")
    part = rows["mosaics"].get(layout) if layout in LAYOUTS else rows["photographs"]
    if part is None or any(f"{name}|{key}|{OWN}" not in part["scores"] for key in (subject, rival)):
        return None
    kept = images_of(report, part, RECOGNISED)
    values = {
        reading: column(part, f"{name}|{subject}|{reading}") - column(part, f"{name}|{rival}|{reading}")
        for reading in readings
    }
    if np.isfinite(values[OWN][kept]).sum() < ENOUGH:
        kept = images_of(report, part, ALL)
    return {reading: mean_interval(found[kept & np.isfinite(found)]) for reading, found in values.items()}


def images_of(report: dict[str, Any], part: dict[str, Any], group: str) -> np.ndarray:
    """Which images of a part of the rows (photographs, or the mosaics of a layout) belong to a group, bool (N,)."""
    photographs = report["rows"]["photographs"]
    all_right = [all(found) for found in zip(*photographs["right"].values(), strict=True)]
    right = dict(zip(photographs["name"], all_right, strict=True))
    shown = part.get("tiles") or [[name] for name in part["name"]]
    recognised = np.array([all(right[name] for name in names) for names in shown], dtype=bool)
    return recognised if group == RECOGNISED else ~recognised if group != ALL else np.ones(len(shown), dtype=bool)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
