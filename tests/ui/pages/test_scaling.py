"""The lesson: the meaning of the sliders, the drawing, the text, and the stopwatch."""

import gc
import time
from unittest.mock import patch

import pytest
import torch

from cam.paper.tables import paper
from models import SCALINGS, Scaling, compound_scaling
from models.costs import network_cost
from models.scaling import Candidate, grid_candidates
from tests.ui.pages.lesson import page
from ui.pages.scaling import latency
from ui.pages.scaling.setting import Setting, near_target
from ui.pages.scaling.steps import STEPS
from ui.pages.scaling.svg import number

PAPERS_RULE = Candidate(1.2, 1.1, 1.15)
B0 = network_cost(SCALINGS["b0"])


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def shown(scaling):
    cost = network_cost(scaling)
    return {
        "Parameters": number(cost.params),
        "Multiply-adds": number(cost.macs),
        "Activations": number(cost.activations),
        "Last map": f"{cost.grid} × {cost.grid} cells",
    }


@pytest.mark.parametrize(("i", "step"), list(enumerate(STEPS, 1)))
def test_a_link_opens_every_step_with_its_controls(i, step):
    app = page(step=i)
    assert app.header[0].value == step.headline
    assert app.session_state["by"] == step.controls
    assert len(app.get("plotly_chart")) == 3, "the step's exhibit, and the experiment's two"


def test_a_run_that_changes_no_choice_sends_no_address():
    """It would arrive after a visitor has moved a slider further, and set the link back."""
    app = page(step=3, by="hand", stage=2)
    with patch("streamlit.runtime.state.query_params.QueryParams._send_query_param_msg") as sent:
        app.run()
        assert not sent.called
        app.get_by_key("step").set_value(4).run()
        assert sent.called


@pytest.mark.parametrize("nonsense", [0, 6, "x", ""])
def test_a_forged_link_opens_the_first_step(nonsense):
    assert page(step=nonsense, by="magic", figure="9").header[0].value == STEPS[0].headline


def test_a_link_restores_the_sliders():
    app = page(step=2, by="rule", phi=5, alpha=1.3)
    assert metrics(app) == shown(compound_scaling(5, alpha=1.3))
    assert (app.session_state["by"], app.slider(key="phi").value) == ("rule", 5)


def test_the_buttons_walk_through_the_steps_and_stop_at_the_ends():
    app = page()
    assert app.button(key="back").disabled
    for step in STEPS[1:]:
        app.button(key="next").click().run()
        assert (app.header[0].value, app.session_state["by"]) == (step.headline, step.controls)
    assert app.button(key="next").disabled
    assert app.query_params["step"] == str(len(STEPS))
    app.button(key="back").click().run()
    assert app.header[0].value == STEPS[-2].headline


def test_sliders_by_hand_move_the_numbers():
    app = page()
    app.slider(key="d").set_value(3.0)
    app.slider(key="w").set_value(1.4)
    app.slider(key="px").set_value(300).run()
    assert metrics(app) == shown(Scaling(1.4, 3.0, 300))


def test_a_slider_costs_the_server_little():
    """The best of several times for the whole page, which does more than a fragment, without memory left by other tests."""
    app, times = page(step=4), []
    gc.collect()
    gc.freeze()
    try:
        for phi in (1.0, 2.0, 3.0, 4.0, 5.0):
            start = time.process_time()
            app.slider(key="phi").set_value(phi).run()
            times.append(time.process_time() - start)
    finally:
        gc.unfreeze()
    assert min(times) < 0.5


@pytest.mark.parametrize("name", ["b3", "b7", "depth"])
def test_a_preset_sets_the_sliders(name):
    app = page(step=3)
    app.get_by_key("preset").click(name).run()
    assert not app.exception
    assert app.session_state["by"] == "hand"
    assert metrics(app) == shown(SCALINGS[name])


def test_the_constraint_is_judged_as_it_moves():
    app = page(step=3)
    assert any("near 2" in text.value and "not near" not in text.value for text in app.markdown)
    app.slider(key="alpha").set_value(1.6).run()
    assert any("not near 2" in text.value for text in app.markdown)


def test_near_two_is_what_the_search_calls_near():
    assert near_target(PAPERS_RULE)
    assert all(map(near_target, grid_candidates(tolerance=0.09)))
    assert not near_target(Candidate(1.2, 1.2, 1.2))


@pytest.mark.parametrize(
    ("scaling", "variant"),
    [
        (Scaling(), "baseline"),
        (Scaling(1, 4), "depth"),
        (Scaling(2, 1), "width"),
        (Scaling(1, 1, 448), "resolution"),
        (Scaling(2, 2), "compound"),
    ],
)
def test_a_setting_carries_the_colour_of_what_moved(scaling, variant):
    assert Setting(scaling).variant == variant


def test_growth_predicted_and_counted():
    """Every unit of phi multiplies the predicted cost by alpha beta^2 gamma^2, up to whole pixels."""
    setting = Setting(compound_scaling(4), 4, PAPERS_RULE)
    assert setting.predicted_growth == pytest.approx(PAPERS_RULE.cost**4, rel=0.005)
    assert setting.counted_growth == network_cost(compound_scaling(4)).macs / B0.macs
    assert Setting(Scaling()).predicted_growth == Setting(Scaling()).counted_growth == 1


class Counting(torch.nn.Module):
    calls = 0

    def forward(self, image):
        self.calls += 1
        self.shape = tuple(image.shape)
        return image


def test_the_stopwatch_runs_as_often_as_the_paper_after_warming_up():
    model, runs = Counting().eval(), []
    taken = latency.measure(model, 32, torch.device("cpu"), after=runs.append)
    assert model.calls == len(runs) == latency.WARM_UP + 20
    assert model.shape == (1, 3, 32, 32)
    assert taken.mean > 0
    assert taken.deviation >= 0


def test_there_is_one_stopwatch_and_it_is_handed_back():
    def stumble():
        with latency.stopwatch():
            with pytest.raises(latency.Busy):
                latency.stopwatch().__enter__()
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            stumble()


def test_measuring_shows_every_chosen_network_and_the_ratio():
    taken = iter([latency.Latency(0.05, 0.001), latency.Latency(0.25, 0.2)])
    app = page()
    app.get_by_key("timed").set_value(list(latency.EXTRAS))
    with (
        patch("ui.pages.scaling.stopwatch.measure", side_effect=lambda *_, **__: next(taken)),
        patch("ui.pages.scaling.stopwatch.extra_network", return_value=(None, 224)),
    ):
        app.button(key="measure").click().run()
    assert not app.exception
    assert list(app.session_state["latencies"]) == list(latency.EXTRAS)
    assert any("5.7 times" in text.value and "here **5.0 times**" in text.value for text in app.markdown)
    assert any("ResNet-152 differ a lot" in text.value for text in app.caption)


def test_a_stopwatch_in_use_is_said_so():
    app = page()
    with latency.stopwatch():
        app.button(key="measure").click().run()
    assert not app.exception
    assert "another visitor is measuring" in app.warning[0].value


def test_the_page_shows_every_question_and_every_table():
    app = page()
    said = [text.value for text in app.markdown]
    assert all(any(doubt.title in text for text in said) for doubt in paper().inconsistencies)
    assert len(app.table) == 6
