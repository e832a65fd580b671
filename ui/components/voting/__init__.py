"""What phones of a hall show: voting.html, voting.css, voting.js."""

from collections.abc import Callable
from typing import Any

from ui.components.loader import component

_voting = component("voting")


def voting(data: dict[str, Any], on_vote: Callable[[], None], key: str = "voting") -> None:
    """Ask for a map; ``on_vote`` finds in the state's ``vote`` what was asked, which map was chosen, and the browser's word."""
    _voting(data=data, key=key, on_vote_change=on_vote)
