"""The lesson's figures: charts show the paper's numbers and the setting, and the drawing is to scale and within its frame."""

import math
import re

import pytest

from cam.paper.tables import paper
from models import SCALINGS, Scaling, compound_scaling
from models.costs import network_cost
from models.scaling import Candidate, grid_candidates
from ui.pages.scaling import charts
from ui.pages.scaling.network_drawing import WIDTH, network_drawing
from ui.pages.scaling.setting import Setting
from ui.pages.scaling.svg import number, ruler

PAPERS_RULE = Candidate(1.2, 1.1, 1.15)
B0 = network_cost(SCALINGS["b0"])


def lines(figure):
    return [shape for shape in figure.layout.shapes if shape.type == "line"]


@pytest.mark.parametrize("draw", [charts.figure3, charts.figure4, charts.figure8])
def test_the_marker_stands_at_the_present_cost_and_rings_lie_on_the_curves(draw):
    setting = Setting(Scaling(1.2, 1.4, 300))
    figure, curves = draw(setting), getattr(paper(), draw.__name__)
    (line,) = lines(figure)
    assert line.x0 == line.x1 == setting.gflops
    rings = {trace.name: trace.y[0] for trace in figure.data if trace.marker.symbol == "circle-open"}
    met = {curve.label: curve.at(setting.gflops) for curve in curves.values()}
    assert rings == {label: top1 for label, top1 in met.items() if top1 is not None}
    assert rings


def test_a_cost_beyond_the_figure_becomes_an_arrow():
    figure = charts.figure8(Setting(SCALINGS["b7"]))
    assert not lines(figure)
    assert "37.7 G →" in figure.layout.annotations[0].text


@pytest.mark.parametrize("against", ["params", "gflops"])
def test_figure_1_holds_every_network_whose_number_is_known(against):
    points = sum(len(trace.x) for trace in charts.figure1(Setting(Scaling()), against).data)
    assert points == sum(not math.isnan(getattr(row, against)) for row in paper().table2)


def test_shares_of_a_doubled_budget():
    assert charts.shares(Candidate(2, 1, 1)) == pytest.approx((1, 0, 0))
    assert charts.shares(Candidate(1, 2**0.5, 1)) == pytest.approx((0, 1, 0))
    assert sum(charts.shares(PAPERS_RULE)) == pytest.approx(1)
    assert charts.shares(Candidate(1, 1, 1)) is None


def test_the_search_shows_every_candidate():
    assert len(charts.search_triangle(Setting(Scaling())).data[0].a) == len(list(grid_candidates()))


EXTREMES = [SCALINGS["b0"], SCALINGS["b7"], Scaling(5, 8, 672), compound_scaling(7, 2, 1.5, 1.5), Scaling(1, 8, 224)]


@pytest.mark.parametrize("scaling", EXTREMES, ids=str)
def test_the_drawing_stays_on_its_paper(scaling):
    svg = network_drawing(B0, network_cost(scaling), "compound")
    corners = [tuple(map(float, pair)) for pair in re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", svg)]
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    assert width == WIDTH
    assert all(0 <= x <= width and 0 <= y <= height for x, y in corners)


def test_the_drawing_is_to_scale():
    """With twice the depth, each front is twice as long as B0's, and just as high."""
    cost = network_cost(Scaling(1, 2, 224))
    svg = network_drawing(B0, cost, "depth")
    fronts = re.findall(
        r'd="M([\d.]+),([\d.]+)L([\d.]+),[\d.]+L[\d.]+,([\d.]+)L[^"]*" fill="[^"]*" fill-opacity="0.88"', svg
    )
    sizes = [(float(right) - float(left), float(base) - float(top)) for left, top, right, base in fronts]
    for old, new, before, after in zip(sizes[::2], sizes[1::2], B0.stages, cost.stages, strict=False):
        assert new[0] / old[0] == pytest.approx(after.layers / before.layers, rel=0.02)
        assert new[1] == pytest.approx(old[1], abs=0.2)


def test_ruler_points_between_the_marks_and_stays_on_the_page():
    marks = {"B0": 1.0, "B1": 10.0, "B2": 100.0}
    at = [float(re.search(r'd="M([\d.]+),\d+l', ruler(value, marks, "depth"))[1]) for value in (0.001, 1, 10, 100, 1e9)]
    assert at == sorted(at)
    assert at[2] == pytest.approx((at[1] + at[3]) / 2, abs=0.1)
    assert (at[0], at[-1]) == (8, 292)


@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (999, "999"), (5_288_548, "5.29 M"), (385_800_000, "386 M"), (37.7459e9, "37.7 G")]
)
def test_numbers_have_three_digits_and_a_unit(value, text):
    assert number(value) == text
