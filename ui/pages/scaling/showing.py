"""Drawings that follow the page's theme: SVG text shown by a small component."""

import streamlit as st

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
