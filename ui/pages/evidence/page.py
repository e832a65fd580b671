"""The page Evidence: do the maps support the paper's claim? One sentence and its charts, then how we know."""

import streamlit as st

from cam.evaluation.records import Report
from cam.evaluation.shipped import evaluated_studies
from ui import reports, session
from ui.address import choose
from ui.messages import errors_shown, say_what_is_pending
from ui.pages.evidence.deletion import show_deletion
from ui.pages.evidence.mosaics import show_mosaics
from ui.pages.evidence.photographs import show_photographs
from ui.pages.evidence.steps import show_steps
from ui.pages.evidence.verdicts import show_answer
from ui.pages.evidence.your_photographs import show_own
from ui.session import DEFAULT_STUDY

NUMBERS, SINGLE, GAME, DELETION, OWN = "numbers", "photographs", "pointing", "deletion", "own"
PARTS = {
    NUMBERS: "The answer",
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
    """The heading, the menus, and the part of the page that was chosen."""
    st.html(STYLE)
    with st.container(key="heading", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("# Do the maps support the claim?", width="content")
        study = st.selectbox(
            "Study",
            session.STUDIES,
            index=session.STUDIES.index(first_evaluated()),
            key="evaluated",
            bind="query-params",
            width=290,
            label_visibility="collapsed",
            format_func=lambda name: session.study_named(name).title,
        )
    part = choose("Part", "part", PARTS, NUMBERS)
    with errors_shown():
        say_what_is_pending()
        show(part, reports.evaluation(study), study)


def show(part: str, report: Report | None, study: str) -> None:
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
        show_answer(report)
        st.subheader("How we know")
        show_steps(report)


def nothing(study: str) -> None:
    """Say that the study comes without an evaluation, and how to make one."""
    with st.container(border=True, gap="small"):
        st.markdown("#### This study has not been evaluated yet")
        st.markdown(
            "An evaluation measures all its networks on a folder of photographs with one subfolder per class. It is shown here "
            "once its file is in `cam/evaluation/reports`:"
        )
        st.code(
            f"python -m cam evaluate --study {study} --data FOLDER --out cam/evaluation/reports/{study}.json",
            language="sh",
        )
        if study != first_evaluated():
            st.button("Show an evaluated study", on_click=show_study, args=(first_evaluated(),))


def first_evaluated() -> str:
    """The study whose evaluation has the most photographs; the default study where there is no evaluation."""
    sizes = {name: photographs_of(name) for name in evaluated_studies() if name in session.STUDIES}
    return max(sizes, key=lambda name: (sizes[name], name == DEFAULT_STUDY)) if sizes else DEFAULT_STUDY


def photographs_of(study: str) -> int:
    """Number of photographs of a study's evaluation, 0 where it is damaged: that error is shown when the study is chosen."""
    try:
        report = reports.evaluation(study)
    except ValueError:
        return 0
    return len(report.photographs) if report else 0


def show_study(name: str) -> None:
    """Callback: show another study."""
    st.session_state.evaluated = name


page()
