"""The paper's figures with the present setting in them, and charts of this project: measurements, the rule, the search."""

import math
from collections.abc import Collection, Sequence

import plotly.graph_objects as go

from cam.paper.tables import Curve, NetworkRow, paper
from models.scaling import SCALINGS, Candidate, implied_phi
from ui.pages.scaling.measured import RELEASED, Point
from ui.pages.scaling.setting import Setting, candidates
from ui.palette import COLOURS, OTHER, translucent

HEIGHT = 290
MEASURED_TO = 2.5  # G multiply-adds
SYMBOLS = {"depth": "square", "width": "triangle-up", "resolution": "circle", "compound": "diamond", "baseline": "x"}
DIMENSIONS = ("depth", "width", "resolution")
GFLOPS, TOP1 = "G multiply-adds", "ImageNet top-1, %"
RANGES = {
    "figure3": ((0, 9), (75.5, 81)),
    "figure4": ((0, 27), (75.5, 82.8)),
    "figure8": ((0, 5), (75.5, 83.5)),
}  # axes of each figure with curves: G multiply-adds, and top-1 in percent
NOW = translucent(COLOURS["baseline"], 1)


def figure3(setting: Setting) -> go.Figure:
    """One dimension grows at a time."""
    ends = {"depth": "top right", "width": "top left", "resolution": "bottom right"}
    return _curves(paper().figure3, setting.gflops, *RANGES["figure3"], ends)


def figure4(setting: Setting) -> go.Figure:
    """The width grows, starting from networks of different depth and resolution."""
    ends = {"width": "bottom center", "depth": "bottom center", "resolution": "bottom center", "compound": "top left"}
    return _curves(paper().figure4, setting.gflops, *RANGES["figure4"], ends)


def figure8(setting: Setting) -> go.Figure:
    """All ways to grow B0, the compound one among them."""
    ends = {"depth": "top center", "width": "bottom left", "resolution": "bottom center", "compound": "top left"}
    return _curves(paper().figure8, setting.gflops, *RANGES["figure8"], ends)


def figure1(setting: Setting, against: str) -> go.Figure:
    """Every network of Table 2, accuracy against ``params`` or ``gflops``; of each group of rivals the first is named."""
    params = against == "params"
    value, title = (setting.cost.params / 1e6, "millions of parameters") if params else (setting.gflops, GFLOPS)
    ours = [row for row in paper().table2 if row.network.startswith("EfficientNet")]
    others = [row for row in paper().table2 if row not in ours and not math.isnan(getattr(row, against))]
    figure = _figure(title, TOP1)
    figure.add_trace(
        _networks(others, against, OTHER, named={row.group: row.network for row in reversed(others)}.values())
    )
    figure.add_trace(_networks(ours, against, COLOURS["compound"], named=[row.network for row in ours], joined=True))
    ends = (4, 1300) if params else (0.25, 140)
    ticks = [5, 10, 20, 50, 100, 200, 500] if params else [0.5, 1, 2, 5, 10, 20, 50]
    figure.update_xaxes(type="log", range=[math.log10(end) for end in ends], tickvals=ticks)
    figure.update_yaxes(range=(75, 86))
    return _mark(figure, value, ends, " M" if params else " G", log=True)


def measured_figure(points: Sequence[Point], near: str, gflops: float) -> go.Figure:
    """Networks that were measured here, with their intervals; the one nearest to the sliders is ringed and named.

    Args:
        points: the networks.
        near: variant of the nearest one.
        gflops: present cost.
    """
    figure = _figure(GFLOPS, "top-1 here, %")
    for one in points:
        colour = COLOURS.get(one.variant, OTHER)
        symbol = SYMBOLS.get(one.variant, "star" if one.variant == RELEASED else "circle-open")
        mine = one.variant == near
        figure.add_trace(
            go.Scatter(
                x=[one.gflops],
                y=[one.top1],
                mode="markers+text",
                name=one.label,
                cliponaxis=False,
                text=[f"<b>{one.label.split(',')[0]}</b>" if mine and one is _first(points, near) else ""],
                textposition="top center",
                textfont={"size": 15, "color": colour},
                marker={
                    "symbol": symbol,
                    "size": 15 if mine else 10,
                    "color": colour,
                    "line": {"width": 2 if mine else 0},
                },
                error_y={
                    "type": "data",
                    "array": [one.high - one.top1],
                    "arrayminus": [one.top1 - one.low],
                    "color": translucent(colour, 0.75 if mine else 0.3),
                    "thickness": 2,
                    "width": 4,
                },
                hovertemplate=f"{one.label}: %{{x:.2f}} G, %{{y:.1f}} %, {one.low:.0f} to {one.high:.0f}<extra></extra>",
            )
        )
    low, high = min(one.low for one in points), max(one.high for one in points)
    figure.update_xaxes(range=(0, MEASURED_TO))
    figure.update_yaxes(range=(low - 1, high + 1.5))
    return _mark(figure, gflops, (0, MEASURED_TO), " G")


