"""Drawings that follow the page's theme: drawing.html, drawing.css, drawing.js."""

from collections.abc import Callable

import streamlit as st

from ui.components.loader import component

_drawing = component("drawing")


def show_svg(svg: str, label: str, key: str) -> None:
    """Show a drawing of our own; its words must be escaped.

    Args:
        svg: the ``<svg>`` element.
        label: what it shows, for those who do not see it.
        key: one drawing of the page.
    """
    _drawing(data={"svg": svg, "label": label}, key=key)


def show_choices(svg: str, label: str, key: str, chosen: int | None, on_choice: Callable[[int], None]) -> None:
    """Show a drawing whose elements of class ``choice`` are buttons, by pointer and keyboard.

    Args:
        svg, label, key: as above; each such element has its number in ``data-choice``.
        chosen: number of the one that is pressed.
        on_choice: callback, with the number of the one asked for.
    """

    def asked() -> None:
        on_choice(int(st.session_state[key].choice))

    _drawing(data={"svg": svg, "label": label, "choices": True, "chosen": chosen}, key=key, on_choice_change=asked)
