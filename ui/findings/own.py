"""An evaluation on demand: chosen photographs, every measurement that they allow, with progress."""

import threading
from typing import Any

import streamlit as st

from cam import METHODS, open_image
from cam.evaluation.few import evaluate_few
from cam.evaluation.measurements import RANDOM, Networks
from cam.evaluation.report import ENOUGH
from cam.randomisation import random_network
from ui import photographs, session
from ui.findings.data import QUICK, choices, known, within_study
from ui.findings.numbers import show_measurements, show_pairs, show_setting
from ui.findings.verdicts import show_verdicts
from ui.sentences import sentence
from ui.session import Photograph

MOST = 24
_turn = threading.Lock()  # one at a time: it takes a while, and every visitor wants some of the processor
WAIT = 0.5


def show_own(study: str) -> None:
    """Choose photographs, measure them, see the report that the command would write."""
    st.markdown(
        "Every measurement on photographs of your choice. Samples have masks of their objects; of your own, the networks’ "
        f"joint guess counts as the class, and scores that need masks are left out. Verdicts need {ENOUGH} photographs."
    )
    chosen = _chosen(study)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        method = st.selectbox("Method", QUICK, key="own-method", format_func=lambda one: METHODS[one].label, width=160)
        random = st.toggle("Random weights too", key="own-random", help="The control doubles the time")
        clicked = st.button(
            f"Evaluate {len(chosen)} photograph{'s' * (len(chosen) != 1)}", type="primary", icon=":material/balance:",
            disabled=not chosen, key="evaluate",
        )  # fmt: skip
    if clicked:
        st.session_state.own_report = None
        st.session_state.own_report = (study, evaluated(study, chosen, method, random))
    made = st.session_state.get("own_report")
    if made and made[0] == study and made[1]:
        show_setting(made[1])
        show_verdicts(made[1], quote=False)
        show_measurements(made[1], key="-own")
        show_pairs(made[1], key="-own")


def _chosen(study: str) -> list[Photograph]:
    """Samples that show classes of the study, what is on Compare, and what is uploaded here."""
    brought = [one for one in st.session_state.get("photographs", []) if not one.sample]
    offered = {one.name: one for one in (*within_study(study), *brought)}
    picked = st.pills(
        "Photographs", list(offered), selection_mode="multi", default=[name for name, one in offered.items() if one.sample],
        key="own-photographs", format_func=lambda name: name.replace("-", " "),
    )  # fmt: skip
    files = st.file_uploader("Your photographs", photographs.TYPES, accept_multiple_files=True, key="own-files")
    uploaded = [Photograph.of(file.name, file.getvalue()) for file in files or []]
    chosen = list({one.digest: one for one in (*(offered[name] for name in picked), *uploaded)}.values())
    if len(chosen) > MOST:
        st.warning(f"Only the first {MOST} photographs are evaluated.", icon=":material/info:")
    return chosen[:MOST]


def evaluated(study: str, chosen: list[Photograph], method: str, random: bool) -> dict[str, Any] | None:
    """The report on some photographs; None where another visitor's evaluation is under way."""
    if not _turn.acquire(timeout=WAIT):
        st.warning("Another evaluation is under way; try again in a minute.", icon=":material/hourglass_top:")
        return None
    bar = st.progress(0.0, "Loading the networks")
    try:
        loaded, failed = session.networks(choices(study))
        if not loaded:
            raise next(iter(failed.values()))
        own = {choice.key: network for choice, network in loaded.items()}
        usable, pictures = [], []
        for one in chosen:
            try:
                pictures.append(open_image(one.content, name=one.name))
                usable.append(known(one, study))
            except ValueError as error:  # the others are measured all the same
                pictures = pictures[: len(usable)]
                st.error(sentence(error), icon=":material/error:")
        controls = {f"{RANDOM}{key}": random_network(network) for key, network in own.items()} if random else {}
        networks = Networks(own, {}, controls)
        report = evaluate_few(
            usable, pictures, networks, method, "square", lambda share, words: bar.progress(share, words)
        )
        return session.stamped(report | {"study": study})
    finally:
        _turn.release()
        bar.empty()
