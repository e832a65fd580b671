"""Plotly charts of a report: means and differences with their controls, pairs of networks, single images, curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from cam.evaluation.measurements import HALF_PIXEL, OWN, POOLED, READINGS, SIGNED
from cam.evaluation.rows import column
from cam.evaluation.verdicts import images_of
from ui.findings.words import READING_WORDS, label, pair_words
from ui.palette import COLOURS, OTHER, translucent

SYMBOLS = {OWN: "circle", POOLED: "square-open", SIGNED: "diamond-open", HALF_PIXEL: "x-thin-open"}
OFFSETS = dict(zip(READINGS, (-0.27, -0.09, 0.09, 0.27), strict=True))
KIND_WORDS = {
    "variants": "two variants",
    "seeds": "two trainings of the baseline, other seeds",
    "ancestor": "a variant and the common ancestor",
}
KIND_COLOURS = {"variants": COLOURS["compound"], "seeds": COLOURS["baseline"], "ancestor": COLOURS["resolution"]}
CURVES = {"deletion": COLOURS["width"], "insertion": COLOURS["depth"], "road": COLOURS["resolution"]}


def measurement_chart(report: dict[str, Any], found: dict[str, Any], differences: bool) -> go.Figure:
    """One measurement on one group of images: every network, in every reading, with intervals and controls.

    Args:
        report: names the networks.
        found: a group of a measurement in it.
        differences: to the baseline, instead of means.
    """
    keys = [key for key in found["networks"] if not (differences and key == report["baseline"])]
    figure = _figure(60 + 62 * len(keys))
    value = "difference" if differences else "mean"
    for reading in READINGS:
        places = [row + OFFSETS[reading] for row in range(len(keys))]
        triples = [found["networks"][key][reading][value] for key in keys]
        colours = [COLOURS.get(key, OTHER) for key in keys]
        figure.add_trace(_dots(READING_WORDS[reading], places, triples, colours, SYMBOLS[reading]))
    if differences:
        figure.add_vline(0, line={"color": OTHER, "width": 1.5})
    else:
        _random_weights(figure, found, keys)
        figure.add_vline(found["gaussian"], line={"color": OTHER, "width": 1.5, "dash": "dash"})
        _note(figure, found["gaussian"], "centred Gaussian")
    if found["noise_floor"]:
        centre = 0.0 if differences else found["networks"][report["baseline"]][OWN]["mean"][0]
        floor = found["noise_floor"][OWN]
        figure.add_vrect(
            centre - floor, centre + floor, fillcolor=translucent(OTHER, 0.18), line_width=0, layer="below"
        )
        _note(figure, centre, "noise floor", above=differences)
    figure.update_yaxes(
        tickvals=list(range(len(keys))), ticktext=[label(report, key) for key in keys], range=[len(keys) - 0.45, -0.65]
    )
    return figure


def _random_weights(figure: go.Figure, found: dict[str, Any], keys: Sequence[str]) -> None:
    known = [row for row, key in enumerate(keys) if "random" in found["networks"][key]]
    if known:
        values = [found["networks"][keys[row]]["random"] for row in known]
        marker = {"symbol": "asterisk-open", "size": 10, "color": OTHER, "line": {"width": 1.5}}
        figure.add_trace(
            go.Scatter(
                x=values, y=known, mode="markers", name="Random weights", marker=marker,
                hovertemplate="random weights: %{x:.3f}<extra></extra>",
            )
        )  # fmt: skip


def _dots(
    name: str, places: Sequence[float], triples: Sequence[Sequence[float]], colours: Sequence[str], symbol: str
) -> go.Scatter:
    """Estimates with their intervals."""
    middle, low, high = np.transpose(triples)
    return go.Scatter(
        x=middle, y=list(places), mode="markers", name=name, customdata=np.transpose([low, high]),
        marker={"symbol": symbol, "size": 11, "color": list(colours), "line": {"width": 2, "color": list(colours)}},
        error_x={
            "type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low, "thickness": 1.5,
            "width": 0, "color": translucent(OTHER, 0.9),
        },
        hovertemplate=f"{name}: %{{x:.3f}} [%{{customdata[0]:.3f}}, %{{customdata[1]:.3f}}]<extra></extra>",
    )  # fmt: skip


def pairs_chart(report: dict[str, Any], name: str) -> go.Figure:
    """How alike two networks are: variants beside trainings that differ by the seed alone."""
    found = report["pairs"][name]
    kinds = [kind for kind in KIND_WORDS if found.get(kind)]
    rows = [(kind, pair) for kind in kinds for pair in found[kind]]
    figure = _figure(70 + 26 * len(rows))
    for kind in kinds:
        places = [place for place, (one, _) in enumerate(rows) if one == kind]
        triples = [found[kind][rows[place][1]] for place in places]
        figure.add_trace(_dots(KIND_WORDS[kind], places, triples, [KIND_COLOURS[kind]] * len(places), "circle"))
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[pair_words(report, pair) for _, pair in rows],
        range=[len(rows) - 0.4, -0.6],
    )
    return figure


def scatter(
    report: dict[str, Any], part: dict[str, Any], name: str, reading: str, one: str, other: str, names: Sequence[str]
) -> go.Figure:
    """Every image: its score with one network against that with another; the point's number is in ``customdata``."""
    across, up = (column(part, f"{name}|{key}|{reading}") for key in (one, other))
    right = images_of(report, part, "recognised")
    figure = _figure(420)
    low, high = np.nanmin([across, up]), np.nanmax([across, up])
    line = {"color": OTHER, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=low, y0=low, x1=high, y1=high, line=line, layer="below")
    for words, kept, symbol in (("all networks right", right, "circle"), ("some network wrong", ~right, "x")):
        rows = np.flatnonzero(kept & np.isfinite(across) & np.isfinite(up))
        colour = COLOURS.get(other, OTHER) if symbol == "circle" else OTHER
        figure.add_trace(
            go.Scatter(
                x=across[rows], y=up[rows], mode="markers", name=words, customdata=rows.tolist(),
                text=[names[row] for row in rows], hovertemplate="%{text}: %{x:.3f}, %{y:.3f}<extra></extra>",
                marker={"size": 11 if len(across) < 200 else 7, "symbol": symbol, "color": colour, "opacity": 0.75},
            )
        )  # fmt: skip
    figure.update_xaxes(title=label(report, one))
    figure.update_yaxes(title=label(report, other), showgrid=True)
    return figure


