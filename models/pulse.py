"""Progress of a long computation, told between its parts, with a chance to end it when nobody wants the result any more."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
Told = Callable[[float], object]

_told: ContextVar[Told | None] = ContextVar("told", default=None)


@contextmanager
def listening(told: Told) -> Iterator[None]:
    """Within the ``with`` block, call ``told`` with the share done, from 0 to 1; an error from it ends the computation."""
    before = _told.set(told)
    try:
        yield
    finally:
        _told.reset(before)


def parts(items: Collection[T]) -> Iterator[T]:
    """Iterate over parts of a computation that take about equally long; parts within a part count as shares of it."""
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
