"""One colour for each variant, the same on every page and in every figure.

Okabe and Ito's colour-blind safe hues and a blue grey; each has 3:1 contrast or more on light and dark.
"""

from collections.abc import Iterable

from models.studies import baseline_of

COLOURS = {
    "baseline": "#6F7B85",
    "depth": "#0072B2",
    "width": "#D55E00",
    "resolution": "#009E73",
    "compound": "#C9669F",
}
OTHER = "#8A929A"  # networks that are not variants
SPARE = ("#0072B2", "#D55E00", "#009E73", "#C9669F", "#2A8FC7", "#A67C00", "#8B6FD0")  # for variants with other names


def colours_of(keys: Iterable[str]) -> dict[str, str]:
    """A colour for each variant of a study: that of its name where there is one, else one that no other variant has."""
    keys = list(keys)
    fixed = {key: COLOURS[key] for key in keys if key in COLOURS}
    if keys:
        fixed.setdefault(baseline_of(keys), COLOURS["baseline"])
    spare = iter([colour for colour in SPARE if colour not in fixed.values()])
    return {key: fixed.get(key) or next(spare, OTHER) for key in keys}


def translucent(colour: str, opacity: float) -> str:
    """``#rrggbb`` as a CSS colour of that opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
