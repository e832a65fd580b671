"""A cache that all visitors share: results of functions by their arguments, up to a number of entries.

Streamlit's own cache can be emptied by anybody who can send its server a message. This one cannot. Personal results are
dropped when the last of the visitors who asked for them has left.
"""

import ctypes
import functools
import gc
import inspect
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast
from weakref import WeakValueDictionary

from streamlit import runtime

from ui.turns import Line, still_wanted, visitor

P = ParamSpec("P")
T = TypeVar("T")
EVERY = 30.0  # seconds between two checks for visitors who have left

_personal: "list[_Kept]" = []


class Shared(Protocol[P, T]):
    """A function whose results are kept."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...

    def clear(self) -> None:
        """Forget all results."""

    def results(self) -> list[T]:
        """The results that are kept now."""


def shared(
    max_entries: int = 256, personal: Callable[..., bool] = lambda *args: False
) -> Callable[[Callable[P, T]], Shared[P, T]]:
    """Cache the results of a function, at most ``max_entries``, by its arguments except those named ``_...``.

    The result used longest ago is dropped first. Whoever asks for a result that is being computed waits for it; where it
    comes to an error, which is not kept, the first of those who wait computes it next. Arguments must be hashable and
    positional.

    Args:
        max_entries: how many results are kept.
        personal: from the function's arguments, whether the result is dropped when the visitors who asked for it have left.
    """

    def decorate(function: Callable[P, T]) -> Shared[P, T]:
        computed: Callable[..., T] = function
        counted = [not name.startswith("_") for name in inspect.signature(function).parameters]
        kept: _Kept[T] = _Kept(max_entries)
        _personal.append(kept)

        @functools.wraps(function)
        def found(*args: Hashable) -> T:
            key = tuple(value for value, counts in zip(args, counted, strict=False) if counts)
            return kept.get(key, lambda: computed(*args), visitor() if personal(*args) else None)

        whole: Any = found
        whole.clear, whole.results = kept.clear, kept.all
        return cast(Shared[P, T], whole)

    return decorate


class _Kept(Generic[T]):
    """The results of one function: key -> result, and for personal results who asked for them."""

    def __init__(self, most: int):
        self.most = most
        self.results: OrderedDict[tuple[Hashable, ...], T] = OrderedDict()
        self.owners: dict[tuple[Hashable, ...], set[str]] = {}
        self.lines: WeakValueDictionary[tuple[Hashable, ...], Line] = WeakValueDictionary()  # while somebody is in them
        self.lock = threading.Lock()

    def get(self, key: tuple[Hashable, ...], compute: Callable[[], T], owner: str | None) -> T:
        with self.lock:
            if key in self.results:
                return self._seen(key, owner)
            line = self.lines.setdefault(key, Line(1))
        with line.turn(visitor(), lambda before, seconds: still_wanted()):
            with self.lock:
                if key in self.results:
                    return self._seen(key, owner)
            result = compute()
            with self.lock:
                self.results[key] = result
                while len(self.results) > self.most:
                    self.owners.pop(self.results.popitem(last=False)[0], None)
                return self._seen(key, owner)

    def _seen(self, key: tuple[Hashable, ...], owner: str | None) -> T:
        self.results.move_to_end(key)
        if owner is not None:
            self.owners.setdefault(key, set()).add(owner)
        return self.results[key]

    def all(self) -> list[T]:
        with self.lock:
            return list(self.results.values())

    def forget(self, here: Callable[[str], bool]) -> int:
        """Drop results that only visitors who have left asked for; return how many."""
        with self.lock:
            left = [key for key, owners in self.owners.items() if not any(map(here, owners))]
            for key in left:
                del self.owners[key]
                self.results.pop(key, None)
        return len(left)

    def clear(self) -> None:
        with self.lock:
            self.results.clear()
            self.owners.clear()


def forget_who_left(here: Callable[[str], bool]) -> int:
    """Drop the results of visitors who have left and give their memory back to the system; return how many.

    Args:
        here: whether a visitor is still there.
    """
    dropped = sum(kept.forget(here) for kept in _personal)
    if dropped:
        _give_back()
    return dropped


def let_sessions_go(server: Any) -> int:
    """Make Streamlit drop the sessions of visitors who left two minutes ago; returns how many it dropped.

    By itself Streamlit drops them only when another visitor leaves. Its storage is not public: 0 where it is another one.

    Args:
        server: Streamlit's ``Runtime``, on whose thread its sessions are dropped.
    """
    dropped: Future[int] = Future()

    def expire() -> None:
        try:
            dropped.set_result(len(server._session_mgr._session_storage._cache.expire()))
        except Exception as error:
            dropped.set_exception(error)

    try:
        server._get_async_objs().eventloop.call_soon_threadsafe(expire)
        count = dropped.result(EVERY)
    except Exception:  # a Streamlit that keeps them elsewhere, or a server that stops: the watch must go on
        return 0
    if count:
        _give_back()
    return count


def _give_back() -> None:
    """Return unused memory to the system."""
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # only glibc has it; elsewhere memory goes back by itself
        ctypes.CDLL(None).malloc_trim(0)


@functools.cache
def keep_watch() -> Any:
    """Check regularly for visitors who have left, in a thread that the first call starts; one call at a time."""

    def watch() -> None:
        while True:
            time.sleep(EVERY)
            if runtime.exists():
                forget_who_left(runtime.get_instance().is_active_session)
                let_sessions_go(runtime.get_instance())

    thread = threading.Thread(target=watch, name="who-left", daemon=True)
    thread.start()
    return thread
