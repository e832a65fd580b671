"""The lesson as plain data: the sliders, sentences and figures of the page Scaling."""

import re
from html import escape
from typing import Any

from cam.paper.tables import Curve, paper
from models.costs import network_cost
from models.scaling import HEAD_CHANNELS, SCALINGS, SQUEEZE_RATIO, STAGES, STEM_CHANNELS
from ui.pages.scaling.charts import DIMENSIONS, GFLOPS, RANGES, TOP1, coefficients, shares
from ui.pages.scaling.setting import BY_HAND, BY_RULE, MODES, NEAR_TARGET, PRESETS, candidates, sliders
from ui.pages.scaling.steps import STEPS, Step, step_text
from ui.pages.scaling.svg import number
from ui.palette import COLOURS

FIGURES = {  # what each step shows
    "Saturation": "figure3",
    "Dependence": "figure4",
    "The rule": "released",
    "The search": "search",
    "The gain": "figure8",
}
CLASSES = 1000
SYMBOLS = {r"\alpha": "α", r"\beta": "β", r"\gamma": "γ", r"\varphi": "φ", r"\,": "\u2009"}


def lesson_data(picture: str) -> dict[str, Any]:
    """Everything that the lesson needs in the browser.

    Args:
        picture: address of the photograph that the drawn networks see.
    """
    return {
        "steps": [_step(one) for one in STEPS],
        "modes": MODES,
        "sliders": {by: [one._asdict() for one in sliders(by)] for by in (BY_HAND, BY_RULE)},
        "presets": _presets(),
        "curves": {name: _figure(name) for name in RANGES},
        "axes": {"x": GFLOPS, "y": TOP1},
        "released": {name: list(values) for name, values in coefficients().items()},
        "search": [list(shares(one) or ()) for one in candidates()],
        "rule": paper().rule | {"near": NEAR_TARGET},
        "dimensions": list(DIMENSIONS),
        "colours": COLOURS,
        "family": family(),
        "marks": _marks(),
        "source": paper().source,
        "picture": picture,
    }


def family() -> dict[str, Any]:
    """The constants from which ``models.costs.network_cost`` counts, for EfficientNet's own family."""
    return {
        "stages": [one._asdict() for one in STAGES],
        "stem": STEM_CHANNELS,
        "head": HEAD_CHANNELS,
        "squeeze": SQUEEZE_RATIO,
        "classes": CLASSES,
    }


def _step(step: Step) -> dict[str, str]:
    return {
        "short": step.short,
        "headline": step.headline,
        "text": formulas(step_text(step)),
        "controls": step.controls,
        "figure": FIGURES[step.short],
    }


def _presets() -> list[dict[str, Any]]:
    chosen = {name: SCALINGS[name] for name in PRESETS}
    return [
        {"label": PRESETS[name], "d": one.depth_mult, "w": one.width_mult, "px": one.input_size}
        for name, one in chosen.items()
    ]


def _figure(name: str) -> dict[str, Any]:
    curves: dict[str, Curve] = getattr(paper(), name)
    x, y = RANGES[name]
    return {"x": x, "y": y, "curves": [{"key": key, **one._asdict()} for key, one in curves.items()]}


def _marks() -> dict[str, dict[str, Any]]:
    """Costs of B0 to B7, to place a network among them."""
    costs = {name.upper(): network_cost(one) for name, one in SCALINGS.items() if name.startswith("b")}
    return {name: {"params": one.params, "macs": one.macs, "words": number(one.macs)} for name, one in costs.items()}


def formulas(text: str) -> str:
    """A step's sentences as HTML, with the formulas between dollar signs in italics."""
    parts = escape(text, quote=False).split("$")
    return "".join(f"<i>{_formula(part)}</i>" if place % 2 else part for place, part in enumerate(parts))


def _formula(text: str) -> str:
    for name, symbol in SYMBOLS.items():
        text = text.replace(name, symbol)
    return re.sub(r"\^(\w)", r"<sup>\1</sup>", text)