def _first(points: Sequence[Point], variant: str) -> Point:
    return next(one for one in points if one.variant == variant)


def coefficients() -> dict[str, tuple[float, float, float]]:
    """The phi that depth, width and resolution of each released network would need."""
    return {name.upper(): implied_phi(SCALINGS[name]) for name in SCALINGS if name.startswith("b")}


def implied_phis(setting: Setting) -> go.Figure:
    """How far the released networks and the present one depart from the rule with the paper's coefficients."""
    rows = coefficients() | {"now": implied_phi(setting.scaling)}
    figure = _figure("released networks, and the present one", "φ that the rule would need")
    for i, name in enumerate(DIMENSIONS):
        marker = {"symbol": SYMBOLS[name], "size": 13, "color": COLOURS[name]}
        values = [phis[i] for phis in rows.values()]
        figure.add_trace(
            go.Scatter(
                x=list(rows), y=values, name=name, mode="markers", marker=marker, hovertemplate="%{x}: φ = %{y:.2f}"
            )
        )
    for name, phis in rows.items():
        line = {"color": translucent(OTHER, 0.6), "width": 3}
        figure.add_shape(type="line", x0=name, x1=name, y0=min(phis), y1=max(phis), line=line, layer="below")
    figure.update_layout(showlegend=True)
    return figure


def shares(rule: Candidate) -> tuple[float, float, float] | None:
    """How a growth in cost is shared out between depth, width and resolution; None without growth.

    Costs multiply, so the shares are of the logarithm of the cost, and sum to 1.
    """
    depth, width, resolution = math.log(rule.alpha), 2 * math.log(rule.beta), 2 * math.log(rule.gamma)
    total = depth + width + resolution
    return None if total < 1e-9 else (depth / total, width / total, resolution / total)


def search_triangle(setting: Setting) -> go.Figure:
    """Every candidate whose cost is about 2, placed by how it shares that between depth, width and resolution."""
    figure = go.Figure()
    figure.add_trace(_places("candidates", candidates(), OTHER, "circle", 8, opacity=0.6))
    figure.add_trace(_places("the paper's choice", [_papers_rule()], COLOURS["compound"], "star", 20))
    present = setting.rule or Candidate(*setting.multipliers)
    figure.add_trace(_places("now", [present], COLOURS[setting.variant], "diamond-open", 22, line=3))
    corner = {
        "showticklabels": False,
        "ticks": "",
        "showgrid": True,
        "gridcolor": translucent(OTHER, 0.35),
        "linecolor": translucent(OTHER, 0.8),
        "linewidth": 1.5,
    }
    names = ("all into depth", "all into width", "all into resolution")
    axes = {
        f"{axis}axis": corner | {"title": {"text": name, "font": {"size": 16, "color": COLOURS[variant]}}}
        for axis, name, variant in zip("abc", names, DIMENSIONS, strict=True)
    }
    figure.update_layout(
        ternary={"sum": 1, "bgcolor": "rgba(0,0,0,0)", **axes},
        **_LAYOUT,
    )
    figure.update_layout(
        showlegend=True, legend={"orientation": "v", "y": 1, "yanchor": "top"}, margin={"t": 45, "b": 30}
    )
    return figure


def _places(
    name: str, rules: Sequence[Candidate], colour: str, symbol: str, size: int, opacity: float = 1, line: float = 0
) -> go.Scatterternary:
    found = [(rule, where) for rule in rules if (where := shares(rule))]
    return go.Scatterternary(
        a=[where[0] for _, where in found],
        b=[where[1] for _, where in found],
        c=[where[2] for _, where in found],
        customdata=[(*rule, rule.cost) for rule, _ in found],
        name=name,
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": size, "opacity": opacity, "line": {"width": line}},
        hovertemplate="α %{customdata[0]:.2f}, β %{customdata[1]:.2f}, γ %{customdata[2]:.2f}: × %{customdata[3]:.2f}",
    )


