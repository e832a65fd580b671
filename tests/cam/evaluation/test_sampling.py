"""The fixed rule for choosing photographs: balanced, always the same, and independent of the order of the list."""

import random
from collections import Counter
from pathlib import Path

from cam.evaluation.sampling import mosaics_of_one_class, places_in_class, spread_over_classes

TEST = (Path(__file__).parents[3] / "models" / "studies" / "caltech101-test.txt").read_text().split()


def class_of(name: str) -> str:
    return name.split("/")[0]


def test_checks_are_spread_over_classes_and_not_the_first_lines():
    """The first 100 lines of the list are all faces."""
    rows = spread_over_classes(TEST, [class_of(one) for one in TEST], 100)
    counts = Counter(class_of(TEST[row]) for row in rows)
    assert len(rows) == 100
    assert set(counts.values()) == {1}
    assert len({class_of(one) for one in TEST[:100]}) == 2


def test_so_many_of_every_class_whatever_the_order_of_the_list():
    def chosen(names: list[str]) -> set[str]:
        places = places_in_class(names, [class_of(one) for one in names])
        return {name for name, place in zip(names, places, strict=True) if place < 3}

    shuffled = random.Random(0).sample(TEST, len(TEST))
    assert chosen(TEST) == chosen(shuffled)
    assert set(Counter(map(class_of, chosen(TEST))).values()) <= {1, 2, 3}
    assert len(chosen(TEST)) > 295


def test_six_hundred_mosaics_of_one_class_balanced_and_without_a_photograph_twice():
    classes = [class_of(one) for one in TEST]
    plan = mosaics_of_one_class(TEST, classes, 606)
    assert len(plan) == 606
    assert all(len({classes[row] for row in tiles}) == 1 and len(set(tiles)) == 4 for tiles in plan)
    assert len({frozenset(tiles) for tiles in plan}) > 600
    assert max(Counter(classes[tiles[0]] for tiles in plan).values()) <= 8
    assert mosaics_of_one_class(TEST[:3], classes[:3], 9) == []
