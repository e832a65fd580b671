"""The logic of Compare: choices become a figure."""

import base64
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cam import METHODS, compare
from cam.figures.display import DISPLAY, Display, Swipe
from models.network import device_name
from tests.ui.pages.comparing import APP, drawn, maps, opened
from ui import session
from ui.components.viewer import shown_by
from ui.options import labels_of
from ui.photographs import sample_photographs


@pytest.fixture(scope="module")
def page() -> AppTest:
    return opened()


def test_the_first_visit_shows_three_photographs_and_five_variants():
    app = AppTest.from_file(APP, default_timeout=120).run().switch_page("ui/pages/compare/page.py").run()
    data = drawn(app)
    assert len(data["rows"]) == 3
    assert data["order"] == ["baseline", "depth", "width", "resolution", "compound"]
    assert not app.error
    assert not app.warning


def test_every_method_is_said_in_one_sentence_with_its_reference(page):
    said = page.selectbox(key="method").help
    for method in METHODS.values():
        assert f"**{method.label}**" in said
        assert method.summary in said
        assert method.reference in said


def test_every_panel_says_what_its_weights_are(page):
    for column in drawn(page)["columns"]:
        assert column["provenance"]
        assert column["fingerprint"]
        assert "px" in column["coefficients"]
        assert "params" in column["cost"]
    assert [column["label"] for column in drawn(page)["columns"]] == ["Lite0", "Lite1", "Lite2"]
    assert drawn(page)["baseline"] == 0


def test_maps_reach_the_browser_bit_for_bit(page):
    data = drawn(page)
    cells = sum(column["cells"] ** 2 for column in data["columns"])
    assert maps(page).shape == (cells,)
    assert all(len(column["centres"]) == column["cells"] for column in data["columns"])


def test_another_class_and_method_give_other_maps(page):
    app = opened()
    before = maps(app)
    app.selectbox(key="target").select("lynx").run()
    assert drawn(app)["rows"][0]["panels"][0]["explained"] == "lynx"
    assert np.abs(maps(app) - before).max() > 1
    app.selectbox(key="method").select("layercam").run()
    assert drawn(app)["method"] == "LayerCAM"
    assert (maps(app) >= 0).any()


def test_one_class_rather_than_another_has_two_more_choices():
    app = opened(target="Why A rather than B", a="tabby", b="Egyptian cat")
    panel = drawn(app)["rows"][0]["panels"][0]
    assert (panel["explained"], panel["against"]) == ("tabby", "Egyptian cat")


def test_the_two_classes_the_networks_waver_between_are_offered():
    app = opened()
    app.selectbox(key="target").select("Why A rather than B").run()
    assert app.selectbox(key="a").value == "Egyptian cat"
    assert app.selectbox(key="b").value in {"tabby", "tiger cat", "lynx"}
    assert not app.error


def test_methods_without_closed_form_and_other_layers_are_offered(page):
    labels = page.selectbox(key="method").options
    assert "ScoreCAM (minutes)" in labels
    assert "FullGrad (slower)" in labels
    app = opened(method="FullGrad (slower)", variants="Lite0")
    assert drawn(app)["columns"][0]["cells"] == 56
    assert app.selectbox(key="layer").disabled
    app = opened(method="LayerCAM", variants="Lite0", layer="Stage 5")
    assert drawn(app)["columns"][0]["cells"] == 14
    assert drawn(app)["method"] == "LayerCAM at stage 5"
    assert drawn(app)["unit"] == ""
    at_once = maps(app)
    app.toggle(key="flip").set_value(True).run()
    assert drawn(app)["method"] == "LayerCAM at stage 5, averaged with the mirror image"
    assert np.abs(maps(app) - at_once).max() > 0
    app.selectbox(key="method").select("cam").run()
    assert drawn(app)["columns"][0]["cells"] == 7


def test_two_classes_of_one_name_are_told_apart():
    labels = labels_of(("crane", "maze", "crane"))
    assert labels == {"crane (0)": 0, "crane (2)": 2, "maze": 1}


def test_a_hidden_variant_leaves_the_others():
    app = opened()
    app.session_state["variants"] = ["lite0", "lite2"]
    app.run()
    assert [column["key"] for column in drawn(app)["columns"]] == ["lite0", "lite2"]


