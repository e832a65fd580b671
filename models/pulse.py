"""Between the parts of a long computation: how far it is, and a chance to end it for whoever wants it no longer."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
Told = Callable[[float], object]

_told: ContextVar[Told | None] = ContextVar("told", default=None)


@contextmanager
def listening(told: Told) -> Iterator[None]:
    """Within the block, have ``told`` called with the share that is done, from 0 to 1; what it raises ends the computation."""
    before = _told.set(told)
    try:
        yield
    finally:
        _told.reset(before)


def parts(items: Collection[T]) -> Iterator[T]:
    """Go through parts of a computation that take about as long as each other; parts within a part count as shares of it."""
    told = _told.get()
    if told is None:
        yield from items
        return
    try:
        for place, item in enumerate(items):
            told(place / len(items))
            _told.set(lambda share, place=place: told((place + share) / len(items)))  # type: ignore[misc]
            yield item
    finally:
        _told.set(told)
