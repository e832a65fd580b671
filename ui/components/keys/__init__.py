"""Arrow keys, and the page keys of a presenter's remote: keys.html, keys.css, keys.js."""

from collections.abc import Callable

import streamlit as st

from ui.components.loader import component

_keys = component("keys")


def step_keys(on_move: Callable[[int], None]) -> None:
    """Call ``on_move`` with 1 for the next step and -1 for the one before."""
    _keys(key="keys", on_move_change=lambda: on_move(st.session_state["keys"].move), height="content", width="content")
