"""Plotly charts of a report: the answer, pairs of networks, single images, curves, and randomisation."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from cam.evaluation.contenders import AT_SIZE, CHANCE, CONTROL, RANDOM, VARIANT
from cam.evaluation.records import Contrast, Finding, Kept, Report
from cam.evaluation.verdicts import interval_of
from ui.messages import drawn
from ui.pages.evidence.words import label, percent
from ui.palette import COLOURS, OTHER, colours_of, translucent

ROW, FRAME = 30, 84  # pixels
CURVES = {"deletion": COLOURS["width"], "insertion": COLOURS["depth"], "road": COLOURS["resolution"]}


def answer_chart(report: Report, finding: Finding) -> go.Figure:
    """Every arm's difference to the baseline with its interval: variants in colour, controls in grey.

    Random weights score far below; they are cut off at the left edge, so that the others have room.
    """
    contrasts = [
        one for role in (VARIANT, AT_SIZE, CONTROL, CHANCE, RANDOM) for one in to_baseline(report, finding, role)
    ]
    near = [interval_of(one) for one in contrasts if report.arms[one.one].role != RANDOM]
    low, high = min(0.0, *(one.low for one in near)), max(0.0, *(one.high for one in near))
    room = 0.08 * (high - low) or 0.01
    colours = colours_of(report.with_role(VARIANT))
    figure = _figure(FRAME + ROW * (len(contrasts) + 1))
    figure.add_vline(0, line={"color": colours[report.baseline], "width": 2})
    itself = {"symbol": "circle", "size": 12, "color": colours[report.baseline]}
    hover = f"{drawn(label(report, report.baseline))}: what the others are compared with<extra></extra>"
    figure.add_trace(go.Scatter(x=[0], y=[0], mode="markers", marker=itself, hovertemplate=hover))
    for row, one in enumerate(contrasts, start=1):
        colour = colours.get(one.one, OTHER)
        figure.add_trace(_dot(report, one, row, colour, low - room))
    names = [label(report, report.baseline), *(label(report, one.one) for one in contrasts)]
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[drawn(name) for name in names], range=[len(names) - 0.4, -0.6]
    )
    figure.update_xaxes(
        range=[low - 2 * room, high + room], title="better than the baseline →", showgrid=True, nticks=4
    )
    figure.update_layout(showlegend=False)
    return figure


def to_baseline(report: Report, finding: Finding, role: str) -> list[Contrast]:
    """The differences to the baseline of every arm of one role."""
    found = [finding.contrast(key, report.baseline) for key in report.with_role(role)]
    return [one for one in found if one is not None]


def _dot(report: Report, one: Contrast, row: int, colour: str, edge: float) -> go.Scatter:
    """A difference with its interval; where it lies beyond the left edge, a triangle there."""
    found, beyond = interval_of(one), interval_of(one).estimate < edge
    words = f"{drawn(label(report, one.one))}: {found.estimate:+.3f} [{found.low:.3f}, {found.high:.3f}]"
    return go.Scatter(
        x=[max(found.estimate, edge)],
        y=[row],
        mode="markers",
        marker={"symbol": "triangle-left" if beyond else "circle", "size": 12, "color": colour},
        error_x=None
        if beyond
        else {
            "type": "data",
            "symmetric": False,
            "array": [found.high - found.estimate],
            "arrayminus": [found.estimate - found.low],
            "thickness": 2.5,
            "width": 0,
            "color": translucent(colour, 0.75),
        },
        hovertemplate=f"{words}<br>better on {percent(one.better)} of images<extra></extra>",
    )


def pairs_chart(report: Report, name: str) -> go.Figure:
    """How similar two networks' maps of one photograph are, beside the similarity of maps of different photographs."""
    pairs = [one for one in report.pairs if one.name == name]
    figure = _figure(FRAME + 26 * len(pairs))
    same = {training: key for key, arm in report.arms.items() for training in arm.trainings}
    for words, kept, colour in (
        ("two trainings of one network", [same[one.one] == same[one.other] for one in pairs], COLOURS["baseline"]),
        ("two different networks", [same[one.one] != same[one.other] for one in pairs], COLOURS["compound"]),
    ):
        rows = [row for row, yes in enumerate(kept) if yes]
        if rows:
            middle, low, high = np.transpose([pairs[row].mean for row in rows])
            figure.add_trace(_intervals(words, rows, middle, low, high, colour))
    floors = [(one.floor, row) for row, one in enumerate(pairs) if one.floor is not None]
    if floors:
        marker = {"symbol": "line-ns-open", "size": 14, "color": OTHER, "line": {"width": 2}}
        x, y = zip(*floors, strict=True)
        hover = "%{x:.3f}<extra></extra>"
        figure.add_trace(
            go.Scatter(x=x, y=y, mode="markers", name="different photographs", marker=marker, hovertemplate=hover)
        )
    names = [drawn(f"{one.one} – {one.other}") for one in pairs]
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6])
    return figure


