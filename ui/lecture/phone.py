"""What phones of the hall show: the photograph that is asked about, five maps, one to choose."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.components.voting import voting
from ui.lecture.ballots import BALLOTS
from ui.lecture.deck import questions
from ui.lecture.hall import order_of
from ui.lecture.scenes import Scene
from ui.pages.drawn import drawn

EVERY = 1.5  # seconds between two looks at what is asked
BLIND = ("resolution", "cells", "centres", "offset")
SOUGHT = "compound"


def phone(scenes: Sequence[Scene]) -> None:
    """The page of a phone in the room that the address names."""
    vote(st.query_params.get("room", ""), questions(scenes))


@st.fragment(run_every=EVERY)
def vote(room: str, names: list[str]) -> None:
    """What is asked now, again and again, and the vote that comes back."""

    def taken() -> None:
        sent: Any = st.session_state.voting.vote
        if isinstance(sent, dict) and all(isinstance(sent.get(key), int) for key in ("asked", "choice")):
            choice = sent["choice"] if 0 <= sent["choice"] < len(drawn()["columns"]) else -1
            if choice >= 0 and BALLOTS.vote(room, sent["asked"], choice, str(sent.get("voter", ""))):
                st.session_state.counted = [sent["asked"], choice]

    data = question(room, names) | {"counted": st.session_state.get("counted")}
    voting(data, on_vote=taken)


def question(room: str, names: list[str]) -> dict[str, Any]:
    """What is asked in a room: the photograph and its maps in the room's order, with no word on whose they are before the
    answer is shown; ``asked`` is None where nobody asks."""
    found = BALLOTS.asked(room)
    if found is None or found[0] >= len(names):
        return {"asked": None}
    asked, revealed = found
    columns = drawn()["columns"]
    order = order_of(room, asked, len(columns))
    photograph = next(one for one in drawn()["photographs"] if one["name"] == names[asked])
    answer = {
        "labels": [columns[one]["label"] for one in order],
        "sought": [columns[one]["key"] for one in order].index(SOUGHT),
    }
    return {
        "asked": asked,
        "of": len(names),
        "photograph": photograph,
        "columns": [{key: column[key] for key in BLIND} for column in columns],
        "order": order,
        "inferno": drawn()["colours"]["inferno"],
        **(answer if revealed else {}),
    }
