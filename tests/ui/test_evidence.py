"""The Evidence page: what an evaluation holds becomes verdicts, charts and tables, and what is missing becomes a sentence."""

import base64
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cam.evaluation.measurements import GAUSSIAN, MEASUREMENTS, OWN, PAIRS, RANDOM, READINGS, Networks
from cam.evaluation.report import build_report, headline
from cam.evaluation.shipped import evaluated_studies, shipped_evaluation
from ui import session
from ui.findings import data, own
from ui.findings.words import label, number, signed

APP = str(Path(__file__).parents[2] / "app.py")
LITE = "ImageNet, EfficientNet-Lite"
VARIANTS = ("baseline", "depth", "width", "resolution", "compound")


def opened(**query: str) -> AppTest:
    """The page of a new visitor who follows a link with these parameters."""
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params.update({"evaluated": LITE, **query})
    return app.run().switch_page("ui/evidence.py").run()


def words(elements) -> str:
    return "\n".join(one.value for one in elements)


def charts(app: AppTest) -> list[dict]:
    assert not app.exception
    return [json.loads(one.proto.spec) for one in app.get("plotly_chart")]


def numbers(found) -> np.ndarray:
    """An array of a Plotly figure, which may be packed."""
    packed = isinstance(found, dict)
    return np.frombuffer(base64.b64decode(found["bdata"]), found["dtype"]) if packed else np.array(found)


def component(app: AppTest, name: str) -> dict:
    """What one of the page's own components was fed."""
    (found,) = (one for one in app.get("bidi_component") if one.proto.component_name.endswith(name))
    return json.loads(found.proto.json)


def full_report(gain: float, count: int = 12) -> dict:
    """A report with everything an evaluation can hold: seeds, an ancestor, mosaics, masks, checks; ``gain`` is compound's."""
    some = Networks(
        dict.fromkeys(VARIANTS, SimpleNamespace()),
        {"baseline-seed1": SimpleNamespace(), "baseline-seed2": SimpleNamespace()},
        {f"{RANDOM}{key}": None for key in VARIANTS},
        {"ancestor": SimpleNamespace()},
    )
    trained = [*some.own, *some.seeds]

    def scores(names, row):
        wave = 0.02 * np.cos(row)
        found = {}
        for name in names:
            better = MEASUREMENTS[name].better
            for key in trained:
                more = gain * better + wave if key == "compound" else 0.03 * ("seed1" in key)
                found |= {f"{name}|{key}|{reading}": 0.4 + more for reading in READINGS}
            found |= {f"{name}|{key}|{OWN}": 0.4 - 0.2 * better for key in (*some.random, GAUSSIAN)}
        return found

    single = [name for name in MEASUREMENTS if not name.startswith("pointing") and name != "boxes"]
    pairs = {f"{name}|{one}|{other}": 0.5 for name in PAIRS for one, other in some.pairs}
    photographs = [
        {"name": f"bee/{row}.jpg", "right": dict.fromkeys(trained, True), "scores": scores(single, row), "pairs": pairs}
        for row in range(count)
    ]
    mosaics = [
        {
            "tiles": [f"bee/{(row + place) % count}.jpg" for place in range(tiles)],
            "scores": scores([f"pointing-{layout}"], row),
        }
        for layout, tiles in (("1x2", 2), ("2x2", 4))
        for row in range(count)
    ]
    facts = {
        "label": "",
        "provenance": "made up",
        "note": "",
        "resolution": 224,
        "family": "b",
        "fingerprint": "0" * 64,
    }
    steps = np.linspace(1, 0, 21).tolist()
    checks = {
        "summary": "Never rank networks.", "images": 3,
        "scores": {
            "deletion": 0.5, "insertion": 0.5, "road": 0.5, "average drop, per cent": 12.5,
            "increase, share of images": 0.25, "random down to classifier": 0.0, "random down to stem": 0.1,
        },
        "curves": dict.fromkeys(("deletion", "insertion", "road"), steps),
    }  # fmt: skip
    return {
        "format": 1, "title": "Made up", "study": "imagenet-lite", "data": "photographs-elsewhere", "method": "cam",
        "view": "square", "baseline": "baseline",
        "networks": {key: facts | {"label": key.split("-")[0].capitalize()} for key in trained},
        **build_report(photographs, mosaics, some), "checks": checks,
    }  # fmt: skip


@pytest.fixture
def given(monkeypatch):
    """Show a report in place of the one that came along."""

    def give(report):
        monkeypatch.setattr("ui.session.shipped_evaluation", lambda study: report)
        session.evaluation.clear()

    yield give
    session.evaluation.clear()