def _intervals(
    name: str, rows: Sequence[int], middle: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str
) -> go.Scatter:
    return go.Scatter(
        x=middle,
        y=list(rows),
        mode="markers",
        name=name,
        customdata=np.transpose([low, high]),
        marker={"size": 11, "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - middle,
            "arrayminus": middle - low,
            "thickness": 1.5,
            "width": 0,
            "color": translucent(OTHER, 0.9),
        },
        hovertemplate="%{x:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}]<extra></extra>",
    )


def scatter(report: Report, kept: Kept, one: str, other: str, rows: Sequence[int]) -> go.Figure:
    """Every image's score with one network against its score with another; ``customdata`` holds each point's index.

    Args:
        report, kept: what was measured.
        one, other: keys of the networks on the horizontal and the vertical axis.
        rows: indices of the images to highlight; the others are pale.
    """
    across, up = (np.array(kept.scores[key], dtype=np.float64) for key in (one, other))
    figure = _figure(420)
    low, high = np.nanmin([across, up]), np.nanmax([across, up])
    line = {"color": OTHER, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=low, y0=low, x1=high, y1=high, line=line, layer="below")
    figure.add_trace(
        go.Scatter(
            x=across,
            y=up,
            mode="markers",
            customdata=list(range(len(across))),
            text=[drawn(", ".join(names)) for names in kept.names],
            hovertemplate="%{text}: %{x:.3f}, %{y:.3f}<extra></extra>",
            marker={
                "size": 11 if len(across) < 200 else 7,
                "color": colours_of(kept.scores)[other],
                "opacity": np.where(np.isin(np.arange(len(across)), rows), 0.75, 0.12).tolist(),
            },
        )
    )
    figure.update_layout(
        showlegend=False,
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": OTHER, "activecolor": colours_of(kept.scores)[other]},
    )
    figure.update_xaxes(title=drawn(label(report, one)))
    figure.update_yaxes(title=drawn(label(report, other)), showgrid=True)
    return figure


def curves_chart(curves: Mapping[str, Sequence[float]]) -> go.Figure:
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
    """Rank correlation with the trained network's maps while its layers are randomised one after another."""
    names = [name.removeprefix("random down to ") for name in scores]
    figure = _figure(300)
    bars = go.Bar(
        x=names, y=list(scores.values()), marker_color=COLOURS["baseline"], hovertemplate="%{y:.2f}<extra></extra>"
    )
    figure.add_trace(bars)
    figure.update_yaxes(title="rank correlation", range=[-0.3, 1])
    figure.update_layout(showlegend=False)
    return figure


def _figure(height: int) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 34},
        font={"size": 15},
        hoverlabel={"font": {"size": 15}},
        legend={"orientation": "h", "y": 1.12, "yanchor": "bottom", "x": 0, "font": {"size": 14}},
        dragmode=False,
        showlegend=True,
    )
    figure.update_xaxes(zeroline=False, fixedrange=True, tickfont={"size": 14}, automargin=True)
    figure.update_yaxes(zeroline=False, fixedrange=True, tickfont={"size": 14}, showgrid=False, automargin=True)
    return figure
