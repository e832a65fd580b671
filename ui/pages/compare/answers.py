"""What every variant takes a photograph for: its five most probable classes, beside those of the others."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cam import Comparison
from ui.messages import drawn, plain

TOP = 5


def answers(row: Comparison, on_pick) -> None:
    """One bar chart for each variant; ``on_pick`` is called with the index of a class whose bar was clicked."""
    columns = st.columns([1] * (len(row.variants) + 1), gap="small")
    with columns[0]:
        st.caption(
            f"First five guesses for **{plain(row.names[0].replace('-', ' '))}**. Click on a bar to see the maps of its class."
        )
    for column, key in zip(columns[1:], row.variants, strict=True):
        with column:
            name = f"answers-{key}"
            st.markdown(f"**{plain(row.variants[key].label)}**")
            st.plotly_chart(
                chart(row, key),
                key=name,
                on_select=lambda name=name: _picked(name, on_pick),
                selection_mode="points",
                config={"displayModeBar": False},
                alt=f"Five most probable classes of {row.variants[key].label}",
            )


def chart(row: Comparison, key: str) -> go.Figure:
    """Bars of the five most probable classes, the explained one in the accent colour, names above the bars."""
    probabilities = row.probabilities(key)[0]
    best = np.argsort(-probabilities)[:TOP]
    explained = row.class_idx[key][0]
    names = [drawn(row.categories[index], 22) for index in best]
    places = list(range(len(best)))
    figure = go.Figure(
        go.Bar(
            x=probabilities[best],
            y=places,
            orientation="h",
            width=0.34,
            customdata=best.tolist(),
            marker={"color": ["#d4577f" if index == explained else "#8f96ab" for index in best], "cornerradius": 3},
            hovertext=[
                f"{drawn(row.categories[i])}: {share:.1%}" for i, share in zip(best, probabilities[best], strict=True)
            ],
            hoverinfo="text",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    )
    for place, name, share in zip(places, names, probabilities[best], strict=True):
        words = f"{name}  {share:.0%}"
        figure.add_annotation(
            x=0, y=place - 0.42, text=words, showarrow=False, xanchor="left", xshift=-2, font={"size": 12}
        )
    figure.update_xaxes(range=[0, 1], visible=False, fixedrange=True)
    figure.update_yaxes(range=[len(best) - 0.6, -0.75], visible=False, fixedrange=True)
    figure.update_layout(
        height=205, margin={"l": 2, "r": 2, "t": 4, "b": 4}, dragmode=False, bargap=0, showlegend=False
    )
    return figure


def _picked(name: str, on_pick) -> None:
    points = st.session_state[name].selection.points
    if points:
        on_pick(int(np.ravel(points[0]["customdata"])[0]))
