"""Choices that the page's address keeps under short names, so that a link restores them. Sliders bind themselves."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def choose(label: str, key: str, options: dict[T, str], default: T, on_change: Callable[[], None] | None = None) -> T:
    """A row of options, one of them chosen; the address names it by its key, unless it is the default.

    Args:
        label: for those who do not see it.
        key: of the widget and in the address.
        options: value -> what is shown.
        default: chosen where the address names none, or nonsense.
        on_change: callback.
    """
    if key not in st.session_state:
        asked = st.query_params.get(key)
        st.session_state[key] = next((option for option in options if str(option) == asked), default)
    value = st.segmented_control(
        label, list(options), format_func=options.get, required=True, key=key, label_visibility="collapsed",
        on_change=on_change,
    )  # fmt: skip
    if value != default:
        st.query_params[key] = str(value)
    else:
        st.query_params.pop(key, None)
    return value
