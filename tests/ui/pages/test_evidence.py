"""The page Evidence: an evaluation becomes an answer, charts and tables, and missing parts become sentences."""

import base64

import msgspec
import numpy as np
import pytest

from cam.evaluation.records import About, Checks, Report
from cam.evaluation.registry import PRIMARY
from cam.evaluation.shipped import shipped_evaluation, shipped_evaluations
from cam.evaluation.verdicts import interval_of, verdicts
from tests.cam.evaluation.made_up import made_up_report
from tests.ui.pages.evidence import charts, opened, words
from ui import reports, session
from ui.pages.evidence import steps
from ui.pages.evidence.words import answer, minus, number, signed
from ui.palette import COLOURS, SPARE, colours_of

VARIANTS = ("baseline", "depth", "width", "resolution", "compound")


def numbers(found) -> np.ndarray:
    """An array of a Plotly figure, which may be packed."""
    packed = isinstance(found, dict)
    return np.frombuffer(base64.b64decode(found["bdata"]), found["dtype"]) if packed else np.array(found)


def full_report(gains: dict[str, float], **options: float) -> Report:
    """A report with seeds, controls and checks, whose photographs are not on this machine."""
    made = made_up_report(gains, **options)
    scores = {
        "deletion": 0.5,
        "insertion": 0.5,
        "road": 0.5,
        "average drop, per cent": 12.5,
        "increase, share of images": 0.25,
        "random down to classifier": 0.0,
        "random down to stem": 0.1,
    }
    curves = dict.fromkeys(("deletion", "insertion", "road"), np.linspace(1, 0, 21).tolist())
    checks = Checks("Never rank networks.", ["ant/1.jpg"], scores, curves)
    about = About("Made up", "lite", "photographs-elsewhere", "All of them.", "")
    return msgspec.structs.replace(made, statements=verdicts(made), checks=checks, about=about)


BEST = {"compound": 0.2}
LOST = BEST | {"resolution-300": 0.3}


@pytest.fixture
def given(monkeypatch):
    """Show a report instead of the one that comes with the project."""

    def give(report):
        monkeypatch.setattr("ui.reports.shipped_evaluation", lambda study: report)
        reports.evaluation.clear()

    yield give
    reports.evaluation.clear()


@pytest.mark.parametrize(
    ("gains", "options", "words"),
    [
        (
            BEST,
            {},
            "Yes: Compound does look at more relevant regions, follow objects’ edges more closely and find more",
        ),
        (
            LOST,
            {},
            "No: Compound does not look at more relevant regions, follow objects’ edges more closely or find more",
        ),
        (LOST, {}, "(Resolution-300 is better)"),
        ({}, {}, "Nobody can tell: Compound and the others differ by no more than chance explains."),
        (
            {},
            {"seeds": 0},
            "Too little to tell whether Compound looks better: 40 photographs, each network trained once.",
        ),
        (BEST, {"count": 9}, "9 photographs are too few to tell whether Compound looks better."),
    ],
)
def test_the_answer_is_one_sentence(gains, options, words):
    said = answer(full_report(gains, **options))
    assert words in said
    assert said.endswith(".")


def test_a_minus_sign_stands_before_numbers_and_not_within_names():
    assert minus("Resolution-300: -0.1 [-0.2, 0.3]") == "Resolution-300: −0.1 [−0.2, 0.3]"


def test_the_sample_photographs_are_said_to_be_too_few():
    app = opened(evaluated="Everyday photographs")
    assert not app.error
    said = words(app.markdown)
    assert "Holds]" not in said
    assert said.count("Cannot be told]") == 3
    assert "no network was trained twice" in words(app.caption)


@pytest.mark.parametrize("study", ["lite", "photographs"])
def test_the_picture_has_every_network_and_control_at_its_difference(study):
    report = shipped_evaluation(study)
    app = opened(evaluated=session.study_named(study).title)
    finding = report.finding(PRIMARY["more relevant regions"])
    shown = charts(app)[0]
    ticks = shown["layout"]["yaxis"]["ticktext"]
    assert ticks[0] == report.arms[report.baseline].label
    assert set(ticks) == {report.arms[key].label for key in finding.means}
    at = {
        ticks[int(numbers(one["y"])[0])]: float(numbers(one["x"])[0])
        for one in shown["data"]
        if one["marker"]["symbol"] == "circle"
    }
    contrast = finding.contrast(report.subject, report.baseline)
    assert at[report.arms[report.subject].label] == pytest.approx(interval_of(contrast).estimate)


def test_controls_are_grey_and_variants_are_not(given):
    given(full_report(BEST))
    shown = charts(opened())[0]
    ticks = shown["layout"]["yaxis"]["ticktext"]
    colours = {ticks[int(numbers(one["y"])[0])]: one["marker"]["color"] for one in shown["data"]}
    assert colours["Compound"] == COLOURS["compound"]
    greys = {colours[name] for name in ("Baseline’s weights at 300 px", "Resolution-300", "Centred Gaussian")}
    assert len(greys) == 1
    assert not greys & set(COLOURS.values())


