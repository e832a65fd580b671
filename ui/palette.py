"""One colour for each variant, the same on every page and in every figure.

Okabe and Ito's colour-blind safe hues and a blue grey; each has 3:1 contrast or more on light and dark.
"""

COLOURS = {
    "baseline": "#6F7B85",
    "depth": "#0072B2",
    "width": "#D55E00",
    "resolution": "#009E73",
    "compound": "#C9669F",
}
OTHER = "#8A929A"  # networks that are no variant


def translucent(colour: str, opacity: float) -> str:
    """``#rrggbb`` as a CSS colour of that opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
