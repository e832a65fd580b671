"""The third page: do the maps support the paper's claim? Verdicts, the numbers behind them, and single images."""

from typing import Any

import streamlit as st

from cam.evaluation.shipped import evaluated_studies
from ui import session
from ui.findings.deletion import show_deletion
from ui.findings.mosaics import show_mosaics
from ui.findings.numbers import show_measurements, show_networks, show_pairs, show_setting
from ui.findings.own import show_own
from ui.findings.photographs import show_photographs
from ui.findings.verdicts import show_verdicts
from ui.lesson.address import choose
from ui.sentences import said, say_what_is_pending
from ui.session import DEFAULT_STUDY

NUMBERS, SINGLE, GAME, DELETION, OWN = "numbers", "photographs", "pointing", "deletion", "own"
PARTS = {
    NUMBERS: "Verdicts and numbers",
    SINGLE: "Photographs",
    GAME: "Pointing game",
    DELETION: "Deletion",
    OWN: "Your photographs",
}
STYLE = """<style>
.st-key-heading :is(h1, p) { margin: 0; padding: 0; line-height: 1.3 }
.st-key-heading { padding-bottom: 0.4rem }
</style>"""


def page() -> None:
    """The verdicts, and one part of what is behind them."""
    st.html(STYLE)
    with st.container(key="heading", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("# Do the maps support the claim?", width="content")
        study = st.selectbox(
            "Study", session.STUDIES, index=session.STUDIES.index(first_evaluated()), key="evaluated", bind="query-params",
            width=290, label_visibility="collapsed",
            format_func=lambda name: session.study_named(name).title,
        )  # fmt: skip
    part = choose("Part", "part", PARTS, NUMBERS)
    with said():
        say_what_is_pending()
        show(part, session.evaluation(study), study)


def show(part: str, report: dict[str, Any] | None, study: str) -> None:
    """One part of the page."""
    if part == GAME:
        show_mosaics(report, study)
    elif part == DELETION:
        show_deletion(report, study)
    elif part == OWN:
        show_own(study)
    elif report is None:
        nothing(study)
    elif part == SINGLE:
        show_photographs(report, study)
    else:
        show_setting(report)
        st.caption(session.study_named(study).summary)
        show_verdicts(report)
        st.subheader("The numbers behind them")
        show_measurements(report)
        st.subheader("Networks against each other")
        show_pairs(report)
        with st.expander("The networks"):
            show_networks(report)


def nothing(study: str) -> None:
    """No evaluation came along: how to make one."""
    with st.container(border=True, gap="small"):
        st.markdown("#### This study has not been evaluated yet")
        st.markdown(
            "An evaluation measures all its networks on a folder of photographs, one folder per class, and is shown here "
            "once its file lies in `cam/evaluation/reports`:"
        )
        st.code(
            f"python -m cam evaluate --study {study} --data FOLDER --out cam/evaluation/reports/{study}.json",
            language="sh",
        )
        if study != first_evaluated():
            st.button("Show the study that came along", on_click=show_study, args=(first_evaluated(),))


def first_evaluated() -> str:
    """The first study in the menu whose evaluation came along; the default where none has."""
    there = evaluated_studies()
    return next((name for name in session.STUDIES if name in there), DEFAULT_STUDY)


def show_study(name: str) -> None:
    """Callback: show another study."""
    st.session_state.evaluated = name


page()
