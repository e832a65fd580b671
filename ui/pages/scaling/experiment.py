"""Scaling as an experiment: what networks reached here beside what the paper printed, and where the nearest of them looks."""

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st

from ui.address import choose
from ui.components.nearest import nearest_maps
from ui.pages.drawn import drawn
from ui.pages.scaling.charts import figure8, measured_figure
from ui.pages.scaling.measured import PHOTOGRAPHS, Measured, Point, nearest, on_caltech, on_imagenet
from ui.pages.scaling.setting import Setting
from ui.pages.scaling.svg import number

SETS: dict[str, Callable[[], Measured]] = {"imagenet": on_imagenet, "caltech": on_caltech}
SET_WORDS = {"imagenet": "ImageNet photographs", "caltech": "Caltech-101, all trainings"}


def experiment(setting: Setting) -> None:
    """Two charts of accuracy against cost, measured here and printed in the paper, and the nearest network's maps."""
    key = nearest(setting)
    st.subheader("What networks reached here")
    chosen = choose("Measured on", "measured", SET_WORDS, "imagenet")
    measured = SETS[chosen]()
    ours, theirs = st.columns(2, gap="medium")
    with ours:
        _chart(measured_figure(measured.points, key, setting.gflops), "measured")
        st.caption(f"Measured: {measured.said}. Bars: 95 % intervals; most differences are within them.")
    with theirs:
        _chart(figure8(setting), "papers")
        st.caption("Printed: the paper's figure 8, trained on all of ImageNet. Neither axis is the left chart's.")
    _nearest(key, measured)


def _chart(figure: go.Figure, name: str) -> None:
    st.plotly_chart(
        figure, key=f"experiment-{name}", config={"displayModeBar": False}, alt=f"Accuracy against cost, {name}"
    )


def _nearest(key: str, measured: Measured) -> None:
    """Which trained network is nearest to the sliders, in numbers and maps, with the baseline's above."""
    columns = drawn()["columns"]
    keys = [column["key"] for column in columns]
    found: list[Point] = [one for one in measured.points if one.variant == key]
    reached = " and ".join(f"{one.top1:.1f} %" for one in found[-1:]) if len(found) == 1 else _range(found)
    st.markdown(
        f"Nearest trained network: **{columns[keys.index(key)]['label']}** ({columns[keys.index(key)]['coefficients']}), "
        f"{number(found[0].gflops * 1e9)} multiply-adds, named {reached} right. Its maps, and the baseline's:"
    )
    shown = [keys.index("baseline")] + ([keys.index(key)] if key != "baseline" else [])
    by_name = {one["name"]: one for one in drawn()["photographs"]}
    nearest_maps(
        {
            "photographs": [by_name[name] for name in PHOTOGRAPHS],
            "columns": columns,
            "shown": shown,
            "inferno": drawn()["colours"]["inferno"],
        }
    )


def _range(points: list[Point]) -> str:
    low, high = min(one.top1 for one in points), max(one.top1 for one in points)
    return f"{low:.1f} to {high:.1f} % in {len(points)} trainings"
