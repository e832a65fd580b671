"""The line above every page of a lecture: title, sentence, place, and the keys that step."""

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from ui.components.steps import steps_bar
from ui.lecture.scenes import Scene

FIRST = "compare"  # the page of scenes whose link names none


def steps(scenes: Sequence[Scene], here: int, first: bool) -> None:
    """Show where the lecture is, and step through it with keys and buttons.

    Args:
        scenes: all of them.
        here: number of the one shown, from 1; 0 where the page shows something else.
        first: go to the first scene at once.
    """
    scene = scenes[here - 1] if here else Scene("", "", "", {})
    data = {
        "title": scene.title,
        "text": scene.text,
        "here": here,
        "count": len(scenes),
        "go": 1 if first else here,
        "links": [link(one, number) for number, one in enumerate(scenes, 1)],
    }
    steps_bar(data=data, key="steps")


def link(scene: Scene, number: int) -> str:
    """Address of a scene, below the server's name; a link that names no page shows what Compare shows."""
    base = "/".join(("", *filter(None, ((st.get_option("server.baseUrlPath") or "").strip("/"), scene.page or FIRST))))
    return f"{base}?{urlencode({**scene.state, 'mode': 'lecture', 'scene': number})}"