def test_the_papers_own_maps_are_there_to_look_at(page):
    theirs = drawn(page)["theirs"]
    assert "Figure 7" in theirs["source"]
    assert [row["name"] for row in theirs["rows"]] == ["bakeshop", "maze"]
    assert set(theirs["rows"][0]["panels"]) == {"baseline", "depth", "width", "resolution", "compound"}
    levels = np.frombuffer(base64.b64decode(theirs["rows"][1]["panels"]["compound"]["levels"]), "<f4")
    assert len(levels) == theirs["rows"][1]["panels"]["compound"]["cells"] ** 2
    assert (levels.min(), levels.max()) == pytest.approx((0, 1), abs=0.01)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".npz"])
def test_the_figure_is_made_in_every_format(suffix):
    choices = tuple(session.Choice("lite", key, "cpu") for key in ("lite0", "lite2"))
    cat = sample_photographs()["cat"]
    comparison = session.comparison(choices, cat.digest, "square", cat)
    starts = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml", ".npz": b"PK"}
    assert session.figure_file(comparison, suffix, Display(cells=True)).startswith(starts[suffix])


def test_files_are_offered_once_they_are_asked_for():
    app = opened()
    assert not app.get("download_button")
    app.session_state["downloads"] = True
    assert [one.proto.label for one in app.run().get("download_button")] == [
        "PNG",
        "PDF",
        "SVG",
        "Interactive page",
        "Raw maps",
    ]
    assert not app.exception


@pytest.mark.parametrize(
    ("told", "display"),
    [
        ({"cells": True, "opacity": 1, "contour": 0}, Display(cells=True, opacity=1)),
        ({"swipe": {"left": "", "right": "lite2", "divide": 0.25}}, Display(swipe=Swipe("", "lite2", 0.25))),
        ({"style": "paper", "contour": 0.5, "swipe": None}, Display(style="paper", contour=0.5)),
        ({"colours": "../../etc"}, DISPLAY),
        ({"opacity": 7}, DISPLAY),
        ({"cells": "yes"}, DISPLAY),
        ({"scale": "row", "style": "paper"}, DISPLAY),
        (None, DISPLAY),
    ],
)
def test_what_the_browser_tells_is_a_display_or_the_default(told, display):
    assert shown_by(SimpleNamespace(shown={"look": {"opacity": 0.5}, "display": told})).display == display
    assert shown_by(None).display == DISPLAY


@pytest.mark.parametrize(("told", "turn"), [(7, 7), (-1, 0), (1.5, 0), ("7", 0), (10**20, 0), (None, 0)])
@pytest.mark.parametrize("opacity", [0.5, 7])
def test_buttons_have_the_turn_that_the_viewer_waits_for_also_where_its_choices_are_unusable(told, turn, opacity):
    shown = {"look": {}, "display": {"opacity": opacity}, "turn": told}
    assert shown_by(SimpleNamespace(shown=shown)).turn == turn


def test_weights_are_loaded_once_for_all_visitors():
    choice = session.Choice("lite", "lite0", "cpu")
    assert session.network(choice) is session.network(choice)
    auto = choice._replace(device="auto")
    assert session.network(auto) is session.network(choice._replace(device=device_name("auto")))


def test_ten_visitors_at_once_get_their_own_maps():
    """Ten photographs in ten threads give the same maps as each one alone."""
    choices = (session.Choice("lite", "lite0", "cpu"),)
    photographs = list(sample_photographs().values())[:10]
    network = session.network(choices[0])
    with ThreadPoolExecutor(10) as pool:
        together = pool.map(lambda one: session.comparison(choices, one.digest, "centre", one), photographs)
    for photograph, found in zip(photographs, together, strict=True):
        alone = compare({"baseline": network}, [photograph.content], target="own", view="centre")
        np.testing.assert_allclose(found.maps["lite0"], alone.maps["baseline"], rtol=1e-4, atol=1e-3)


def test_lecture_mode_keeps_the_choices_of_the_link():
    app = opened(mode="lecture", target="Each its own")
    assert drawn(app)["lecture"]
    assert drawn(app)["own"]
