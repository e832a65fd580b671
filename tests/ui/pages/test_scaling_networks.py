"""The trained network nearest to the lesson's sliders: which it is, what it reached, and what its stages compute."""

import base64
import io
import json
import re
from unittest.mock import patch

import numpy as np
import pytest
import torch
from PIL import Image

from cam.evaluation.shipped import shipped_evaluation
from cam.figures.colours import coloured
from models import SCALINGS, Scaling, open_image
from models.costs import network_cost
from models.home import SAMPLES
from tests.ui.pages.lesson import ROOT, page
from ui import session
from ui.pages.scaling import activations
from ui.pages.scaling.measured import nearest, on_caltech, on_imagenet
from ui.pages.scaling.setting import Setting
from ui.session import Choice


def test_measured_numbers_are_the_documents():
    """The data file and docs/results.md agree on the five, on the baseline's weights at other sizes, and on Lite."""
    rows: dict[str, list[str]] = {}
    for line in (ROOT / "docs" / "results.md").read_text("utf-8").splitlines():
        if len(cells := line.split("|")) == 9:
            rows.setdefault(cells[1].strip(), cells)
    points = {one.label: one for one in on_imagenet().points}
    for one in on_imagenet().points[:5]:
        cells = rows[one.label.lower()]
        assert cells[2].split()[0] == f"{one.top1:.1f}"
        assert cells[7].split()[0] == f"{one.gflops:.2f}"
        low, high = (float(word) for word in re.findall(r"\[(\d+), (\d+)\]", cells[2])[0])
        assert (one.low, one.high) == (pytest.approx(low, abs=1.6), pytest.approx(high, abs=1.6)), "by bootstrap there"
    for key, size in (("higher resolution", 448), ("compound", 300)):
        assert rows[key][4].split()[0] == f"{points[f'Baseline’s weights at {size} px'].top1:.1f}"
    lite = " ".join(f"{points[f'Lite{i} (Google)'].top1:.1f}" + "," * (i == 0) for i in range(3))
    assert lite.replace(" 85.0", " and 85.0") in " ".join((ROOT / "docs" / "results.md").read_text("utf-8").split())


def test_every_training_that_was_evaluated_is_a_point():
    report = shipped_evaluation("caltech101")
    points = on_caltech().points
    assert len(points) == sum(one.accuracy is not None for one in report.trainings.values())
    assert [one.label for one in points if one.variant == "baseline"] == [f"Baseline, training {i}" for i in (1, 2, 3)]
    assert points[0].top1 == pytest.approx(100 * report.trainings["baseline"].accuracy, abs=0.01)
    (control,) = (one for one in points if one.label == "Resolution-300")
    assert control.gflops == pytest.approx(network_cost(Scaling(resolution=300), family="lite").macs / 1e9)


@pytest.mark.parametrize(
    ("scaling", "key"),
    [
        (Scaling(), "baseline"),
        (Scaling(depth_mult=2), "depth"),
        (Scaling(depth_mult=1.2), "baseline"),
        (Scaling(width_mult=1.6), "width"),
        (Scaling(resolution=400), "resolution"),
        (SCALINGS["b4"], "compound"),
    ],
)
def test_the_sliders_find_the_nearest_trained_network(scaling, key):
    assert nearest(Setting(scaling)) == key


def test_the_nearest_networks_maps_move_with_the_sliders():
    app = page(step=1, by="hand", d=1.0, w=2.2)
    assert any("Nearest trained network: **Wider**" in one.value for one in app.markdown)
    (found,) = (one for one in app.get("bidi_component") if one.proto.component_name.endswith("nearest"))
    assert json.loads(found.proto.json)["shown"] == [0, 2]
    right = [one.top1 for one in on_caltech().points if one.label.startswith("Baseline, training")]
    reached = f"named {min(right):.1f} to {max(right):.1f} % in 3 trainings"
    assert any(reached in one.value for one in page(d=1.0, measured="caltech").markdown)


def opened_in(app):
    return [one for one in app.get("bidi_component") if one.proto.component_name.endswith("activations")]


@pytest.mark.parametrize("stage", [0, 3, 7])
def test_a_stage_opens_into_what_the_network_computes_there(stage):
    """By a hook on the plain model, which runs to its end."""
    network = session.network(Choice(session.DEFAULT_STUDY, "baseline", "cpu"))
    image, kept = open_image(SAMPLES / "red-panda.jpg"), []
    hook = network.model.features[stage].register_forward_hook(lambda module, taken, given: kept.append(given[0]))
    with torch.no_grad():
        network.model(network.transform(image)[None])
    hook.remove()
    maps = activations.stage_output(network, image, stage)
    np.testing.assert_allclose(maps, kept[0].numpy(), atol=2e-3 * float(kept[0].abs().max()))
    cost = network_cost(Scaling(), family="lite").stages[stage]
    assert maps.shape == (cost.channels, cost.resolution, cost.resolution)
    found = activations.activations_of(Choice(session.DEFAULT_STUDY, "baseline", "cpu"), stage, "red-panda")
    spread = kept[0].std(dim=(1, 2))
    assert set(found.strongest) == set(spread.topk(8).indices.tolist())
    assert sum(map(len, (found.seen, found.mean, *found.strongest.values()))) < 150_000


def test_a_small_map_is_shown_cell_for_cell():
    values = np.random.default_rng(0).normal(size=(7, 7))
    shown = Image.open(io.BytesIO(base64.b64decode(activations.picture(values).split(",")[1]))).convert("RGB")
    expected = coloured((values - values.min()) / (values.max() - values.min()), "inferno")
    np.testing.assert_array_equal(np.asarray(shown), expected)
    large = Image.open(io.BytesIO(base64.b64decode(activations.picture(np.ones((224, 224))).split(",")[1])))
    assert large.size == (activations.SHARPEST,) * 2


def test_a_link_opens_a_stage_of_the_nearest_network():
    app = page(step=1, by="hand", d=1.0, w=2.2, stage=4, seen="butterfly")
    (found,) = opened_in(app)
    data = json.loads(found.proto.json)
    assert data["words"] == "Stage 4 of the nearest trained network, Wider: 160 channels of 14 × 14 cells"
    assert (data["about"], len(data["channels"])) == ("butterfly", 8)
    assert app.query_params["stage"] == "4"


@pytest.mark.parametrize("stage", [-1, 8, 99])
def test_a_forged_choice_of_a_stage_changes_nothing(stage, monkeypatch):
    monkeypatch.setattr(activations.st, "session_state", {})
    activations.choose_stage(3)
    activations.choose_stage(stage)
    assert activations.st.session_state == {activations.STAGE: 3}


@pytest.mark.parametrize("stage", ["", "8", "-1", "x", "³"])
def test_nothing_is_computed_before_a_stage_is_chosen(stage):
    with patch("ui.pages.scaling.activations.activations_of", side_effect=ZeroDivisionError):
        app = page(step=1, stage=stage)
    assert not opened_in(app)
    assert any("Choose a stage" in one.value for one in app.caption)
