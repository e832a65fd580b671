"""Passes the hall's votes to the deck: ballot.html, ballot.css, ballot.js."""

from typing import Any

from ui.components.loader import component

_ballot = component("ballot")


def ballot(data: dict[str, Any], key: str = "ballot") -> None:
    """Pass ``votes`` to the deck: for each question, how many people chose each map."""
    _ballot(data=data, key=key)
