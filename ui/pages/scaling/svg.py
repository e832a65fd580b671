"""Drawings that follow the page's theme: SVG text shown by a small component, and the ruler under each number."""

import math

import streamlit as st

from ui.palette import COLOURS

_SHOW = st.components.v2.component(
    "compound_cam_svg",
    html="<div class='drawing'></div>\n",
    css="""
.drawing { overflow-x: auto; line-height: 0; }
svg { width: 100%; height: auto; display: block; font: 17px var(--st-font); fill: var(--st-text-color); }
svg.network { min-width: 760px; }
svg.ruler { font-size: 14px; }
.name { font-weight: 700; font-size: 20px; }
.quiet { font-size: 15px; opacity: 0.75; }
.changed { font-weight: 700; }
.cut { fill: none; stroke: var(--st-background-color); stroke-width: 1.2; stroke-opacity: 0.75; }
.rail { stroke: var(--st-text-color); stroke-opacity: 0.35; }
""",
    js="""
export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".drawing")
  box.innerHTML = data.svg
  box.setAttribute("role", "img")
  box.setAttribute("aria-label", data.label)
}
""",
)


def show_svg(svg: str, label: str, key: str) -> None:
    """Show a drawing of our own; its words must be escaped.

    Args:
        svg: the ``<svg>`` element.
        label: what it shows, for those who do not see it.
        key: one drawing of the page.
    """
    _SHOW(data={"svg": svg, "label": label}, key=key)


def number(value: float) -> str:
    """Three digits and a unit: ``5.29 M``, ``386 M``, ``37.7 G``."""
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size * 0.9995:
            return f"{_digits(value / size)}{unit}"
    return f"{value:g}"


def times(value: float) -> str:
    """A factor: two decimals, or none where they no longer matter."""
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def _digits(value: float) -> str:
    return f"{value:.{max(0, 2 - int(math.log10(value)))}f}"


def ruler(value: float, marks: dict[str, float], variant: str) -> str:
    """A logarithmic scale with named marks and a pointer at ``value``, which stays at the end when it runs off it."""
    width, middle, margin = 300, 34, 16
    low, high = math.log(min(marks.values())), math.log(max(marks.values()))

    def place(x: float) -> float:
        return margin + (width - 2 * margin) * (math.log(x) - low) / (high - low)

    parts = [f'<path class="rail" d="M{margin},{middle}H{width - margin}"/>']
    for i, (name, mark) in enumerate(marks.items()):
        x, up = place(mark), i % 2
        parts.append(f'<path class="rail" d="M{x:.1f},{middle}v{-6 if up else 6}"/>')
        parts.append(f'<text text-anchor="middle" x="{x:.1f}" y="{middle + (-10 if up else 22)}">{name}</text>')
    x = min(max(place(value), 8), width - 8)
    parts.append(f'<path d="M{x:.1f},{middle - 9}l9,9l-9,9l-9,-9Z" fill="{COLOURS[variant]}" class="pointer"/>')
    return f'<svg viewBox="0 0 {width} 64" class="ruler">{"".join(parts)}</svg>'
