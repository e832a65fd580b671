"""The hall's votes on their way to the deck: ballot.html, ballot.css, ballot.js."""

from typing import Any

from ui.components.loader import component

_ballot = component("ballot")


def ballot(data: dict[str, Any], key: str = "ballot") -> None:
    """Hand ``votes`` to the deck: for each question how many chose each map."""
    _ballot(data=data, key=key)
