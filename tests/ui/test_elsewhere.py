"""Which other study has a class for a photograph: from existing features, with the same answer as by its own networks."""

import io

import pytest

from cam import compare
from models import open_image
from models.home import SAMPLES
from ui import session
from ui.components.viewer import pack
from ui.elsewhere import known_elsewhere
from ui.photographs import Photograph, sample_photographs
from ui.session import Choice

KEYS = ("baseline", "compound")


def row(study, name):
    return row_of(study, sample_photographs()[name])


def row_of(study, photograph):
    choices = tuple(Choice(study, key, "cpu") for key in KEYS)
    return choices, photograph, session.comparison(choices, photograph.digest, "square", photograph)


@pytest.mark.parametrize(
    ("study", "name", "other"), [("caltech101", "spaniels", "photographs"), ("photographs", "rhinoceros", "caltech101")]
)
def test_the_other_study_knows_it_as_its_own_networks_do(study, name, other):
    choices, photograph, seen = row(study, name)
    assert seen.out_of_class == [True]
    answer = known_elsewhere(choices, "square", photograph)
    theirs = compare({key: session.network(Choice(other, key, "cpu")) for key in KEYS}, [photograph.content])
    assert theirs.out_of_class == [False]
    assert answer.study == other
    assert answer.seen == theirs.categories[theirs.class_idx["baseline"][0]]
    packed = pack([seen.explain("shared")], ["0"], [""], {}, KEYS, [answer])["rows"][0]
    assert "classes may fit" in packed["outside"]
    assert packed["elsewhere"] == {"study": other, "title": session.study_named(other).title, "seen": answer.seen}


def test_a_photograph_that_no_study_knows_has_no_answer():
    fur = open_image(SAMPLES / "cat.jpg").crop((0, 0, 100, 100))
    file = io.BytesIO()
    fur.save(file, "PNG")
    choices, photograph, seen = row_of("photographs", Photograph.of("fur.png", file.getvalue()))
    assert seen.out_of_class == [True]
    assert known_elsewhere(choices, "square", photograph) is None


def test_networks_with_other_weights_are_not_asked():
    choices, photograph, _ = row("caltech101", "spaniels")
    assert known_elsewhere([Choice("lite", "lite0", "cpu")], "square", photograph) is None
    assert known_elsewhere(choices, "square", photograph) is not None


def test_a_class_that_fits_is_marked_nowhere():
    _, _, seen = row("caltech101", "rhinoceros")
    packed = pack([seen.explain("shared")], ["0"], [""], {}, KEYS)["rows"][0]
    assert (packed["outside"], packed["elsewhere"]) == ("", None)