def test_a_report_for_and_one_against_the_paper_are_said_plainly(given):
    given(full_report(BEST))
    app = opened()
    assert words(app.markdown).count("Holds]") == 3
    assert not app.error
    given(full_report(LOST))
    said = words(opened().markdown)
    assert said.count("Does not hold]") == 3
    assert "Resolution-300" in said


def test_numbers_stand_in_the_tables_and_every_control_is_explained(given):
    given(full_report(BEST))
    app = opened()
    report = full_report(BEST)
    contrast = report.finding("auroc").contrast("compound", "baseline")
    table = app.table[1].value
    assert table.loc["Compound – Baseline", "Difference"] == signed(interval_of(contrast))
    said = words(app.markdown)
    for name in steps.NAMES.values():
        assert f"**{name}.**" in said
    assert "Here: Resolution-300." in said
    app.selectbox(key="reading").select("common").run()
    assert not app.exception


def test_a_report_whose_subject_is_no_compound_does_not_speak_of_one():
    """The network in question is named in the purposes of the controls and in what its lead has to exceed."""
    said = [one.value for one in opened().markdown]
    purpose, certainty = (
        next(text for text in said if words in text)
        for words in ("**More pixels alone.**", "each network was trained once")
    )
    for text in (purpose, certainty):
        assert "Lite2" in text
        assert "compound" not in text.lower()


def test_the_measures_are_explained_with_maps_that_are_really_scored():
    """The sharper map scores exactly as much as the map itself; one beside the object scores less."""
    maps = steps.examples()
    scores = {
        words: (steps.pixel_scores(map_, steps._object()).auroc, steps.boundary_agreement(map_, steps._object()))
        for words, map_ in maps.items()
    }
    assert scores["Sharpened"] == pytest.approx(scores["On the object"])
    for name in ("Beside it", "In the middle"):
        assert all(less < more for less, more in zip(scores[name], scores["On the object"], strict=True))
    assert steps._found((1, 0.3, 0.7, 0.2)) == 0.5


@pytest.mark.parametrize("part", ["photographs", "pointing", "deletion"])
def test_a_report_of_photographs_that_are_elsewhere_shows_in_every_part(given, part):
    """No part asks for a path on the server or says that photographs are missing."""
    given(full_report(BEST))
    app = opened(part=part)
    assert not app.exception
    assert not app.error
    assert not app.text_input
    assert "not on this machine" not in words(app.markdown)


def test_a_study_without_evaluation_says_how_to_make_one():
    app = opened(evaluated="ImageNet, official torchvision weights")
    assert "has not been evaluated yet" in words(app.markdown)
    assert "python -m cam evaluate --study imagenet " in app.code[0].value
    next(one for one in app.button if "evaluated study" in one.label).click().run()
    assert app.selectbox(key="evaluated").value in shipped_evaluations()
    assert "has not been evaluated yet" not in words(app.markdown)


def test_the_page_opens_on_the_evaluation_of_most_photographs():
    app = opened(evaluated="")
    sizes = {name: len(shipped_evaluation(name).photographs) for name in shipped_evaluations()}
    assert sizes[app.selectbox(key="evaluated").value] == max(sizes.values())


def test_a_damaged_evaluation_is_a_sentence(monkeypatch):
    def damaged(study):
        raise ValueError("the evaluation x.json cannot be read; make it again")

    monkeypatch.setattr("ui.reports.shipped_evaluation", damaged)
    reports.evaluation.clear()
    app = opened()
    assert words(app.error) == "The evaluation x.json cannot be read; make it again."
    reports.evaluation.clear()


def test_numbers_have_a_true_minus():
    assert number(-0.5) == "−0.500"
    assert signed([-0.1, -0.2, 0.0]) == "−0.100 [−0.200, 0.000]"


def test_every_variant_has_a_colour_of_its_own():
    """The five keep their colours, the baseline is grey whatever its name, and eight variants with other names all differ."""
    assert colours_of(VARIANTS) == COLOURS
    assert colours_of(("lite0", "lite1", "lite2"))["lite0"] == COLOURS["baseline"]
    mixed = colours_of(("teacher", "baseline", "depth", "student"))
    assert (mixed["baseline"], mixed["depth"]) == (COLOURS["baseline"], COLOURS["depth"])
    for keys in ("abcdefgh", ("teacher", "baseline", "depth", "student", "width", "resolution", "compound", "x")):
        assert len(set(colours_of(keys).values())) == 8
    for colour in SPARE:
        luminance = [(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in luminance]
        light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05
        assert 1.05 / light >= 3, f"{colour} on white"
        assert light / 0.0556 >= 3, f"{colour} on the dark page"
