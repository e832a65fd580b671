"""The hall's screen, the speaker's view and the handout: the deck, and the hall's votes while it is asked."""

from collections.abc import Sequence

import streamlit as st

from ui.components.ballot import ballot
from ui.components.deck import deck
from ui.lecture.ballots import BALLOTS, room_of
from ui.lecture.deck import deck_data, questions
from ui.lecture.hall import hall
from ui.lecture.scenes import Scene
from ui.pages.drawn import drawn

EVERY = 0.3  # seconds between two counts of votes
PAPER = """<style>
@page { size: 1280px 720px; margin: 0 }
[data-testid=stMainBlockContainer] { padding: 0 }
@media print {
  html, body, #root, #root div {
    position: static; display: block; overflow: visible; height: auto; min-height: 0; padding: 0; gap: 0;
  }
  #root [data-testid=stAppViewContainer] > :not(:has([data-testid=stMain])) { display: none }
  [data-testid=stAppViewContainer], [data-testid=stMain], [data-testid=stMainBlockContainer] { width: 1280px; max-width: none }
}
</style>"""


def screen(scenes: Sequence[Scene], view: str) -> None:
    """Fill the window with the deck.

    Args:
        scenes: all of them.
        view: "lecture", "speaker" or "handout".

    Raises:
        ValueError: as ``deck_data``.
    """
    secret = hall()
    if view == "handout":
        st.html(PAPER)
    guess = deck(deck_data(scenes, secret, view))
    if view == "lecture" and isinstance(guess, dict):
        asked, revealed = guess.get("asked"), guess.get("revealed")
        if isinstance(asked, int) and 0 <= asked < len(questions(scenes)):
            BALLOTS.ask(room_of(secret), asked, bool(revealed))
            count_votes(room_of(secret), len(questions(scenes)))


@st.fragment(run_every=EVERY)
def count_votes(room: str, asked: int) -> None:
    """Pass the votes to the deck, every ``EVERY`` seconds."""
    ballot({"votes": BALLOTS.counts(room, asked, len(drawn()["columns"]))})
