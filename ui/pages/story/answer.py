"""The measured answer of the page Evidence as plain numbers, for a page that must not load the library."""

from typing import Any

from cam.evaluation.contenders import VARIANT
from cam.evaluation.records import Finding, Report
from cam.evaluation.registry import MEASUREMENTS, NEEDS, PRIMARY
from cam.evaluation.verdicts import interval_of
from ui.pages.evidence.charts import to_baseline
from ui.pages.evidence.words import CLAIM_WORDS, answer, label
from ui.palette import colours_of

DIGITS = 5


def measured(report: Report) -> dict[str, Any]:
    """One sentence, and for every statement of the paper each variant's difference to the baseline with its interval.

    Raises:
        ValueError: the report holds no finding for a statement.
    """
    return {
        "sentence": answer(report),
        "title": report.about.title,
        "baseline": label(report, report.baseline),
        "statements": [_statement(report, one.claim, one.outcome) for one in report.statements],
    }


def _statement(report: Report, claim: str, outcome: str) -> dict[str, Any]:
    finding = report.finding(PRIMARY[claim])
    if finding is None:
        raise ValueError(f"the report on {report.about.title} has no measurement of {claim!r}; evaluate it again")
    return {
        "claim": CLAIM_WORDS[claim],
        "outcome": outcome,
        "measurement": MEASUREMENTS[finding.measurement].label,
        "images": finding.images,
        "needs": NEEDS[claim],
        "dots": _dots(report, finding),
    }


def _dots(report: Report, finding: Finding) -> list[dict[str, Any]]:
    colours = colours_of(report.with_role(VARIANT))
    return [
        {
            "label": label(report, one.one),
            "colour": colours[one.one],
            **{name: round(value, DIGITS) for name, value in interval_of(one)._asdict().items()},
        }
        for one in to_baseline(report, finding, VARIANT)
    ]
