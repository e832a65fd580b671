"""How the page names what a report holds: networks, readings, numbers."""

import re
from collections.abc import Sequence
from typing import Any

from cam.evaluation.measurements import HALF_PIXEL, OWN, POOLED, SIGNED
from cam.evaluation.report import ALL, MISCLASSIFIED, RECOGNISED
from cam.evaluation.report import signed as signed_plainly

READING_WORDS = {OWN: "Own grid", POOLED: "Common 7 × 7", SIGNED: "Without ReLU", HALF_PIXEL: "Half-pixel"}
GROUP_WORDS = {RECOGNISED: "All networks right", MISCLASSIFIED: "Some network wrong", ALL: "All images"}


def label(report: dict[str, Any], key: str) -> str:
    """What a network is called: its label, or its file's name where it is a retraining of the baseline."""
    labels = [one["label"] for one in report["networks"].values()]
    own = report["networks"].get(key, {}).get("label", key)
    return own if labels.count(own) == 1 or key == report["baseline"] else key


def pair_words(report: dict[str, Any], pair: str) -> str:
    """``Baseline, Compound`` of ``baseline and compound``."""
    return " – ".join(label(report, key) for key in pair.split(" and "))


def minus(text: str) -> str:
    """Text with a true minus before each negative number."""
    return re.sub(r"-(?=\d)", "−", text)


def number(value: float) -> str:
    """Three decimals, with a true minus."""
    return minus(f"{value:z.3f}")


def interval(values: Sequence[float]) -> str:
    """A mean and its bounds."""
    return f"{number(values[0])} [{number(values[1])}, {number(values[2])}]"


def signed(values: Sequence[float]) -> str:
    """A difference and its bounds."""
    return minus(signed_plainly(values))
