"""Deletion and insertion, step by step: the images that the network is shown, and its probability of the class."""

import numpy as np
import streamlit as st

from cam import METHODS
from cam.evaluation.records import Report
from cam.question import Question
from ui import session
from ui.components.film import film_viewer
from ui.pages.evidence.data import QUICK, choices
from ui.pages.evidence.numbers import show_checks
from ui.photographs import Photograph, data_url, sample_photographs
from ui.uploads import first

RULE = (
    "Is the map an explanation of its own network? **Deletion** paints over the pixels that the map rates highest; a good "
    "map makes the probability fall fast. **Insertion** brings them back into a blurred image; a good map makes it rise "
    "fast. These numbers cannot rank networks: they also depend on how well a network copes with damaged images."
)


def show_deletion(report: Report | None, study: str) -> None:
    """One photograph and one network as a film to slide through; below, the means of the evaluation."""
    st.markdown(RULE)
    photographs = photographs_at_hand(study)
    variants = session.study_named(study).variants
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        names = [one.name for one in photographs]
        place = st.selectbox(
            "Photograph",
            range(len(names)),
            key="deleted",
            format_func=lambda row: names[row].replace("-", " "),
            width=220,
        )
        possible = {choice.key: choice for choice in choices(study)}
        if not possible:
            raise ValueError(f"no network of the study {study} has weights here; choose another study")
        key = st.selectbox(
            "Network", list(possible), key="deleting", format_func=lambda one: variants[one].label, width=190
        )
        method = st.selectbox("Method", QUICK, key="deleting-by", format_func=lambda one: METHODS[one].label, width=160)
    photograph = photographs[place or 0]
    with st.spinner("Showing the network 42 damaged images"):
        film = session.film(possible[key], photograph.digest, Question(method), photograph)
    kinds = [
        {
            "kind": kind,
            "area": film.areas[kind],
            "curve": np.round(film.curves[kind], 4).tolist(),
            "frames": [data_url(frame) for frame in film.frames[kind]],
        }
        for kind in film.frames
    ]
    name = photograph.name.replace("-", " ")
    film_viewer(data={"name": name, "category": film.category, "label": film.label, "kinds": kinds}, key="film")
    if report is not None and report.checks is not None:
        st.divider()
        show_checks(report.checks)


def photographs_at_hand(study: str) -> list[Photograph]:
    """The photographs on Compare first, then the samples."""
    samples = sample_photographs()
    there = st.session_state.get("photographs") or [samples[name] for name in first(session.study_named(study))]
    return list({one.digest: one for one in (*there, *samples.values())}.values())
