"""A limit on what all threads hold at the same time: they wait in line for their share."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Lets threads in, first come first served, while what they hold together stays within a limit.

    A thread that asks for more than the limit is let in alone, so that none waits for ever.
    """

    def __init__(self, limit: int):
        self.limit, self.held = limit, 0
        self._line: deque[object] = deque()
        self._moved = threading.Condition()

    @contextmanager
    def room(self, amount: int) -> Iterator[None]:
        """Wait until ``amount`` fits, and hold it within the ``with`` block."""
        ticket = object()
        with self._moved:
            self._line.append(ticket)
            try:
                self._moved.wait_for(lambda: self._line[0] is ticket and self._fits(amount))
                self.held += amount
            finally:  # also where Ctrl-C ends the waiting: those behind must not wait for who has gone
                self._line.remove(ticket)
                self._moved.notify_all()
        try:
            yield
        finally:
            with self._moved:
                self.held -= amount
                self._moved.notify_all()

    def _fits(self, amount: int) -> bool:
        return not self.held or self.held + amount <= self.limit
