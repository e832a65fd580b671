"""Addresses: where the pages are, and choices kept in the address under short names, so that a link restores them.

Sliders write their values into the address themselves.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import streamlit as st

T = TypeVar("T")
INSTALLED = Path(__file__).parents[1] / "compound_cam"
HOME = INSTALLED if INSTALLED.is_dir() else INSTALLED.parent  # as models.home, whose import would load PyTorch


def mode() -> str:
    """The mode in the address, "lecture", "speaker", "handout" or "vote"; "" for the app itself."""
    return st.query_params.get("mode", "")


def lecturing() -> bool:
    """Whether the address asks for the lecture: ``?mode=lecture``."""
    return mode() == "lecture"


def scene_number() -> int:
    """The scene that the address names, 0 outside a lecture."""
    words = st.query_params.get("scene", "") if lecturing() else ""
    return int(words) if words.isascii() and words.isdigit() and len(words) < 6 else 0


def page_file(name: str) -> Path:
    """The file of a page."""
    return Path(__file__).parent / "pages" / name / "page.py"


def choose(label: str, key: str, options: dict[T, str], default: T, on_change: Callable[[], None] | None = None) -> T:
    """A row of options, one of them chosen; the address keeps the choice under ``key``, unless it is the default.

    Args:
        label: for screen readers.
        key: of the widget and in the address.
        options: value -> text shown.
        default: chosen where the address names no option, or an unknown one.
        on_change: callback.
    """
    if key not in st.session_state:
        asked = st.query_params.get(key)
        st.session_state[key] = next((option for option in options if str(option) == asked), default)
    value = st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        required=True,
        key=key,
        label_visibility="collapsed",
        on_change=on_change,
    )
    assert value is not None, "one option is always chosen"
    keep(key, None if value == default else str(value))
    return value


def keep(key: str, value: str | None) -> None:
    """Write a value into the address, or remove it; nothing happens where the address says so already.

    Every write sends the whole address to the browser, where a visitor who moves a slider may be further by then.
    """
    if value is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != value:
        st.query_params[key] = value


def pick(label: str, key: str, options: Sequence[str], default: str, words: Callable[[str], str], width: int) -> str:
    """A menu whose entries are longer than their names in the address: a search finds all words, and links stay short.

    Args:
        label: above it.
        key: of the widget and in the address.
        options: to choose from, as the address names them; the first is left out of the address.
        default: chosen where the address names none of them.
        words: option -> text that the menu shows.
        width: in pixels.
    """
    if st.session_state.get(key) not in options:
        asked = st.query_params.get(key)
        st.session_state[key] = asked if asked in options else default
    value = st.selectbox(label, options, key=key, format_func=words, width=width)
    keep(key, None if value == options[0] else value)
    return value