def test_a_single_dimension_that_beats_compound_is_named_above_the_cards():
    """The trained five: compound leads the baseline, but not the network that only has the resolution."""
    app = opened(evaluated="Caltech-101, trained alike")
    assert "Compound against Baseline: of the paper’s 3 statements, 2 hold, 1 cannot be told." in words(app.markdown)
    assert not app.error
    assert words(app.warning) == (
        "Against Higher resolution alone, “more relevant regions” and “more object details” do not hold for these networks."
    )
    report = shipped_evaluation("caltech101")
    for name in ("pointing-1x2", "pointing-2x2"):
        means = {
            key: found[OWN]["mean"][0] for key, found in headline(report["measurements"][name])["networks"].items()
        }
        assert means["resolution"] > means["compound"] > means["baseline"]


def test_the_shipped_evaluation_is_shown_with_its_verdicts():
    app = opened()
    report = shipped_evaluation("imagenet-lite")
    assert not app.error
    said = words(app.markdown)
    assert "Energy in mask +0.066" in said
    assert "Cannot be told" in said
    assert "of the paper’s 3 statements" in said
    shown, _ = charts(app)
    found = report["measurements"]["energy"]["groups"]["recognised"]
    own_grid = shown["data"][0]
    assert own_grid["name"] == "Own grid"
    np.testing.assert_allclose(numbers(own_grid["x"]), [one[OWN]["mean"][0] for one in found["networks"].values()])
    low = numbers(own_grid["x"]) - numbers(own_grid["error_x"]["arrayminus"])
    np.testing.assert_allclose(low, [one[OWN]["mean"][1] for one in found["networks"].values()])
    assert [one["name"] for one in shown["data"]] == [
        "Own grid", "Common 7 × 7", "Without ReLU", "Half-pixel", "Random weights",
    ]  # fmt: skip
    table = app.table[0].value
    assert table.loc["Compound", "Own grid"] == "0.584 (+0.066 [0.036, 0.101])"


def test_a_measurement_and_differences_can_be_chosen():
    app = opened()
    app.selectbox(key="measurement").select("entropy").run()
    assert "A lower score speaks for “more object details”" in words(app.markdown)
    app.session_state["as"] = "differences"
    app.run()
    assert len(numbers(charts(app)[0]["data"][0]["y"])) == len(VARIANTS) - 1


def test_a_report_against_the_paper_is_said_plainly(given):
    given(full_report(-0.3))
    app = opened()
    said = words(app.error)
    assert "the paper is wrong to say that the compound network focuses on more relevant regions" in said
    assert words(app.markdown).count("Does not hold") == 3
    assert "0.030" in app.table[0].value["Noise floor"].tolist()


def test_a_report_with_everything_holds_after_every_control(given):
    given(full_report(0.3))
    app = opened()
    assert not app.error
    said = words(app.markdown)
    assert said.count("Holds]") == 3
    assert "other seeds" in said
    assert "spread between trainings was not measured" not in said
    names = [trace["name"] for trace in charts(app)[1]["data"]]
    assert names == ["two variants", "two trainings of the baseline, other seeds", "a variant and the common ancestor"]
    ticks = charts(app)[0]["layout"]["yaxis"]["ticktext"]
    assert ticks == ["Baseline", "Depth", "Width", "Resolution", "Compound", "baseline-seed1", "baseline-seed2"]


@pytest.mark.parametrize("part", ["photographs", "pointing", "deletion"])
def test_a_report_with_everything_shows_in_every_part(given, part):
    given(full_report(0.1))
    app = opened(part=part)
    assert not app.exception
    assert not app.error


def test_a_difference_within_the_noise_floor_holds_nowhere(given):
    given(full_report(0.01))
    said = words(opened().markdown)
    assert "Holds]" not in said
    assert "no larger than between two trainings" in said


def test_a_study_without_evaluation_says_how_to_make_one():
    app = opened(evaluated="ImageNet, official torchvision weights")
    assert "has not been evaluated yet" in words(app.markdown)
    assert "python -m cam evaluate --study imagenet " in app.code[0].value
    next(one for one in app.button if "came along" in one.label).click().run()
    assert app.selectbox(key="evaluated").value == next(name for name in session.STUDIES if name in evaluated_studies())
    assert "has not been evaluated yet" not in words(app.markdown)