def _papers_rule() -> Candidate:
    return Candidate(*(paper().rule[name] for name in ("alpha", "beta", "gamma")))


_LAYOUT = {
    "height": HEIGHT,
    "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
    "showlegend": False,
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 15}},
    "font": {"size": 15},
    "hoverlabel": {"font": {"size": 15}},
}


def _figure(x: str, y: str) -> go.Figure:
    figure = go.Figure(layout=_LAYOUT)
    figure.update_xaxes(title={"text": x, "font": {"size": 15}}, tickfont={"size": 14}, zeroline=False, fixedrange=True)
    figure.update_yaxes(title={"text": y, "font": {"size": 15}}, tickfont={"size": 14}, zeroline=False, fixedrange=True)
    return figure


def _curves(
    curves: dict[str, Curve], gflops: float, x: tuple[float, float], y: tuple[float, float], ends: dict[str, str]
) -> go.Figure:
    """Curves named at their ends, with a hollow dot where the present cost meets a curve, at the interpolated accuracy."""
    figure = _figure(GFLOPS, TOP1)
    for key, curve in curves.items():
        last = max(i for i, cost in enumerate(curve.gflops) if cost <= x[1])
        figure.add_trace(
            go.Scatter(
                x=curve.gflops,
                y=curve.top1,
                name=curve.label,
                mode="lines+markers+text",
                text=[f"<b>{curve.label}</b>" if i == last else "" for i in range(len(curve.gflops))],
                textposition=ends[key],
                textfont={"size": 15, "color": COLOURS[key]},
                cliponaxis=False,
                line={"color": COLOURS[key], "width": 3},
                marker={"symbol": SYMBOLS[key], "size": 9},
                hovertemplate="%{x:.2f} G, %{y:.1f} %",
            )
        )
        if (met := curve.at(gflops)) is not None:
            figure.add_trace(_interpolated(curve.label, gflops, met, COLOURS[key]))
    figure.update_xaxes(range=x)
    figure.update_yaxes(range=y)
    return _mark(figure, gflops, x, " G")


def _interpolated(label: str, gflops: float, top1: float, colour: str) -> go.Scatter:
    marker = {"symbol": "circle-open", "size": 17, "color": colour, "line": {"width": 3}}
    hover = f"{label}: %{{y:.1f}} %, interpolated"
    return go.Scatter(
        x=[gflops], y=[top1], mode="markers", marker=marker, name=label, hovertemplate=hover + "<extra></extra>"
    )


def _networks(
    rows: list[NetworkRow], against: str, colour: str, named: Collection[str], joined: bool = False
) -> go.Scatter:
    short = [row.network.removeprefix("EfficientNet-") for row in rows]
    return go.Scatter(
        x=[getattr(row, against) for row in rows],
        y=[row.top1 for row in rows],
        customdata=short,
        text=[name if row.network in named else "" for name, row in zip(short, rows, strict=True)],
        mode="lines+markers+text" if joined else "markers+text",
        textposition="top left" if joined else "middle right",
        textfont={"size": 15, "color": colour} if joined else {"size": 14},
        marker={"size": 9, "color": colour},
        line={"color": colour, "width": 3},
        hovertemplate="%{customdata}: %{x:g}, %{y:.1f} %<extra></extra>",
    )


def _mark(figure: go.Figure, value: float, ends: tuple[float, float], unit: str, log: bool = False) -> go.Figure:
    """Mark the present setting: a line at its cost, or an arrow at the edge where it costs more than the figure shows."""
    outside = value > ends[1]
    place = min(value, ends[1])
    text = f"<b>now {value:.3g}{unit}{' →' if outside else ''}</b>"
    right = place > ends[1] * (0.3 if log else 0.75)
    if not outside:
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, yref="paper", line={"color": NOW, "width": 2, "dash": "dash"}
        )
    figure.add_annotation(
        x=math.log10(place) if log else place,
        y=1,
        yref="paper",
        text=text,
        showarrow=False,
        yanchor="bottom",
        xanchor="right" if right else "left",
        font={"size": 16},
    )
    return figure
