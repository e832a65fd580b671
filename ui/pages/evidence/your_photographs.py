"""An evaluation on demand: every measurement that the chosen photographs allow, with progress."""

import streamlit as st

from cam import METHODS
from cam.evaluation.contenders import contenders
from cam.evaluation.in_memory import evaluate_few
from cam.evaluation.records import About, Report
from cam.evaluation.verdicts import ENOUGH, ENOUGH_CLASSES
from cam.question import Question
from models.pulse import listening
from ui import session, uploads
from ui.messages import complain, plain, sentence, warn
from ui.pages.evidence.data import QUICK, choices, known, within_study
from ui.pages.evidence.numbers import show_measurements, show_pairs, show_setting
from ui.pages.evidence.verdicts import show_answer
from ui.photographs import HELD, Photograph, opened, told_apart, without_repeats
from ui.turns import LINE, still_wanted, visitor, waiting

MOST = 24


def show_own(study: str) -> None:
    """Choose photographs, measure them, and show the report."""
    st.markdown(
        "Every measurement on photographs of your choice. Samples have masks of their objects; for your own photographs, the "
        "networks’ joint guess counts as the class, and scores that need masks are left out. Fewer than "
        f"{ENOUGH} photographs of {ENOUGH_CLASSES} classes show what happens on them and nothing more, and no number of "
        "photographs tells how another training would score: the first tab shows what it takes to settle a question."
    )
    chosen = _chosen(study)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        method = st.selectbox("Method", QUICK, key="own-method", format_func=lambda one: METHODS[one].label, width=160)
        random = st.toggle("Random weights too", key="own-random", help="Adds two networks that were never trained")
        clicked = st.button(
            f"Evaluate {len(chosen)} photograph{'s' * (len(chosen) != 1)}",
            type="primary",
            icon=":material/balance:",
            disabled=not chosen,
            key="evaluate",
        )
    if clicked:
        st.session_state.own_report = None
        st.session_state.own_report = (study, evaluated(study, chosen, method, random))
    made = st.session_state.get("own_report")
    if made and made[0] == study:
        show_setting(made[1])
        show_answer(made[1], key="-own")
        show_measurements(made[1], key="-own")
        show_pairs(made[1], key="-own")


def _chosen(study: str) -> list[Photograph]:
    """The chosen samples and photographs of Compare, and what is uploaded here."""
    brought = [one for one in st.session_state.get("photographs", []) if not one.sample]
    offered = {one.name: one for one in told_apart((*within_study(study), *brought))}
    picked = st.pills(
        "Photographs",
        list(offered),
        selection_mode="multi",
        default=[name for name, one in offered.items() if one.sample],
        key="own-photographs",
        format_func=lambda name: plain(name.replace("-", " "), 60),
    )
    files = st.file_uploader(
        "Your photographs",
        uploads.TYPES,
        accept_multiple_files=True,
        key="own-files",
        max_upload_size=uploads.FILE_MEGABYTES,
    )
    uploaded = [Photograph.of(file.name, file.getvalue()) for file in files or []]
    chosen = told_apart(without_repeats((*(offered[name] for name in picked), *uploaded)))
    if len(chosen) > MOST:
        warn(f"Only the first {MOST} photographs are evaluated.")
    return chosen[:MOST]


def evaluated(study: str, chosen: list[Photograph], method: str, random: bool) -> Report:
    """The report on some photographs, when it is this visitor's turn."""
    bar = st.progress(0.0, "Loading the networks")
    tell = lambda before, seconds: bar.progress(0.0, waiting(before, seconds))  # noqa: E731
    with LINE.turn(visitor(), tell), listening(lambda _: still_wanted()):
        loaded, failed = session.networks(choices(study))
        if not loaded:
            raise next(iter(failed.values()))
        own = {choice.key: network for choice, network in loaded.items()}
        usable, pictures = [], []
        for one in chosen:
            try:
                pictures.append(opened(one, HELD))
                usable.append(known(one, study))
            except ValueError as error:  # the other photographs are still measured
                pictures = pictures[: len(usable)]
                complain(sentence(error))
        about = About("Your photographs", study, "", "", "")
        arms = contenders(own, draws=1 if random else 0)
        report = evaluate_few(
            usable, pictures, arms, Question(method), lambda share, words: bar.progress(share, words), about
        )
    bar.empty()
    return report
