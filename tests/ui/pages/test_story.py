"""The story: its data agree with the shipped networks and the shipped report, and it needs no PyTorch."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cam.evaluation.shipped import shipped_evaluation
from cam.paper.figure7 import paper_figure
from models import load_study
from ui.pages.drawn import FILE, MOST_BYTES, drawn
from ui.pages.story import drawing
from ui.pages.story.answer import measured
from ui.palette import COLOURS

ROOT = Path(__file__).parents[3]
APP = str(ROOT / "app.py")
AGAIN = "run python -m ui.pages.story.drawing"


def floats(words: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(words), "<f4")


@pytest.fixture(scope="module")
def networks():
    study = load_study("photographs")
    return {key: study.load(key, "cpu") for key in study.variants}


def test_the_way_to_the_page_needs_no_pytorch():
    """The whole app is run, not just imported: app.py, its navigation and the page."""
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({APP!r}, default_timeout=60).run()\n"
        "assert not app.exception and len(app.get('bidi_component')) == 1\n"
        "sys.exit(bool({'torch', 'cam', 'models'} & sys.modules.keys()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_the_page_hands_over_what_was_drawn():
    app = AppTest.from_file(APP, default_timeout=60).run()
    (found,) = app.get("bidi_component")
    data = json.loads(found.proto.json)
    assert data == {**drawn(), "links": data["links"]}
    assert list(data["links"]) == ["compare", "scaling", "evidence", "export", "lecture"]


def test_a_link_without_a_page_still_opens_compare_and_keeps_what_it_asks_for():
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params.update({"images": "cat", "study": "ImageNet, EfficientNet-Lite", "method": "FEM"})
    app.run()
    assert not app.exception
    viewer = next(one for one in app.get("bidi_component") if "viewer" in one.proto.component_name)
    data = json.loads(viewer.proto.json)
    assert [row["name"] for row in data["rows"]] == ["cat"]
    assert [column["label"] for column in data["columns"]] == ["Lite0", "Lite1", "Lite2"]
    assert data["method"].startswith("FEM")
    assert app.query_params["images"] == "cat"


def test_the_file_is_small():
    assert FILE.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("place", [0, 9])
def test_the_maps_are_those_of_the_shipped_networks(networks, place):
    told = drawn()["photographs"][place]
    again = drawing.photographs(networks, [told["name"]])
    assert again["columns"] == drawn()["columns"], AGAIN
    (row,) = again["photographs"]
    assert row["category"] == told["category"]
    np.testing.assert_allclose(floats(row["maps"]), floats(told["maps"]), atol=2e-3, err_msg=AGAIN)


def test_what_was_taken_apart_adds_up_to_the_logit(networks):
    """In every cell, channels times weights plus the rest are the map; the map's mean plus the bias is the logit."""
    told, again = drawn()["apart"], drawing.taken_apart(networks[drawing.ITS_NETWORK], drawing.TAKEN_APART)
    products = [one["weight"] * floats(one["map"]) for one in told["channels"]]
    np.testing.assert_allclose(np.sum(products, axis=0) + floats(told["rest"]), floats(told["map"]), atol=1e-4)
    assert floats(told["map"]).mean() + told["bias"] == pytest.approx(told["logit"], abs=1e-4)
    assert [one["channel"] for one in again["channels"]] == [one["channel"] for one in told["channels"]], AGAIN
    assert again["logit"] == pytest.approx(told["logit"], abs=1e-3), AGAIN
    np.testing.assert_allclose(floats(again["map"]), floats(told["map"]), atol=2e-3, err_msg=AGAIN)


def test_the_channels_shown_are_those_that_count_most(networks):
    network, told = networks[drawing.ITS_NETWORK], drawn()["apart"]
    image = drawing.open_image(drawing.SAMPLES / f"{told['name']}.jpg")
    means = network.features(network.transform(image)[None])[0].mean(dim=(1, 2)).detach().numpy()
    weight = network.classifier.weight[list(network.categories).index(told["category"])].detach().numpy()
    most = np.argsort(-np.abs(weight * means))[: drawing.CHANNELS]
    assert [one["channel"] for one in told["channels"]] == most.tolist()


def test_growth_is_that_of_the_shipped_networks(networks):
    for told, (key, network) in zip(drawn()["growth"], networks.items(), strict=True):
        assert told == json.loads(json.dumps(drawing.growth(key, network, networks["baseline"]))), AGAIN
        assert sum(told["layers"]) == sum(len(stage) for stage in list(network.model.features)[1:-1])


def test_the_answer_is_that_of_the_shipped_report():
    report = shipped_evaluation(drawing.EVALUATED)
    assert drawn()["answer"] == json.loads(json.dumps(measured(report))), AGAIN
    assert [len(one["dots"]) for one in drawn()["answer"]["statements"]] == [4, 4, 4]


def test_the_papers_maps_are_all_there():
    printed = {row["name"]: row["panels"] for row in drawn()["paper"]["rows"]}
    for name, row in paper_figure().maps.items():
        for key, one in row.items():
            np.testing.assert_array_equal(floats(printed[name][key]["levels"]).reshape(one.levels.shape), one.levels)


def test_every_network_has_its_colour():
    assert {one["key"]: one["colour"] for one in drawn()["columns"]} == COLOURS
