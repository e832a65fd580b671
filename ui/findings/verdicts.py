"""The verdicts: what these networks say of each statement of the paper, in one sentence, and after which controls."""

from typing import Any

import streamlit as st

from cam.evaluation.measurements import HALF_PIXEL, POOLED, SIGNED
from cam.evaluation.verdicts import FAILS, HOLDS, OPEN, STATEMENTS, Verdict, own_networks, subject_of
from ui import session
from ui.findings.words import label, minus

CLAIM = (
    "“…the model with compound scaling tends to focus on more relevant regions with more object details, while other "
    "models are either lack of object details or unable to capture all objects in the images.”"
)
BADGES = {
    HOLDS: ":green-badge[:material/check_circle: Holds]",
    FAILS: ":red-badge[:material/cancel: Does not hold]",
    OPEN: ":gray-badge[:material/help: Cannot be told]",
}
CHIPS = {
    POOLED: "common 7 × 7",
    SIGNED: "without ReLU",
    HALF_PIXEL: "half-pixel",
    "gaussian": "Gaussian",
    "random": "random weights",
    "noise": "other seeds",
}
INTERVALS = (
    "Brackets are 95 % bootstrap intervals over images, paired. They do not cover the spread between trainings of the "
    "same network; the noise floor does, where the baseline was trained again from other seeds."
)


def show_verdicts(report: dict[str, Any], quote: bool = True) -> None:
    """Of a stamped report the summary, a card for every statement, and how the verdicts turn out against the other variants."""
    found = session.judged(report["digest"], None, report)
    if quote:
        st.markdown(f"*{CLAIM}* Tan & Le, ICML 2019, Figure 7")
    say_plainly(found, report)
    with st.grid(3, min_column_width=300, gap="small"):
        for verdict in found:
            with st.container(border=True, height="stretch", gap="small"):
                card(verdict, report)
    st.caption(INTERVALS)


def say_plainly(found: list[Verdict], report: dict[str, Any]) -> None:
    """What it comes to; where the measurements speak against the paper, in so many words."""
    counts = {outcome: sum(one.outcome == outcome for one in found) for outcome in (HOLDS, FAILS, OPEN)}
    words = [
        f"{count} {outcome if count == 1 else outcome.replace('does', 'do').replace('holds', 'hold')}"
        for outcome, count in counts.items()
        if count
    ]
    compared = f"{label(report, subject_of(report))} against {label(report, report['baseline'])}"
    st.markdown(f"**{compared}: of the paper’s {len(found)} statements, {', '.join(words)}.**")
    for one in found:
        if one.outcome == FAILS:
            statement = STATEMENTS[one.claim][0].lower() + STATEMENTS[one.claim][1:]
            st.error(f"For these networks the paper is wrong to say that {statement}.", icon=":material/cancel:")
    refuted = {one.claim for one in found if one.outcome == FAILS}
    for rival in other_rivals(report):
        judged = session.judged(report["digest"], rival, report)
        claims = [f"“{one.claim}”" for one in judged if one.outcome == FAILS and one.claim not in refuted]
        if claims:
            rest = f"{' and '.join(claims)} {'does' if len(claims) == 1 else 'do'} not hold"
            st.warning(f"Against {label(report, rival)} alone, {rest} for these networks.", icon=":material/cancel:")


def card(verdict: Verdict, report: dict[str, Any]) -> None:
    """One statement: the outcome, the sentence, the controls."""
    st.markdown(BADGES[verdict.outcome])
    st.markdown(f"**{STATEMENTS[verdict.claim]}**")
    st.markdown(plain(verdict.sentence))
    if chips := controls(verdict):
        st.markdown(chips)
    others = other_rivals(report)
    if verdict.evidence and others:
        st.caption("Against the other networks")
        st.markdown(" ".join(against(report, verdict.claim, key) for key in others))


def other_rivals(report: dict[str, Any]) -> list[str]:
    """The variants beside the baseline that the subject can be compared with; none without the single images."""
    known = (subject_of(report), report["baseline"])
    return [key for key in own_networks(report) if key not in known] if "rows" in report else []


def controls(verdict: Verdict) -> str:
    """A badge for every control, green where the support survives it."""
    return " ".join(
        f":green-badge[:material/check: {CHIPS[key]}]" if survives else f":red-badge[:material/close: {CHIPS[key]}]"
        for key, survives in verdict.survived.items()
    )


def against(report: dict[str, Any], claim: str, rival: str) -> str:
    """A badge that says how the statement fares against another variant."""
    (one,) = (verdict for verdict in session.judged(report["digest"], rival, report) if verdict.claim == claim)
    colour = {HOLDS: "green", FAILS: "red", OPEN: "gray"}[one.outcome]
    return f":{colour}-badge[{label(report, rival)}: {one.outcome}]"


def plain(sentence: str) -> str:
    """A sentence whose brackets Markdown leaves alone."""
    return minus(sentence).replace("[", "\\[")