def curves_chart(curves: dict[str, Sequence[float]]) -> go.Figure:
    """Mean probability of the class while pixels vanish or appear."""
    figure = _figure(300)
    for name, values in curves.items():
        share = np.linspace(0, 100, len(values))
        line = {"color": CURVES.get(name, OTHER), "width": 3}
        words = "ROAD" if name == "road" else name.capitalize()
        hover = "%{x:.0f} %: %{y:.3f}<extra></extra>"
        figure.add_trace(go.Scatter(x=share, y=list(values), mode="lines", name=words, line=line, hovertemplate=hover))
    figure.update_xaxes(title="pixels changed, the map’s highest first, %")
    figure.update_yaxes(title="probability of the class", rangemode="tozero")
    return figure


def randomisation_chart(scores: dict[str, float]) -> go.Figure:
    """Rank correlation with the trained network's maps while it forgets, part by part."""
    names = [name.removeprefix("random down to ") for name in scores]
    figure = _figure(300)
    bars = go.Bar(
        x=names, y=list(scores.values()), marker_color=COLOURS["baseline"], hovertemplate="%{y:.2f}<extra></extra>"
    )
    figure.add_trace(bars)
    figure.update_yaxes(title="rank correlation", range=[-0.3, 1])
    figure.update_layout(showlegend=False)
    return figure


def _note(figure: go.Figure, x: float, words: str, above: bool = True) -> None:
    figure.add_annotation(
        x=x, y=1 if above else 0, yref="paper", yanchor="bottom" if above else "top", text=words, showarrow=False,
        font={"size": 13},
    )  # fmt: skip


def _figure(height: int) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=height, margin={"l": 10, "r": 10, "t": 30, "b": 34}, font={"size": 15}, hoverlabel={"font": {"size": 15}},
        legend={"orientation": "h", "y": 1.12, "yanchor": "bottom", "x": 0, "font": {"size": 14}},
        dragmode=False, showlegend=True,
    )  # fmt: skip
    figure.update_xaxes(zeroline=False, fixedrange=True, tickfont={"size": 14}, automargin=True)
    figure.update_yaxes(zeroline=False, fixedrange=True, tickfont={"size": 14}, showgrid=False, automargin=True)
    return figure
