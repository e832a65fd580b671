"""Targets: which class is explained."""

import numpy as np
import pytest

from cam.maps.targets import class_index, resolve_target, shared_class

CATEGORIES = ["tabby", "tiger cat", "espresso", "cup", "crane", "crane - bird"]


def logits(*rows):
    return np.array(rows, dtype=np.float32)


VOTES = {
    "baseline": logits([3, 0, 0, 0, 0, 0], [0, 0, 2, 0, 0, 0]),
    "depth": logits([0, 1, 0, 0, 0, 0], [0, 0, 0, 9, 0, 0]),
    "width": logits([0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0.1]),
}


def test_shared_is_the_majority():
    assert shared_class(VOTES)[0] == 1


def test_ties_go_to_the_highest_mean_probability():
    assert shared_class(VOTES)[1] == 3


def test_own_is_each_variants_first():
    classes = resolve_target("own", VOTES, CATEGORIES)
    assert {key: list(values) for key, values in classes.class_idx.items()} == {
        "baseline": [0, 2],
        "depth": [1, 3],
        "width": [1, 5],
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("espresso", [2, 2]),
        ("Tiger Cat", [1, 1]),
        (3, [3, 3]),
        ("3", [3, 3]),
        ([1, "cup"], [1, 3]),
        ("crane - bird", [5, 5]),
    ],
)
def test_names_and_indices(target, expected):
    classes = resolve_target(target, VOTES, CATEGORIES)
    assert classes.against_idx is None
    assert all(list(values) == expected and values.dtype == np.int64 for values in classes.class_idx.values())


def test_contrast_names_two_classes():
    classes = resolve_target("cup - espresso", VOTES, CATEGORIES)
    assert list(classes.class_idx["depth"]) == [3, 3]
    assert list(classes.against_idx["depth"]) == [2, 2]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("tabbi", "unknown class 'tabbi'; did you mean 'tabby'"),
        ("zzz", "unknown class 'zzz'; give a class of the study"),
        ("cat", "did you mean 'tiger cat'"),
        (6, "class index 6 is outside 0 to 5"),
        ("-1", "class index -1 is outside"),
        (["cup"], "1 targets for 2 images"),
        ("cup - tabbi", "unknown class 'tabbi'"),
        ("", "unknown class ''"),
    ],
)
def test_unknown_classes_are_one_sentence(target, words):
    with pytest.raises(ValueError, match=words):
        resolve_target(target, VOTES, CATEGORIES)


def test_first_of_two_classes_with_one_name():
    assert class_index("crane", ["x", "crane", "crane"]) == 1
