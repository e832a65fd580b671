"""Accuracy and cost measured here: of the five, of further trainings and controls, and of Google's Lite networks."""

import math
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from scipy.stats import binomtest

from cam.evaluation.contenders import AT_SIZE, CONTROL, VARIANT
from cam.evaluation.shipped import shipped_evaluation
from models.costs import network_cost
from models.scaling import VARIANT_SCALINGS, Scaling, scaling_from
from ui.pages.scaling.setting import Setting

FILE = Path(__file__).with_suffix(".toml")
FAMILY = "lite"
EVALUATED = "caltech101"
PHOTOGRAPHS = (
    "red-panda",
    "meerkats",
    "spoonbills",
    "taj-mahal",
    "guitar-and-drums",
    "butterfly",
)  # shown with networks
RELEASED, CONTROLLED = "released", "control"


class Point(NamedTuple):
    """One network that was measured.

    Attributes:
        label: for people.
        variant: the one whose colour it has, or ``RELEASED`` or ``CONTROLLED``.
        scaling: of the network.
        gflops: G multiply-adds for one photograph, counted.
        top1: share of photographs named right, in percent.
        low, high: 95 % interval over photographs (Wilson).
    """

    label: str
    variant: str
    scaling: Scaling
    gflops: float
    top1: float
    low: float
    high: float


class Measured(NamedTuple):
    """Networks that were measured on the same photographs: a title, a sentence about the photographs, and the networks."""

    title: str
    said: str
    points: tuple[Point, ...]


@cache
def on_imagenet() -> Measured:
    """The five, the baseline's weights at other sizes, and Google's three, from the data file."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    count = data["photographs"]
    points = [
        point(one["label"], one["variant"], scaling_from(one["scaling"]), one["right"], count)
        for one in data["networks"]
    ]
    return Measured(data["title"], data["said"], tuple(points))


@cache
def on_caltech() -> Measured:
    """Every training of the five and of their controls, from the evaluation that ships."""
    report = shipped_evaluation(EVALUATED)
    assert report is not None, f"the evaluation of {EVALUATED} comes with the project"
    count = len(report.photographs)
    points = []
    for arm in report.arms.values():
        if arm.role not in (VARIANT, AT_SIZE, CONTROL):
            continue
        of = VARIANT_SCALINGS[arm.of if arm.role == VARIANT else "baseline"]
        for place, name in enumerate(arm.trainings, 1):
            training = report.trainings[name]
            scaling = replace(of, resolution=training.resolution)
            label = f"{arm.label}, training {place}" if len(arm.trainings) > 1 else arm.label
            right = round((training.accuracy or 0) * count)
            points.append(point(label, arm.of if arm.role == VARIANT else CONTROLLED, scaling, right, count))
    said = f"the {count} photographs of {report.about.title.split(',')[0]}’s test list; each dot is a training"
    return Measured("Caltech-101", said, tuple(points))


def point(label: str, variant: str, scaling: Scaling, right: int, count: int) -> Point:
    """A network that named ``right`` of ``count`` photographs right."""
    found = binomtest(right, count).proportion_ci(method="wilson")
    gflops = network_cost(scaling, family=FAMILY).macs / 1e9
    return Point(label, variant, scaling, gflops, 100 * right / count, 100 * found.low, 100 * found.high)


def nearest(setting: Setting) -> str:
    """The variant of the five whose scaling is nearest to the sliders', by the logarithms of depth, width and pixels.

    Where only one dimension has moved, the choice is between the network that grew in it and the baseline.
    """

    def distance(key: str) -> float:
        other = Setting(VARIANT_SCALINGS[key])
        return math.dist(*(tuple(map(math.log, one.multipliers)) for one in (setting, other)))

    alone = setting.variant not in ("baseline", "compound")
    return min((setting.variant, "baseline") if alone else VARIANT_SCALINGS, key=distance)
