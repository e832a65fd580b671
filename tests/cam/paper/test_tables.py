"""The paper's numbers are complete, and agree with those that models/scaling.py computes."""

import inspect
import math

import pytest

from cam.paper.tables import Curve, paper
from models import SCALINGS, compound_scaling
from models.costs import network_cost
from models.scaling import Candidate, grid_candidates, implied_phi

B0 = network_cost(SCALINGS["b0"])
VARIANTS = ("baseline", "depth", "width", "resolution", "compound")


def test_table_1_is_the_stage_table():
    sides = [SCALINGS["b0"].input_size, *(stage.resolution for stage in B0.stages)]
    for row, stage, side in zip(paper().table1, B0.stages, sides, strict=False):
        assert (row.operator.split(" & ")[0], row.channels, row.layers, row.resolution) == (
            stage.operator,
            stage.channels,
            stage.layers,
            side,
        )


def test_the_rule_is_the_default_of_the_code_and_a_candidate_of_the_search():
    rule = {name: paper().rule[name] for name in ("alpha", "beta", "gamma")}
    defaults = inspect.signature(compound_scaling).parameters
    assert rule == {name: defaults[name].default for name in rule}
    assert Candidate(**rule) in list(grid_candidates(target=paper().rule["target"]))


@pytest.mark.parametrize("row", [row for row in paper().table2 if row.network.startswith("EfficientNet")], ids=str)
def test_table_2_gives_the_released_networks_their_counted_size(row):
    cost = network_cost(SCALINGS[row.group.lower()])
    assert cost.params / 1e6 == pytest.approx(row.params, rel=0.03)
    assert cost.macs / 1e9 == pytest.approx(row.gflops, rel=0.05)


def test_table_7_scales_as_the_code_does():
    assert tuple(row.variant for row in paper().table7) == VARIANTS
    for row in paper().table7:
        scaling = SCALINGS["b0" if row.variant == "baseline" else row.variant]
        assert (row.depth, row.width) == (scaling.depth_mult, scaling.width_mult)
        assert row.resolution == pytest.approx(scaling.input_size / 224, abs=0.04)


def test_tables_are_whole():
    assert [len(table) for table in (paper().table1, paper().table2, paper().table3, paper().table4)] == [9, 24, 14, 4]
    assert [row.network for row in paper().table2 if math.isnan(row.gflops)] == ["GPipe"]
    assert {row.variant for row in paper().table3} == set(VARIANTS)


@pytest.mark.parametrize("name", ["figure3", "figure4", "figure8"])
def test_curves_rise_with_cost(name):
    for curve in getattr(paper(), name).values():
        assert list(curve.gflops) == sorted(set(curve.gflops))
        assert list(curve.top1) == sorted(curve.top1)


def test_figure_8_is_figure_3_from_the_cost_of_b0():
    figure3, figure8 = paper().figure3, paper().figure8
    for key, curve in figure3.items():
        assert (figure8[key].gflops[1:], figure8[key].top1) == (curve.gflops[1:], curve.top1)
    assert {curve.gflops[0] for curve in figure8.values()} == {round(B0.macs / 1e9, 2)}


def test_a_curve_interpolates_between_its_points_and_nowhere_else():
    curve = Curve("", (1.0, 2.0, 4.0), (70.0, 74.0, 75.0))
    assert [curve.at(x) for x in (1, 1.5, 2, 3, 4)] == [70, 72, 74, 74.5, 75]
    assert curve.at(0.9) is None
    assert curve.at(4.1) is None


def doubt(start):
    return next(entry for entry in paper().inconsistencies if entry.title.startswith(start)).text


def test_the_questions_of_the_discussion_say_what_the_numbers_say():
    compound = network_cost(SCALINGS["compound"]).macs
    less = [1 - network_cost(SCALINGS[key]).macs / compound for key in ("depth", "width", "resolution")]
    assert f"{100 * min(less):.0f} to {100 * max(less):.0f} % less" in doubt("Equal cost")

    rows = {row.network: row for row in paper().table2}
    times = max(
        row.gflops / rows[f"EfficientNet-{row.group}"].gflops for row in paper().table2 if row.gflops == row.gflops
    )
    assert f"reach {times:.0f} times" in doubt("A caption")

    starts = [f"{figure['depth'].gflops[0]:g} G" for figure in (paper().figure3, paper().figure8)]
    assert all(start in doubt("Two baselines") for start in starts)

    depth, width, resolution = implied_phi(SCALINGS["b1"])
    assert (round(depth, 1), width, round(resolution, 1)) == (0.5, 0, 0.5)
    assert "φ = 0.5 and the width of φ = 0" in doubt("The released")

    table7 = {row.variant: row.top1 for row in paper().table7}
    assert f"{table7['compound']} %" in doubt("Table 7")
    assert f"{table7['baseline']} %" in doubt("Table 7")
