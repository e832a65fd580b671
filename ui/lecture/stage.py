"""The stage: what the mode in the address shows above a page of the app, or instead of it."""

from collections.abc import Collection

import streamlit as st

from ui.address import lecturing, mode, scene_number
from ui.lecture.phone import phone
from ui.lecture.scenes import read_scenes, scenes_file
from ui.lecture.screen import screen
from ui.lecture.steps import steps
from ui.messages import complain, sentence

STYLE = """<style>
html { font-size: clamp(16px, 2.8vh, 40px) !important }
[data-testid=stSidebar], [data-testid=stHeader], [data-testid=stDecoration] { display: none }
[data-testid=stMainBlockContainer] { padding-top: 0.6rem }
.st-key-heading, .st-key-part, .st-key-step, .st-key-back, .st-key-next { display: none }
</style>"""
SHOWN = "scene_shown"
ARRIVING = {"mode", "hall"}  # parameters in the address of a lecture that has not begun


def stage(pages: Collection[str]) -> bool:
    """Show what the mode in the address asks for; return whether no page should be shown below it.

    Args:
        pages: addresses of the app's pages, "" for the first.
    """
    st.html(STYLE)
    try:
        scenes = read_scenes(scenes_file(), pages)
        here = scene_number() if scene_number() <= len(scenes) else 0
        first = set(st.query_params) <= ARRIVING
        if mode() == "vote":
            phone(scenes)
        elif not lecturing():
            screen(scenes, mode())
        elif "live" not in st.query_params and scenes[0 if first else here - 1].show and (here or first):
            screen(scenes, "lecture")
        else:
            above_a_page(scenes, here, first)
            return False
    except (ValueError, OSError) as error:
        complain(sentence(error))
        return not lecturing()
    return True


def above_a_page(scenes: list, here: int, first: bool) -> None:
    """Title and sentence of the scene, and the keys that step to other scenes."""
    if st.session_state.get(SHOWN, here) != here:
        _forget()
    st.session_state[SHOWN] = here
    with st.container(key="stage"):
        steps(scenes, here, first)


def _forget() -> None:
    """Forget what was chosen in another scene, so that this one shows what its link names."""
    for key in list(st.session_state):
        del st.session_state[key]
