"""The answer: one sentence, and for each statement of the paper a chart and a verdict."""

import streamlit as st

from cam.evaluation.records import Report, Statement
from cam.evaluation.registry import MEASUREMENTS, NEEDS, PRIMARY
from cam.evaluation.verdicts import ENOUGH, ENOUGH_CLASSES, FAILS, HOLDS, OPEN, enough
from ui.messages import plain
from ui.pages.evidence.charts import answer_chart
from ui.pages.evidence.words import CLAIM_WORDS, answer, minus

CLAIM = (
    "“…the model with compound scaling tends to focus on more relevant regions with more object details, while other "
    "models are either lack of object details or unable to capture all objects in the images.”"
)
BADGES = {
    HOLDS: ":green-badge[:material/check_circle: Holds]",
    FAILS: ":red-badge[:material/cancel: Does not hold]",
    OPEN: ":gray-badge[:material/help: Cannot be told]",
}
PLAIN = {"displayModeBar": False}


def show_answer(report: Report, key: str = "") -> None:
    """One sentence, and one chart for every statement.

    Args:
        report: what to show.
        key: tells the charts of two reports on one page apart.
    """
    st.markdown(f"### {plain(answer(report), 400)}")
    with st.grid(3, min_column_width=300, gap="small"):
        for statement in report.statements:
            with st.container(border=True, height="stretch", gap="small"):
                _statement(report, statement, key)
    st.caption(_legend(report))


def _statement(report: Report, statement: Statement, key: str) -> None:
    name = PRIMARY[statement.claim]
    finding = report.finding(name)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.markdown(f"**{CLAIM_WORDS[statement.claim]}**", width="content")
        st.markdown(BADGES[statement.outcome], width="content")
    if finding is None or not enough(finding):
        has = (
            f"This evaluation has {finding.images} of {finding.classes} classes."
            if finding
            else "This evaluation has none."
        )
        st.markdown(f"A verdict takes {ENOUGH} or more {NEEDS[statement.claim]}, of {ENOUGH_CLASSES} classes. {has}")
    if finding is not None:
        chart = answer_chart(report, finding)
        st.plotly_chart(
            chart,
            key=f"answer-{name}{key}",
            config=PLAIN,
            alt=f"{MEASUREMENTS[name].label}: difference of every network and control to the baseline, with intervals",
        )
        reason = minus(plain(statement.reason[0].upper() + statement.reason[1:], 400))
        said = reason if reason.endswith(MEASUREMENTS[name].label) else f"{reason}. {MEASUREMENTS[name].label}"
        st.caption(f"{said}: {MEASUREMENTS[name].summary}.")


def _legend(report: Report) -> str:
    known = any(one.spread is not None for one in report.findings)
    seeds = "classes, photographs and trainings" if known else "classes and photographs; no network was trained twice"
    return (
        f"Dots are differences to the baseline, lines their 95 % intervals over {seeds}. Colours: the study’s networks; grey: "
        "controls, which show what a lead is worth. A triangle marks a value that lies beyond the axis."
    )
