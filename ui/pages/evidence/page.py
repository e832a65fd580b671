"""The page Evidence: do the maps support the paper's claim? One sentence and its charts, then how we know."""

import streamlit as st

from cam.evaluation.records import Report
from cam.evaluation.shipped import shipped_evaluations
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
        names = offered()
        name = st.selectbox(
            "Evaluation",
            names,
            index=names.index(first_evaluated()),
            key="evaluated",
            bind="query-params",
            width=290,
            label_visibility="collapsed",
            format_func=title_of,
        )
    part = choose("Part", "part", PARTS, NUMBERS)
    with errors_shown():
        say_what_is_pending()
        report = reports.evaluation(name)
        show(part, report, report.about.study if report else name)


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


def offered() -> list[str]:
    """Every study, evaluated or not, each followed by its further evaluations."""
    further = [name for name in shipped_evaluations() if name not in session.STUDIES]
    return [
        name for study in session.STUDIES for name in (study, *(one for one in further if one.startswith(f"{study}-")))
    ]


def title_of(name: str) -> str:
    """Title of an evaluation: its study's, and for a further evaluation also the name of its photographs."""
    if name in session.STUDIES:
        return session.study_named(name).title
    study = next(study for study in session.STUDIES if name.startswith(f"{study}-"))
    return f"{session.study_named(study).title}: {name.removeprefix(f'{study}-')}"


def first_evaluated() -> str:
    """The evaluation with the most photographs; the default study where there is none."""
    sizes = {name: photographs_of(name) for name in offered() if name in shipped_evaluations()}
    return max(sizes, key=lambda name: (sizes[name], name == DEFAULT_STUDY)) if sizes else DEFAULT_STUDY


def photographs_of(name: str) -> int:
    """Number of an evaluation's photographs, 0 where it is damaged: that error is shown when the evaluation is chosen."""
    try:
        report = reports.evaluation(name)
    except ValueError:
        return 0
    return len(report.photographs) if report else 0


def show_study(name: str) -> None:
    """Callback: show another study."""
    st.session_state.evaluated = name


page()
