"""Which photographs and mosaics are measured: by a fixed rule that knows names and classes and nothing of scores.

Within a class photographs come in the order of a hash of their names. So the choice is the same on every machine, does not
follow the order in which they were taken, and does not change when others join.
"""

import hashlib
from collections.abc import Sequence

RULE = "in the order of a hash of their names"
TILES, ROUNDS = 4, 3


def places_in_class(names: Sequence[str], classes: Sequence[str]) -> list[int]:
    """For every photograph its place within its class, from 0."""
    seen: dict[str, int] = {}
    places = [0] * len(names)
    for row in sorted(range(len(names)), key=lambda row: _hash(names[row])):
        places[row] = seen.get(classes[row], 0)
        seen[classes[row]] = places[row] + 1
    return places


def spread_over_classes(names: Sequence[str], classes: Sequence[str], count: int) -> list[int]:
    """Rows of so many photographs, as many of every class as can be, in the order of the list.

    Where classes are more than photographs wanted, which classes come in follows the hash, too: never the first ones.
    """
    places = places_in_class(names, classes)
    order = sorted(range(len(names)), key=lambda row: (places[row], _hash(names[row])))
    return sorted(order[:count])


def shuffled(names: Sequence[str]) -> list[int]:
    """Rows in the order of the hash: neighbours are of any classes."""
    return sorted(range(len(names)), key=lambda row: _hash(names[row]))


def mosaics_of_one_class(names: Sequence[str], classes: Sequence[str], count: int) -> list[list[int]]:
    """Mosaics of four photographs of one class, as many of every class as can be, at most ``count``.

    No photograph is twice on a mosaic. A class of few photographs is shuffled again and used up to ``ROUNDS`` times, with
    other neighbours; photographs of a class are resampled together, so this makes no interval narrower.

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
