"""Whose turn it is: heavy computations wait in line, one for each visitor, say how long it takes, and can be ended.

A page ends where Streamlit is asked anything, once its visitor has clicked elsewhere or left. So whoever waits or computes
asks it now and then.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.messages import Said

AT_ONCE = 2  # a long one leaves room for a short one
USUAL = 20.0  # seconds, until some have been measured
EVERY = 0.5  # seconds between two words to whoever waits
ENDED = "ended_by_visitor"


class Line:
    """Lets visitors compute, first come first served, a limited number at once, and one thing for each visitor."""

    def __init__(self, at_once: int):
        self.at_once, self.usual = at_once, USUAL
        self._waiting: list[list[str]] = []  # one list for each place in line, with the visitor's name in it
        self._running: list[list[str]] = []
        self._moved = threading.Condition()

    @contextmanager
    def turn(self, visitor: str, tell: Callable[[int, float], object]) -> Iterator[None]:
        """Wait for a turn, and have it for the length of the block.

        Args:
            visitor: who waits.
            tell: called every half second with how many are before this one and about how many seconds it takes; what it
                raises ends the waiting.
        """
        place = [visitor]
        with self._moved:
            self._waiting.append(place)
        try:
            while not self._begun(place):
                tell(*self.before(place))
            begun = time.monotonic()
            yield
            self.usual += (time.monotonic() - begun - self.usual) / 4
        finally:
            with self._moved:
                for group in (self._waiting, self._running):
                    group[:] = [one for one in group if one is not place]
                self._moved.notify_all()

    def before(self, place: list[str]) -> tuple[int, float]:
        """How many are before a place in line, and about how many seconds they take."""
        with self._moved:
            count = next((row for row, one in enumerate(self._waiting) if one is place), 0)
        return count, self.usual * (count // self.at_once + 1)

    def _begun(self, place: list[str]) -> bool:
        with self._moved:
            if not self._moved.wait_for(lambda: self._next() is place, EVERY):
                return False
            self._waiting = [one for one in self._waiting if one is not place]
            self._running.append(place)
            self._moved.notify_all()
            return True

    def _next(self) -> list[str] | None:
        """Whose turn it is, if there is room: the first in line of whom nothing is computed yet."""
        if len(self._running) >= self.at_once:
            return None
        busy = {one[0] for one in self._running}
        return next((one for one in self._waiting if one[0] not in busy), None)


LINE = Line(AT_ONCE)


class Ended(Said):
    """A visitor ended what was computed for them."""


def visitor() -> str:
    """Who asks, as Streamlit calls the session; "" outside of a page."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def still_wanted() -> None:
    """Let Streamlit end the page here, if its visitor has clicked elsewhere or left."""
    if visitor():
        st.session_state.get(ENDED)


@contextmanager
def my_turn(work: str, part: str = "") -> Iterator[None]:
    """Wait in line and then compute, saying how long it takes and how far it is, with a button to end it.

    Args:
        work: names what is computed; what was ended is not begun again until its visitor asks for something else.
        part: of this work, where a page computes several.

    Raises:
        Ended: the visitor has ended this work.
    """
    from models.pulse import listening  # brings PyTorch along: not before something is computed

    if not visitor():
        with LINE.turn("", lambda before, seconds: None):
            yield
        return
    if st.session_state.get(ENDED) == work:
        with suppress(StreamlitDuplicateElementKey):  # one for all parts
            _say_ended(work)
        raise Ended
    st.session_state.pop(ENDED, None)
    box = st.empty()
    with box.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = st.empty()
        st.button("Stop", icon=":material/stop:", key=f"stop-{work}-{part}", on_click=_end, args=(work,))
    with LINE.turn(visitor(), lambda before, seconds: words.caption(waiting(before, seconds))):
        begun = time.monotonic()
        with listening(lambda share: words.progress(min(share, 1.0), _working(share, time.monotonic() - begun))):
            yield
    box.empty()


def _say_ended(work: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"ended-{work}"):
        st.markdown("Stopped, as you asked.", width="content")
        st.button("Compute it after all", icon=":material/play_arrow:", key=f"again-{work}", on_click=_end, args=("",))


def _end(work: str) -> None:
    st.session_state[ENDED] = work


def waiting(before: int, seconds: float) -> str:
    """Where in line somebody is, in words."""
    people = "You are next" if not before else f"{before} {'is' if before == 1 else 'are'} before you"
    return f"In line: others compute. {people}; about {_length(seconds)}."


def _working(share: float, seconds: float) -> str:
    left = f"; about {_length(seconds / share * (1 - share))} left" if share > 0.02 else ""
    return f"Computing: {100 * share:.0f} %{left}"


def _length(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} minutes"
