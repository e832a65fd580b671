"""The lesson's text in five steps; every number in it is computed or comes from the paper's data file."""

from collections.abc import Callable
from math import nan
from typing import NamedTuple

from cam.paper.tables import Paper, paper
from models.scaling import SCALINGS
from ui.pages.scaling.setting import BY_HAND, BY_RULE, candidates


class Step(NamedTuple):
    """One step: its short name, its headline, its text, and which controls suit it."""

    short: str
    headline: str
    text: Callable[[Paper], str]
    controls: str


def _one_dimension(paper: Paper) -> str:
    gflops, top1 = paper.figure3["width"].gflops, paper.figure3["width"].top1
    return (
        "A network can grow deeper, grow wider, or look at more pixels. Each helps at first and then fades: widening "
        f"buys {top1[1] - top1[0]:.1f} points for its first {gflops[1] - gflops[0]:.1f} G multiply-adds and "
        f"{top1[-1] - top1[-2]:.1f} for its last {gflops[-1] - gflops[-2]:.1f} G. Move one slider and watch the dashed "
        "line leave the steep part."
    )


def _together(paper: Paper) -> str:
    plain, prepared = paper.figure4["width"], paper.figure4["compound"]
    cost = prepared.gflops[1]
    gained = (prepared.at(cost) or nan) - (plain.at(cost) or nan)
    return (
        "Every curve widens the same network; they differ in what had grown before. Starting from "
        f"{prepared.label}, the same {cost:.1f} G end {gained:.1f} points higher: a finer "
        "image needs more layers to see across it and more channels for its patterns. The dimensions have to keep "
        "up with each other."
    )


def _rule(paper: Paper) -> str:
    return (
        "One knob φ turns all three: $d = \\alpha^\\varphi$, $w = \\beta^\\varphi$, $r = \\gamma^\\varphi$. Layers "
        "cost once, channels and pixels twice, so each step multiplies the cost "
        "by $\\alpha\\,\\beta^2\\gamma^2$, kept near "
        f"{paper.rule['target']:g}. The released networks use rounded numbers: where the three marks part, "
        "no single φ fits."
    )


def _search(paper: Paper) -> str:
    rule = paper.rule
    return (
        f"How to share out a doubled budget? Each dot is one of {len(candidates())} triples that cost about "
        f"{rule['target']:g} times as much; its place says how much goes into layers, channels and pixels. Small "
        f"networks were trained once, and α = {rule['alpha']:g}, β = {rule['beta']:g}, γ = {rule['gamma']:g} were kept. "
        "The accuracies of the others are not published."
    )


def _gains(paper: Paper) -> str:
    rows = {row.variant: row for row in paper.table7}
    best = max(row.top1 for key, row in rows.items() if key not in ("baseline", "compound"))
    params = {row.network: row.params for row in paper.table2}
    smaller = params["GPipe"] / params["EfficientNet-B7"]
    return (
        f"At about {rows['compound'].gflops:g} G the compound network is {rows['compound'].top1 - best:.1f} points "
        f"ahead of the best single dimension. B7 reaches GPipe's accuracy with {smaller:.1f} times "
        "fewer parameters. How much of this is scaling, and how much a better start or a better recipe? The questions "
        "below are for the discussion."
    )


STEPS = (
    Step("Saturation", "One dimension soon runs dry", _one_dimension, BY_HAND),
    Step("Dependence", "The dimensions need each other", _together, BY_HAND),
    Step("The rule", "One knob for all three", _rule, BY_RULE),
    Step("The search", "Sharing out a doubled budget", _search, BY_RULE),
    Step("The gain", "What it buys, and what stays open", _gains, BY_RULE),
)


def step_text(step: Step) -> str:
    """The step's sentences with the numbers filled in."""
    return step.text(paper())


RELEASED = {name.upper(): scaling for name, scaling in SCALINGS.items() if name.startswith("b")}
