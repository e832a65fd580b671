"""Progress of a long computation, reported between its parts, with a chance to end it when nobody wants the result any more."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
Callback = Callable[[float], object]

_callback: ContextVar[Callback | None] = ContextVar("callback", default=None)


@contextmanager
def listening(callback: Callback) -> Iterator[None]:
    """Within the ``with`` block, call ``callback`` with the share done, from 0 to 1; an error from it ends the computation."""
    before = _callback.set(callback)
    try:
        yield
    finally:
        _callback.reset(before)


def parts(items: Collection[T]) -> Iterator[T]:
    """Iterate over parts of a computation that take about equally long; parts within a part count as shares of it."""
    callback = _callback.get()
    if callback is None:
        yield from items
        return
    try:
        for place, item in enumerate(items):
            callback(place / len(items))
            _callback.set(lambda share, place=place: callback((place + share) / len(items)))  # type: ignore[misc]
            yield item
    finally:
        _callback.set(callback)