def test_the_page_opens_on_a_study_with_an_evaluation():
    app = opened(evaluated="")
    assert app.selectbox(key="evaluated").value in evaluated_studies()
    assert "has not been evaluated yet" not in words(app.markdown)


def test_a_damaged_evaluation_is_a_sentence(monkeypatch):
    def damaged(study):
        raise ValueError("the evaluation x.json cannot be read; make it again")

    monkeypatch.setattr("ui.session.shipped_evaluation", damaged)
    session.evaluation.clear()
    app = opened()
    assert words(app.error) == "The evaluation x.json cannot be read; make it again."
    session.evaluation.clear()


def test_photographs_elsewhere_can_be_named_by_their_folder(given, tmp_path):
    given(full_report(0.1))
    app = opened(part="photographs")
    app.text_input(key="folder").set_value(str(tmp_path)).run()
    assert "There is no bee/0.jpg in" in words(app.error)


def test_photographs_of_a_folder_are_shown_and_make_mosaics(given, tmp_path, samples):
    given(full_report(0.1))
    (tmp_path / "bee").mkdir()
    for row, path in enumerate(sorted(samples.glob("*.jpg"))[:12]):
        shutil.copy(path, tmp_path / "bee" / f"{row}.jpg")
    app = opened(part="photographs")
    app.text_input(key="folder").set_value(str(tmp_path)).run()
    assert not app.error
    table = app.dataframe[0].value
    assert len(table) == 12
    assert table[""].str.startswith("data:image/jpeg").all()
    app.query_params["part"] = "pointing"
    app.session_state["part"] = "pointing"
    app.run()
    assert not app.error
    assert component(app, "mosaic")["classes"] == ["bee"] * 4


def test_a_report_never_names_files_outside_its_folder(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    assert data.opened(tmp_path / "inside", "../secret.jpg") is None
    assert data.opened(None, "cat.jpg") is None
    assert data.opened(session.SAMPLE_FOLDER, "cat.jpg").name == "cat"


def test_a_room_may_not_name_folders(given, monkeypatch):
    given(full_report(0.1))
    monkeypatch.setattr("ui.session.serves_this_machine_only", lambda: False)
    app = opened(part="photographs")
    assert not app.text_input
    assert "are not shown here" in words(app.caption)


def test_the_mosaic_shows_the_scores_of_the_evaluation():
    app = opened(part="pointing")
    assert not app.error
    fed = component(app, "mosaic")
    rows = shipped_evaluation("imagenet-lite")["rows"]["mosaics"]["2x2"]["scores"]
    assert [one["label"] for one in fed["variants"]][-1] == "Compound"
    for variant, key in zip(fed["variants"], VARIANTS, strict=True):
        assert np.diag(variant["shares"]).mean() == pytest.approx(rows[f"pointing-2x2|{key}|{OWN}"][0], abs=2e-3)
        assert all(one.startswith("data:image/jpeg") for one in variant["pictures"])


def test_deletion_shows_the_images_being_deleted():
    app = opened(part="deletion")
    assert not app.error
    fed = component(app, "film")
    assert [one["kind"] for one in fed["kinds"]] == ["deletion", "insertion"]
    assert all(len(one["frames"]) == len(one["curve"]) == 21 for one in fed["kinds"])
    assert fed["kinds"][0]["curve"][0] == pytest.approx(fed["kinds"][1]["curve"][-1], abs=1e-3)
    assert fed["kinds"][0]["curve"][0] > 0.3
    assert len(charts(app)) == 2


def test_chosen_photographs_are_evaluated():
    app = opened(part="own")
    app.pills(key="own-photographs").set_value(["cat", "meerkats"])
    app.file_uploader(key="own-files").upload("broken.png", b"nothing")
    app.run()
    app.button(key="evaluate").click().run()
    assert not app.exception
    assert "'broken.png' is not an image" in words(app.error)
    assert "**2 photographs**" in words(app.markdown)
    assert "it needs 10 masks" in words(app.markdown)
    assert not own._turn.locked()


def test_only_one_evaluation_runs_at_a_time():
    app = opened(part="own")
    app.pills(key="own-photographs").set_value(["cat"]).run()
    with own._turn:
        app.button(key="evaluate").click().run()
    assert "Another evaluation is under way" in words(app.warning)


def test_numbers_have_a_true_minus():
    assert number(-0.5) == "−0.500"
    assert signed([-0.1, -0.2, 0.0]) == "−0.100 [−0.200, 0.000]"
    assert label({"networks": {"a": {"label": "B0"}, "b": {"label": "B0"}}, "baseline": "a"}, "b") == "b"
