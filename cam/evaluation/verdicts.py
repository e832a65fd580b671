"""What a report says about each statement of the paper: it holds, does not hold, or cannot be told, and why.

Only the primary outcome of a statement decides, against everything that compound has to beat: the baseline, every single
dimension, the baseline's own weights at compound's resolution, and other networks that were given as controls.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cam.evaluation.contenders import AT_SIZE, CONTROL, GAUSSIAN, RANDOM, VARIANT
from cam.evaluation.records import Contrast, Finding, Interval, Report, Statement
from cam.evaluation.registry import CLAIMS, COMMON, MEASUREMENTS, NEEDS, PRIMARY

ENOUGH, ENOUGH_CLASSES = 10, 5  # intervals from fewer images or classes are too narrow
SURE = 0.05
HOLDS, FAILS, OPEN = ("holds", "does not hold", "cannot be told")
BETTER, WORSE, EQUAL = 1, -1, 0


class Judged(NamedTuple):
    """The subject against one rival: ``sign`` is 1 where it is better, -1 where it is worse, 0 where it cannot be told."""

    rival: str
    sign: int
    contrast: Contrast


def verdicts(report: Report) -> list[Statement]:
    """One verdict on every statement of the paper."""
    return [_verdict(report, claim) for claim in CLAIMS]


def judged(report: Report, claim: str) -> list[Judged]:
    """The subject against everything that it has to beat, by the statement's primary outcome; empty if not measured."""
    finding = report.finding(PRIMARY[claim])
    if finding is None or not enough(finding):
        return []
    found = [(key, finding.contrast(report.subject, key)) for key in to_beat(report)]
    return [Judged(key, sign(contrast), contrast) for key, contrast in found if contrast is not None]


def to_beat(report: Report) -> list[str]:
    """The other variants, the baseline's weights at the subject's size, and other networks that were given."""
    return [
        key
        for key, arm in report.arms.items()
        if key != report.subject
        and (arm.role in (VARIANT, CONTROL) or (arm.role == AT_SIZE and arm.of == report.subject))
    ]


def enough(finding: Finding) -> bool:
    """Whether a finding rests on enough images and classes to decide anything."""
    return finding.images >= ENOUGH and finding.classes >= ENOUGH_CLASSES


def sign(contrast: Contrast) -> int:
    """1 where ``one`` is better than ``other`` after Holm's correction, -1 where it is worse, 0 where it cannot be told."""
    p = contrast.p if contrast.holm is None else contrast.holm
    return (BETTER if contrast.difference.estimate > 0 else WORSE) if p < SURE else EQUAL


def interval_of(contrast: Contrast) -> Interval:
    """The interval to show: including the spread between trainings where that was measured."""
    return contrast.with_seeds or contrast.difference


def _verdict(report: Report, claim: str) -> Statement:
    if report.subject == report.baseline:
        return Statement(claim, OPEN, "there is one network only, and the statement compares")
    found = judged(report, claim)
    if not found:
        return Statement(
            claim,
            OPEN,
            f"it was not measured on enough: it takes {ENOUGH} or more {NEEDS[claim]}, of {ENOUGH_CLASSES} classes",
        )
    finding = report.finding(PRIMARY[claim])
    assert finding is not None
    outcome, reason = _outcome(report, finding, found)
    if outcome == OPEN and (blob := finding.contrast(report.subject, GAUSSIAN)) and sign(blob) == WORSE:
        reason += (
            f"; a blob in the middle ({_label(report, GAUSSIAN)}) scores higher, so this cannot support the statement"
        )
    return Statement(claim, outcome, reason)


def _outcome(report: Report, finding: Finding, found: Sequence[Judged]) -> tuple[str, str]:
    subject, by = _label(report, report.subject), f"measured by {MEASUREMENTS[finding.measurement].label}"
    beaten, better = ([one for one in found if one.sign == wanted] for wanted in (BETTER, WORSE))
    if better:
        once = "; no network was trained twice, so another training may differ" if finding.spread is None else ""
        return FAILS, f"{_names(report, better)} {_is_or_are(better)} better than {subject}, {by}{once}"
    if finding.spread is None:
        lead = f"on these images {subject} leads {_names(report, beaten)}" if beaten else "no difference can be seen"
        return OPEN, f"{lead}, but no network was trained twice, so chance in training cannot be told apart"
    if len(beaten) == len(found):
        if control := _unbeaten_control(report, finding):
            return OPEN, f"{subject} does not beat {control}"
        return HOLDS, f"{subject} beats {_names(report, beaten)}, {by}"
    rest = _names(report, [one for one in found if one.sign == EQUAL])
    if beaten:
        return OPEN, f"{subject} beats {_names(report, beaten)}, but cannot be told apart from {rest}, {by}"
    return OPEN, f"{subject} cannot be told apart from {rest}, {by}"


def _unbeaten_control(report: Report, finding: Finding) -> str:
    """The sanity control that the subject does not beat: chance, random weights, or the baseline on a common grid; else ""."""
    for key in (
        GAUSSIAN,
        *(key for key, arm in report.arms.items() if arm.role == RANDOM and arm.of == report.subject),
    ):
        contrast = finding.contrast(report.subject, key)
        if contrast is not None and sign(contrast) != BETTER:
            return _label(report, key)
    common = report.finding(finding.measurement, COMMON)
    own, pooled = (one and one.contrast(report.subject, report.baseline) for one in (finding, common))
    if own and pooled and sign(own) == BETTER and pooled.difference.estimate <= 0:
        return "the baseline where both are read on one common grid"
    return ""


def _names(report: Report, found: Sequence[Judged]) -> str:
    words = [_label(report, one.rival) for one in found]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _label(report: Report, key: str) -> str:
    return report.arms[key].label


def _is_or_are(found: Sequence[Judged]) -> str:
    return "is" if len(found) == 1 else "are"


def line(report: Report, statement: Statement) -> str:
    """Statement, outcome, reason and the numbers behind it: for a terminal and for Markdown.

    The numbers are the subject's difference from the first network that is better, if there is one, else from the baseline.
    """
    found = judged(report, statement.claim)
    shown = [one for one in found if one.sign == WORSE] or [one for one in found if one.rival == report.baseline]
    subject = _label(report, report.subject)
    numbers = [f" ({subject} less {_label(report, one.rival)}: {numbers_of(one.contrast)})" for one in shown[:1]]
    return f'"{statement.claim}" {statement.outcome}: {statement.reason}{"".join(numbers)}'


def numbers_of(contrast: Contrast) -> str:
    """``+0.031 [0.010, 0.052], better on 61 % of images, p 0.012``."""
    corrected = "p" if contrast.holm is None else "corrected p"
    p = contrast.p if contrast.holm is None else contrast.holm
    return f"{signed(interval_of(contrast))}, better on {contrast.better:.0%} of images, {corrected} {p:.3f}"


def signed(interval: Interval) -> str:
    """A difference and its bounds: ``+0.031 [0.010, 0.052]``."""
    return f"{interval[0]:+z.3f} [{interval[1]:z.3f}, {interval[2]:z.3f}]"
