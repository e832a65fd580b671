"""How each image scored, with the largest differences first, and a way from an image to its maps on Compare."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from cam.evaluation.records import Kept, Report
from cam.evaluation.registry import MEASUREMENTS
from ui.address import page_file
from ui.messages import inform, plain
from ui.pages.evidence.charts import scatter
from ui.pages.evidence.data import folder_of, opened
from ui.pages.evidence.words import label, number
from ui.photographs import Photograph, thumbnail

THUMBNAILS = 60  # a table with more rows shows none
EVERY = "All classes"
LASSO = {"displaylogo": False, "displayModeBar": True, "modeBarButtons": [["pan2d", "lasso2d"]]}


def show_photographs(report: Report, study: str) -> None:
    """Two networks' scores on every image; a chosen image opens on Compare if its photograph comes with the project."""
    if not report.kept:
        inform("This evaluation holds no scores of single images; run it again with this version.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kept, one, other = _chosen(report)
        wanted = st.selectbox("Class", [EVERY, *_classes(kept)], key="class", width=200) if _classes(kept) else EVERY
    folder = folder_of(report)
    chart, beside = st.columns(2, gap="medium")
    with chart:
        _show_points(report, kept, one, other, wanted)
    circled = _circled()
    rows = [row for row in _of_class(kept, wanted) if len(circled) < 2 or row in circled]
    table = _table(report, kept, one, other, rows, folder)
    with beside:
        picked = st.dataframe(
            table,
            key="rows",
            on_select="rerun",
            selection_mode="single-row",
            hide_index=True,
            height=430,
            row_height=44,
            column_config=_widths(table),
            column_order=_columns(table),
        )
    row = _row(table, picked.selection.rows)
    if row is None:
        st.caption("Choose an image in the chart or in the table to see its score with every network.")
        return
    _detail(report, kept, row)
    photograph = opened(folder, kept.names[row][0]) if len(kept.names[row]) == 1 else None
    if photograph is not None:
        _offer(photograph, study)


def _show_points(report: Report, kept: Kept, one: str, other: str, wanted: str) -> None:
    st.plotly_chart(
        scatter(report, kept, one, other, _of_class(kept, wanted)),
        key="points",
        config=LASSO,
        on_select="rerun",
        selection_mode=("points", "lasso"),
        alt=f"{kept.measurement} of {one} and {other} on every image",
    )
    st.caption(
        "Above the dotted line the network on the vertical axis scores higher. Click on a point to choose it. With the "
        "lasso (top right) draw a line around some points to list only those; a double click lists all again."
    )


def _chosen(report: Report) -> tuple[Kept, str, str]:
    known = {one.measurement: one for one in report.kept}
    keys = list(report.kept[0].scores)
    name = st.selectbox(
        "Measurement", list(known), key="score", width=260, format_func=lambda one: MEASUREMENTS[one].label
    )
    one = st.selectbox("Across", keys, key="across", format_func=lambda key: label(report, key), width=170)
    subject = keys.index(report.subject)
    other = st.selectbox("Up", keys, index=subject, key="up", format_func=lambda key: label(report, key), width=170)
    return known[name], one, other


def _classes(kept: Kept) -> list[str]:
    return sorted({names[0].split("/")[0] for names in kept.names if "/" in names[0]})


def _of_class(kept: Kept, wanted: str) -> list[int]:
    """Indices in the report of the images of a class, or of all images."""
    return [row for row, names in enumerate(kept.names) if wanted == EVERY or names[0].startswith(f"{wanted}/")]


def _circled() -> set[int]:
    """Indices in the report of the images whose points are chosen in the chart."""
    points = st.session_state.get("points", {}).get("selection", {}).get("points", [])
    return {int(np.ravel(point["customdata"])[0]) for point in points}


def _table(report: Report, kept: Kept, one: str, other: str, rows: Sequence[int], folder: Path | None) -> pd.DataFrame:
    """The images, the largest difference of either sign first; ``row`` is their index in the report."""
    first, second = (np.array(kept.scores[key], dtype=np.float64) for key in (one, other))
    found = np.array(rows, dtype=int)[np.argsort(-np.abs(second - first)[list(rows)], kind="stable")]
    frame = pd.DataFrame(
        {
            "Image": [", ".join(names).removesuffix(".jpg") for names in (kept.names[row] for row in found)],
            label(report, one): first[found].round(3),
            label(report, other) + " " * (one == other): second[found].round(3),
            "Difference": (second - first)[found].round(3),
            "row": found,
        }
    )
    if folder is not None and len(found) <= THUMBNAILS:
        pictures = [opened(folder, kept.names[row][0]) for row in found]
        frame.insert(0, "", [thumbnail(one.digest, one) if one else "" for one in pictures])
    return frame


def _widths(table: pd.DataFrame) -> dict:
    """Formats of the columns: pictures are narrow, numbers have three decimals."""
    numbers = {name: st.column_config.NumberColumn(format="%.3f", width=80) for name in _columns(table)[-3:]}
    return numbers | {"": st.column_config.ImageColumn(width=50)}


def _columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name != "row"]


def _row(table: pd.DataFrame, selected: list[int]) -> int | None:
    """Index in the report of the image chosen in the table, or else in the chart."""
    if selected and selected[0] < len(table):
        return int(table["row"].iloc[selected[0]])
    circled = _circled()
    return circled.pop() if len(circled) == 1 else None


def _detail(report: Report, kept: Kept, row: int) -> None:
    """The score of every network on one image."""
    scores = {label(report, key): kept.scores[key][row] for key in kept.scores}
    scored = ", ".join(f"{plain(name)} **{number(value)}**" for name, value in scores.items() if value is not None)
    st.markdown(f"{plain(', '.join(kept.names[row]), 200)} – {scored}")


def _offer(photograph: Photograph, study: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.image(thumbnail(photograph.digest, photograph), width=72, alt="")
        st.markdown(f"**{plain(photograph.name.replace('-', ' '))}**", width="content")
        if st.button("See its maps on Compare", icon=":material/compare:", type="primary"):
            open_compare(photograph, study)


def open_compare(photograph: Photograph, study: str) -> None:
    """Switch to Compare with this photograph only."""
    st.session_state.photographs = [photograph]
    st.session_state.carried_study = study
    st.switch_page(page_file("compare"), query_params={"images": photograph.name if photograph.sample else ""})
