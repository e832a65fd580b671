"""The five most probable classes of a photograph for every variant, side by side."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from cam import Comparison
from ui.components.answers import answers_chart
from ui.messages import plain

TOP = 5


def answers(row: Comparison, on_pick: Callable[[int], None]) -> None:
    """Bars for each variant; ``on_pick`` is called with the index of the class whose bar was chosen."""

    def picked() -> None:
        index = st.session_state.guesses.pick
        if isinstance(index, int) and 0 <= index < len(row.categories):
            on_pick(index)

    st.caption(
        f"First five guesses for **{plain(row.names[0].replace('-', ' '))}**. Choose a bar to see the maps for its class."
    )
    variants = [{"label": row.variants[key].label, "guesses": guesses(row, key)} for key in row.variants]
    answers_chart({"variants": variants}, on_pick=picked)


def guesses(row: Comparison, key: str) -> list[dict[str, Any]]:
    """The five most probable classes of one variant, the explained one marked."""
    probabilities = row.probabilities(key)[0]
    explained = row.class_idx[key][0]
    return [
        {
            "index": int(index),
            "name": row.categories[index],
            "share": float(probabilities[index]),
            "explained": bool(index == explained),
        }
        for index in np.argsort(-probabilities)[:TOP]
    ]
