"""The section of the page that measures latency, on a click."""

import plotly.graph_objects as go
import streamlit as st

from cam.paper.tables import paper
from models.network import choose_device
from models.studies import StudyError
from ui.messages import warn
from ui.pages.scaling.latency import EXTRAS, WARM_UP, Busy, Latency, device_name, extra_network, measure, stopwatch
from ui.pages.scaling.tables import VARIANTS
from ui.palette import COLOURS, OTHER
from ui.session import DEFAULT_STUDY, Choice, network, study_named

UNSTEADY = 0.25  # above this ratio of deviation to mean, the page says that something else is running


@st.fragment
def stopwatch_section() -> None:
    """Choose networks, measure them one after the other, and show the times beside the paper's numbers."""
    device, protocol = choose_device("auto"), paper().latency
    variants = [key for key, variant in study_named(DEFAULT_STUDY).variants.items() if variant.available]
    st.markdown(
        f"One image at a time, the mean of {protocol.runs} runs, as in table 4, on {device_name(device)}; the paper "
        f"used an {protocol.device}. The ratios can be compared, the seconds cannot."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills(
            "Networks",
            [*variants, *EXTRAS],
            default=[*variants, *EXTRAS],
            selection_mode="multi",
            format_func=lambda name: VARIANTS.get(name, name),
            key="timed",
            help="EfficientNet-B1 and ResNet-152 have random weights: they take as long as trained ones.",
        )
        clicked = st.button("Measure", icon=":material/timer:", type="primary", disabled=not chosen, key="measure")
    if clicked:
        _measure_all(chosen, device)
    if measured := st.session_state.get("latencies"):
        _show(measured)


def _measure_all(names: list[str], device) -> None:
    bar = st.progress(0.0, "Waiting for the stopwatch")
    try:
        with stopwatch():
            st.session_state.latencies = {
                name: _measure_one(i, name, names, device, bar) for i, name in enumerate(names)
            }
    except (Busy, StudyError) as error:
        warn(f"Not measured: {error}.", ":material/hourglass_top:")
    bar.empty()


def _measure_one(i: int, name: str, names: list[str], device, bar) -> Latency:
    total = WARM_UP + paper().latency.runs
    label = VARIANTS.get(name, name)
    bar.progress(i / len(names), f"{label}: loading")
    if name in EXTRAS:
        model, side = extra_network(name, device)
    else:
        loaded = network(Choice(DEFAULT_STUDY, name, str(device)))
        model, side = loaded.model, loaded.scaling.input_size
    return measure(
        model,
        side,
        device,
        after=lambda run: bar.progress((i + run / total) / len(names), f"{label}: run {run} of {total}"),
    )


def _show(measured: dict[str, Latency]) -> None:
    st.plotly_chart(
        _bars(measured),
        key="latency-chart",
        config={"displayModeBar": False},
        alt="Seconds per image of every network measured",
    )
    ratios = [f"In the paper, ResNet-152 takes **{_paper_ratio():.1f} times** as long as EfficientNet-B1"]
    if {"ResNet-152", "EfficientNet-B1"} <= measured.keys():
        ratio = measured["ResNet-152"].mean / measured["EfficientNet-B1"].mean
        ratios.append(f"here **{ratio:.1f} times**")
    if shaken := [VARIANTS.get(name, name) for name, time in measured.items() if time.deviation > UNSTEADY * time.mean]:
        st.caption(f"The runs of {', '.join(shaken)} differ a lot: this machine is doing something else as well.")
    st.markdown(
        "; ".join(ratios)
        + ". Multiply-adds are not time: depthwise convolutions wait for memory, and how long depends on the device."
    )


def _paper_ratio() -> float:
    seconds = {row.network: row.seconds for row in paper().table4}
    return seconds["ResNet-152"] / seconds["EfficientNet-B1"]


def _bars(measured: dict[str, Latency]) -> go.Figure:
    names = list(measured)[::-1]
    times = [(measured[name].mean * 1e3, measured[name].deviation * 1e3) for name in names]
    figure = go.Figure(
        go.Bar(
            x=[mean for mean, _ in times],
            y=[VARIANTS.get(name, name) for name in names],
            orientation="h",
            marker_color=[COLOURS.get(name, OTHER) for name in names],
            cliponaxis=False,
            text=[f"<b>{mean:,.0f} ms</b> ± {deviation:,.0f}" for mean, deviation in times],
            textposition="outside",
            textfont={"size": 15},
            hovertemplate="%{y}: %{x:,.1f} ms<extra></extra>",
        )
    )
    figure.update_layout(height=60 + 38 * len(names), margin={"l": 10, "r": 120, "t": 10, "b": 10}, font={"size": 15})
    figure.update_xaxes(title="milliseconds per image, ± standard deviation", rangemode="tozero", fixedrange=True)
    figure.update_yaxes(tickfont={"size": 15}, fixedrange=True)
    return figure
