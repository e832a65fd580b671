"""Drawings that follow the page's theme: SVG text shown by a small component."""

from collections.abc import Callable

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
.choice { cursor: pointer; outline: none; fill: var(--st-text-color); fill-opacity: 0; }
.choice:hover { fill-opacity: 0.06; }
.choice[aria-pressed=true] { fill-opacity: 0.1; }
.choice:focus-visible { stroke: var(--st-primary-color); stroke-width: 3; }
""",
    js="""
export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".drawing")
  if (box.drawn !== data.svg) box.innerHTML = box.drawn = data.svg
  box.setAttribute("role", data.choices ? "group" : "img")
  box.setAttribute("aria-label", data.label)
  for (const choice of box.querySelectorAll(".choice")) {
    const place = Number(choice.dataset.choice)
    choice.setAttribute("aria-pressed", String(place === data.chosen))
    choice.onclick = () => setTriggerValue("choice", place)
    choice.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return
      event.preventDefault()
      setTriggerValue("choice", place)
    }
  }
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


def show_choices(svg: str, label: str, key: str, chosen: int | None, on_choice: Callable[[int], None]) -> None:
    """Show a drawing whose elements of class ``choice`` are buttons, by pointer and keyboard.

    Args:
        svg, label, key: as above; each such element has its number in ``data-choice``.
        chosen: number of the one that is pressed.
        on_choice: callback, with the number of the one asked for.
    """

    def asked() -> None:
        on_choice(int(st.session_state[key].choice))

    _SHOW(data={"svg": svg, "label": label, "choices": True, "chosen": chosen}, key=key, on_choice_change=asked)
