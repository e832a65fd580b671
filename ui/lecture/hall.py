"""Addresses of a lecture: of its scenes, of the speaker's view, and of what phones open."""

import random
from urllib.parse import urlencode

import streamlit as st

from ui.lecture.ballots import new_hall, room_of
from ui.lecture.scenes import Scene

FIRST = "compare"  # the page of scenes whose link names none
HALL = "hall"


def hall() -> str:
    """The secret of this lecture, which its address keeps."""
    if HALL not in st.query_params:
        st.query_params[HALL] = st.session_state.get(HALL) or new_hall()
    st.session_state[HALL] = st.query_params[HALL]
    return st.query_params[HALL]


def link(scene: Scene, number: int, secret: str = "", live: bool = False) -> str:
    """Address of a scene, below the server's name; a link that names no page shows what Compare shows.

    Args:
        scene: the scene.
        number: its place, from 1.
        secret: of the hall.
        live: show the page itself, where the scene is composed for the screen.
    """
    marks = {"mode": "lecture", "scene": number} | ({"live": 1} if live else {}) | ({HALL: secret} if secret else {})
    if scene.show and not live:
        return f"{_base('')}?{urlencode(marks)}"
    return f"{_base(scene.page or FIRST)}?{urlencode({**scene.state, **marks})}"


def shared_link(scene: Scene, number: int, secret: str) -> str:
    """Address of what phones open: the vote, the page in the same state, or the scene where there is no page."""
    if scene.show == "guess":
        return f"{_base('')}?{urlencode({'mode': 'vote', 'room': room_of(secret)})}"
    if scene.show == "home":
        return _base("")
    if scene.show and not scene.linked:
        return f"{_base('')}?{urlencode({'mode': 'lecture', 'scene': number})}"
    return f"{_base(scene.page or FIRST)}{'?' if scene.state else ''}{urlencode(scene.state)}"


def other_view(name: str, secret: str) -> str:
    """Address of the speaker's view or of the handout."""
    return f"{_base('')}?{urlencode({'mode': name, HALL: secret})}"


def order_of(room: str, question: int, count: int) -> list[int]:
    """In which order the maps of a question lie on the table: the same in the hall and on its phones."""
    return random.Random(f"{room} {question}").sample(range(count), count)


def _base(page: str) -> str:
    return "/".join(("", *filter(None, ((st.get_option("server.baseUrlPath") or "").strip("/"), page)))) or "/"
