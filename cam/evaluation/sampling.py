"""Which photographs and mosaics are measured: a fixed rule that knows names and classes but no scores.

Within a class, photographs come in the order of a hash of their names. So the choice is the same on every machine, does not
follow the order in which they were taken, and does not change when others are added.
"""

import hashlib
from collections.abc import Sequence

RULE = "in the order of a hash of their names"
TILES, ROUNDS = 4, 3


def places_in_class(names: Sequence[str], classes: Sequence[str]) -> list[int]:
    """The place of every photograph within its class, from 0."""
    seen: dict[str, int] = {}
    places = [0] * len(names)
    for row in sorted(range(len(names)), key=lambda row: _hash(names[row])):
        places[row] = seen.get(classes[row], 0)
        seen[classes[row]] = places[row] + 1
    return places


def spread_over_classes(names: Sequence[str], classes: Sequence[str], count: int) -> list[int]:
    """Rows of ``count`` photographs, spread as evenly over classes as possible, in the order of the list.

    Where there are more classes than photographs wanted, the hash decides which classes take part, not their order.
    """
    places = places_in_class(names, classes)
    order = sorted(range(len(names)), key=lambda row: (places[row], _hash(names[row])))
    return sorted(order[:count])


def shuffled(names: Sequence[str]) -> list[int]:
    """Rows in the order of the hash, so that neighbours may be of any class."""
    return sorted(range(len(names)), key=lambda row: _hash(names[row]))


def mosaics_of_one_class(names: Sequence[str], classes: Sequence[str], count: int) -> list[list[int]]:
    """At most ``count`` mosaics of four photographs of one class, spread as evenly over classes as possible.

    No photograph is on a mosaic twice. A class is shuffled and used up to ``ROUNDS`` times, with other neighbours each time;
    photographs of a class are resampled together, so this makes no interval narrower.

    Returns:
        Rows of four; empty where no class has four photographs.
    """
    members: dict[str, list[int]] = {}
    for row, name in enumerate(classes):
        members.setdefault(name, []).append(row)
    fours = [_fours(rows, names) for rows in members.values()]
    turns = max(map(len, fours), default=0)
    return [of_class[turn] for turn in range(turns) for of_class in fours if turn < len(of_class)][:count]


def _fours(rows: Sequence[int], names: Sequence[str]) -> list[list[int]]:
    """A class's photographs in fours, shuffled again for every round; four photographs alone are one mosaic."""
    found = []
    for again in range(ROUNDS if len(rows) > TILES else 1):
        order = sorted(rows, key=lambda row: _hash(f"{again} {names[row]}"))
        found += [order[start : start + TILES] for start in range(0, len(order) - TILES + 1, TILES)]
    return found


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
