"""Menus: classes are found by their everyday names."""

import re

import pytest
import torch

from models.manifest_entries import IMAGENET, categories_of
from models.network import device_name
from models.studies import STUDY_FOLDER
from ui.options import class_words, coarse_groups, devices

NAMES = categories_of(IMAGENET, STUDY_FOLDER)
ENDS = {  # group: classes at its ends, which a range shifted by one would lose, and neighbours outside
    "dog": (("Chihuahua", "Mexican hairless", "beagle"), ("sea lion", "timber wolf")),
    "cat": (("tabby", "Egyptian cat"), ("grey fox", "cougar")),
    "bird": (
        ("cock", "great grey owl", "black grouse", "black swan", "white stork", "albatross"),
        ("grey whale", "stingray"),
    ),
    "snake": (("thunder snake", "sidewinder"), ("triceratops", "trilobite")),
    "fish": (("tench", "stingray", "barracouta", "puffer"), ("cock", "giant panda", "abacus")),
    "monkey": (("guenon", "squirrel monkey"), ("siamang", "Madagascar cat")),
    "spider": (("black and gold garden spider", "wolf spider"), ("scorpion", "tick")),
    "car": (("ambulance", "beach wagon", "cab", "sports car"), ("car wheel", "car mirror")),
    "fungus": (("coral fungus", "bolete"), ("buckeye", "ear")),
}


def test_groups_hold_their_classes_and_no_neighbours():
    groups = coarse_groups()
    for group, (within, without) in ENDS.items():
        assert {groups.get(name) for name in within} == {group}, group
        assert group not in {groups.get(name) for name in without}, group


def test_names_that_say_what_they_are_lie_in_that_group():
    """A slow search of all names: a class whose name has dog, snake or terrier in it is in that group."""
    groups = coarse_groups()
    exceptions = {
        "snake fence",
        "sea snake",
        "prairie chicken",
        "hotdog",
        "sea lion",
        "hen-of-the-woods",
        "tiger beetle",
    }
    said = {
        r"(terrier|spaniel|hound|retriever|poodle|collie|mastiff|setter|sheepdog)$": "dog",
        r"snake$": "snake",
        r"spider$": "spider",
        r"monkey$": "monkey",
        r" shark$": "fish",
        r"beetle$": "beetle",
        r"butterfly$": "butterfly",
        r" bear$": "bear",
        r" fox$": "fox",
        r" wolf$": "wolf, coyote",
        r" lizard$": "lizard",
        r"turtle$": "turtle",
        r"guitar$": "guitar",
        r"bottle$": "bottle",
        r" crab$": "crab",
        r"truck$": "truck",
    }
    for pattern, group in said.items():
        found = {name: groups.get(name) for name in NAMES if re.search(pattern, name) and name not in exceptions}
        assert found, pattern
        assert set(found.values()) == {group}, found


def test_dog_finds_every_breed_and_nothing_that_is_none():
    words = [class_words(name) for name in NAMES]
    dogs = [name for name in words if name.endswith("(dog)") or "dog" in name.split(" (")[0]]
    assert "golden retriever (dog)" in words
    assert sum(name.endswith("(dog)") for name in dogs) >= 110
    assert class_words("Maltese dog") == "Maltese dog"
    assert class_words("unicorn") == "unicorn"


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, ["cuda"]), (3, ["cuda", "cuda:1", "cuda:2"])])
def test_every_gpu_can_be_chosen_and_has_one_name(monkeypatch, count, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    assert [one for one in devices() if one.startswith("cuda")] == expected
    names = [device_name(one) for one in ("auto", *expected)]
    assert names == (["cpu"] if not count else ["cuda:0", *(f"cuda:{index}" for index in range(count))])
