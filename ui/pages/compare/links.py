"""What a link asks for that is not here is said, once, before the widgets drop it."""

import difflib

import streamlit as st

from cam import METHODS
from models.efficientnet import LAYERS
from ui import session
from ui.messages import errors_shown, say_later
from ui.options import class_labels, devices
from ui.pages.compare.controls import OWN, RATHER, SAME, VIEW_WORDS, method_words, study_words


def check_link() -> None:
    """Say what a link asks for that is not here, once, before the widgets drop it."""
    if "arrived" in st.session_state:
        return
    st.session_state.arrived = True
    allowed = {
        "study": [study_words(name) for name in session.STUDIES],
        "method": [method_words(name) for name in METHODS],
        "view": list(VIEW_WORDS.values()),
        "device": devices(),
        "target": None,
        "layer": [*map(str.capitalize, LAYERS)],
        "variants": [one.label for one in session.linked_study().variants.values()],
    }
    for key, options in allowed.items():
        options = options if options is not None else _target_options()
        for asked in st.query_params.get_all(key):
            if asked and asked not in options:
                near = difflib.get_close_matches(asked, options, n=1)
                word = "variant" if key == "variants" else key
                say_later(
                    f"The link asks for the {word} “{asked}”, which is not here{f'; {near[0]} is' if near else ''}."
                )


def _target_options() -> list[str]:
    with errors_shown():
        return [SAME, OWN, RATHER, *class_labels(session.linked_study().name)]
    return [SAME, OWN, RATHER]
