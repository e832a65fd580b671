"""The stage: what a lecture shows above every page, and how it goes from scene to scene."""

from collections.abc import Collection

import streamlit as st

from ui.lecture.scenes import read_scenes, scenes_file
from ui.lecture.steps import steps
from ui.messages import complain, sentence

STYLE = """<style>
html { font-size: 20px !important }
[data-testid=stSidebar], [data-testid=stHeader], [data-testid=stDecoration] { display: none }
[data-testid=stMainBlockContainer] { padding-top: 0.6rem }
.st-key-heading, .st-key-part, .st-key-step, .st-key-back, .st-key-next { display: none }
</style>"""
SHOWN = "scene_shown"


def lecturing() -> bool:
    """The address asks for the lecture: ``?mode=lecture``."""
    return st.query_params.get("mode") == "lecture"


def stage(pages: Collection[str]) -> None:
    """Title and sentence of the scene, and the keys that lead to the others.

    Args:
        pages: addresses of the app's pages, "" for the first.
    """
    st.html(STYLE)
    try:
        scenes = read_scenes(scenes_file(), pages)
    except (ValueError, OSError) as error:
        complain(sentence(error))
        return
    here = scene_number() if scene_number() <= len(scenes) else 0
    if st.session_state.get(SHOWN, here) != here:
        _forget()
    st.session_state[SHOWN] = here
    with st.container(key="stage"):
        steps(scenes, here, first=set(st.query_params) == {"mode"})


def scene_number() -> int:
    """The scene that the address names, 0 outside a lecture."""
    words = st.query_params.get("scene", "") if lecturing() else ""
    return int(words) if words.isascii() and words.isdigit() and len(words) < 6 else 0


def _forget() -> None:
    """What was chosen in another scene is forgotten, so that this one shows what its link shows."""
    for key in list(st.session_state):
        del st.session_state[key]
