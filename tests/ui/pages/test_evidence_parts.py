"""The parts of Evidence behind its answer: the pointing game, the film of deletion, and one's own photographs."""

from contextlib import contextmanager

import numpy as np
import pytest
from PIL import ImageColor

from cam.evaluation.shipped import shipped_evaluation
from cam.evaluation.verdicts import FAILS
from models.home import SAMPLES as SAMPLE_FOLDER
from tests.ui.pages.comparing import photograph
from tests.ui.pages.evidence import charts, component, opened, words
from ui import turns
from ui.pages.evidence import data, your_photographs
from ui.photographs import Photograph, told_apart, without_repeats
from ui.turns import waiting


@pytest.mark.parametrize("part", ["", "photographs", "pointing", "deletion"])
def test_a_further_evaluation_of_a_study_is_offered_behind_it(part):
    app = opened(evaluated="Everyday photographs: COCO", part=part)
    assert not app.exception
    assert not app.error
    options = app.selectbox(key="evaluated").options
    assert options.index("Everyday photographs: COCO") == options.index("Everyday photographs") + 1
    if not part:
        failed = [one for one in shipped_evaluation("photographs-COCO").statements if one.outcome == FAILS]
        assert words(app.markdown).count("Does not hold]") == len(failed) > 0


def test_only_samples_are_opened():
    assert data.opened(None, "cat.jpg") is None
    assert data.opened(SAMPLE_FOLDER, "../secret.jpg") is None
    assert data.opened(SAMPLE_FOLDER, "cat.jpg").name == "cat"


def test_the_mosaic_shows_where_evidence_lies():
    app = opened(part="pointing")
    assert not app.error
    fed = component(app, "mosaic")
    assert [one["label"] for one in fed["variants"]] == ["Lite0", "Lite1", "Lite2"]
    assert len({one["colour"] for one in fed["variants"]}) == 3
    for variant in fed["variants"]:
        assert np.diag(variant["shares"]).mean() > 0.3
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
    assert "2 photographs are too few to tell" in words(app.markdown)
    assert not turns.LINE.before([])[0]


def test_names_are_told_apart_and_what_is_there_twice_counts_once():
    """The first name stays as it is, and a name that is taken already is not given."""
    brought = [Photograph.of(name, bytes([row])) for row, name in enumerate(("a", "b", "a (2)", "a", "a"))]
    assert [one.name for one in told_apart(brought)] == ["a", "b", "a (2)", "a (3)", "a (4)"]
    assert [one.digest for one in told_apart(brought)] == [one.digest for one in brought]
    renamed = Photograph.of("c", bytes([0]))
    assert without_repeats([*brought[:2], renamed]) == brought[:2]


def test_photographs_of_one_name_are_measured_each_on_its_own_pixels(monkeypatch):
    """Phones call every upload image.jpg: two from Compare, of which one is uploaded here again, and a third."""
    colours = ("tan", "teal", "gold")
    brought = [Photograph.of("image.jpg", photograph(colour)) for colour in colours]
    given = {}

    def seen(known, pictures, *rest):
        given.update(zip([one.name for one in known], [one.getpixel((5, 5)) for one in pictures], strict=True))
        raise ValueError("seen")

    monkeypatch.setattr(your_photographs, "evaluate_few", seen)
    app = opened(part="own")
    app.session_state["photographs"] = brought[:2]
    app.run()
    app.pills(key="own-photographs").set_value(["image.jpg", "image.jpg (2)"])
    for one in brought[1:]:
        app.file_uploader(key="own-files").upload(one.name, one.content)
    app.run()
    app.button(key="evaluate").click().run()
    assert "Seen." in words(app.error)
    names = ("image.jpg", "image.jpg (2)", "image.jpg (3)")
    assert given == {name: ImageColor.getrgb(colour) for name, colour in zip(names, colours, strict=True)}


def test_an_evaluation_waits_for_its_turn_and_says_how_long(monkeypatch):
    app = opened(part="own")
    app.pills(key="own-photographs").set_value(["cat"]).run()

    @contextmanager
    def full(line, visitor, tell):
        tell(2, 100.0)
        raise ValueError(waiting(2, 100.0))
        yield

    monkeypatch.setattr(turns.Line, "turn", full)
    app.button(key="evaluate").click().run()
    assert "2 are before you; about 2 minutes." in words(app.error)
