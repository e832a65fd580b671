"""Photograph by photograph: how each one scored, and from there to its maps on Compare."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from cam.evaluation.measurements import OWN
from cam.evaluation.rows import column
from cam.evaluation.verdicts import own_networks, subject_of
from ui import session
from ui.findings.charts import scatter
from ui.findings.data import ask_for_folder, opened
from ui.findings.numbers import PLAIN
from ui.findings.words import label
from ui.session import Photograph

THUMBNAILS = 60  # more rows than this show none


def show_photographs(report: dict[str, Any], study: str) -> None:
    """Two networks on every photograph, point by point; the one chosen opens on Compare."""
    rows = report.get("rows")
    if not rows:
        st.info("This evaluation keeps no single images; make it again with this version.", icon=":material/info:")
        return
    part = rows["photographs"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name, one, other = _chosen(report, part)
        folder = ask_for_folder(report)
    chart, beside = st.columns(2, gap="medium")
    with chart:
        st.plotly_chart(
            scatter(report, part, name, OWN, one, other, part["name"]), key="points", config=PLAIN, on_select="rerun",
            selection_mode="points", alt=f"{name} of {one} and {other} on every photograph",
        )  # fmt: skip
        st.caption("Above the dotted line the network on the left axis scores higher. Click on a point to choose it.")
    table = _table(report, part, name, one, other, folder)
    with beside:
        picked = st.dataframe(
            table, key="rows", on_select="rerun", selection_mode="single-row", hide_index=True, height=430, row_height=44,
            column_config=_widths(table), column_order=_columns(table),
        )  # fmt: skip
    row = _row(table, picked.selection.rows)
    if row is None:
        st.caption("Choose a photograph, as a point or in the table, to see its maps.")
        return
    _offer(opened(folder, part["name"][row]), part["name"][row], study)


def _chosen(report: dict[str, Any], part: dict[str, Any]) -> tuple[str, str, str]:
    keys = own_networks(report)
    names = list(dict.fromkeys(key.split("|")[0] for key in part["scores"]))
    name = st.selectbox(
        "Measurement", names, key="score", bind="query-params", width=220,
        format_func=lambda one: report["measurements"][one]["label"],
    )  # fmt: skip
    one = st.selectbox("Across", keys, key="across", format_func=lambda key: label(report, key), width=170)
    subject = keys.index(subject_of(report))
    other = st.selectbox("Up", keys, index=subject, key="up", format_func=lambda key: label(report, key), width=170)
    return name, one, other


def _table(report: dict[str, Any], part: dict[str, Any], name: str, one: str, other: str, folder) -> pd.DataFrame:
    """The photographs that have the score, the largest gain first; ``row`` is their place in the report."""
    first, second = (column(part, f"{name}|{key}|{OWN}") for key in (one, other))
    found = np.flatnonzero(np.isfinite(first) & np.isfinite(second))
    found = found[np.argsort(first[found] - second[found], kind="stable")]
    frame = pd.DataFrame(
        {
            "Photograph": [part["name"][row].removesuffix(".jpg") for row in found],
            label(report, one): first[found].round(3),
            label(report, other) + " " * (one == other): second[found].round(3),
            "Difference": (second - first)[found].round(3),
            "row": found,
        }
    )
    if folder is not None and len(found) <= THUMBNAILS:
        pictures = [opened(folder, part["name"][row]) for row in found]
        frame.insert(0, "", [session.thumbnail(one.digest, one) if one else "" for one in pictures])
    return frame


def _widths(table: pd.DataFrame) -> dict[str, Any]:
    """A picture is narrow, numbers have three decimals."""
    numbers = {name: st.column_config.NumberColumn(format="%.3f", width=80) for name in _columns(table)[-3:]}
    return numbers | {"": st.column_config.ImageColumn(width=50)}


def _columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name != "row"]


def _row(table: pd.DataFrame, selected: list[int]) -> int | None:
    """Place in the report of the photograph chosen in the table, or else in the chart."""
    if selected and selected[0] < len(table):
        return int(table["row"].iloc[selected[0]])
    points = st.session_state.get("points", {}).get("selection", {}).get("points", [])
    return int(np.ravel(points[0]["customdata"])[0]) if points else None


def _offer(photograph: Photograph | None, name: str, study: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        if photograph is None:
            st.markdown(f"**{name}** is not on this machine.")
            return
        st.image(session.thumbnail(photograph.digest, photograph), width=72)
        st.markdown(f"**{photograph.name.replace('-', ' ')}**", width="content")
        if st.button("See its maps on Compare", icon=":material/compare:", type="primary"):
            open_compare(photograph, study)


def open_compare(photograph: Photograph, study: str) -> None:
    """Leave for the first page with this photograph alone."""
    st.session_state.photographs = [photograph]
    st.session_state.carried_study = study
    st.switch_page("ui/compare.py", query_params={"images": photograph.name if photograph.sample else ""})
