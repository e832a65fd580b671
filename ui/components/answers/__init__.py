"""The networks' first guesses as bars, for mouse and keyboard: answers.html, answers.css, answers.js."""

from collections.abc import Callable
from typing import Any

from ui.components.loader import component

_answers = component("answers")


def answers_chart(data: dict[str, Any], on_pick: Callable[[], None], key: str = "guesses") -> None:
    """Bars of each network's first guesses; ``on_pick`` finds the index of the chosen class in the state's ``pick``."""
    _answers(data=data, key=key, on_pick_change=on_pick)
