"""What ends a training early, and the messages for it: signals, the clock, full memory, a full disk."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch


class Stopped(Exception):
    """A training ended early and saved its state; ``signal`` is the signal that asked for it, 0 for the time limit."""

    def __init__(self, signal: int = 0):
        super().__init__(signal)
        self.signal = signal


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list instead of ending the process; a second one interrupts as usual."""
    came: list[int] = []

    def note(number: int, frame: object) -> None:
        came.append(number)
        if len(came) > 1:
            raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread
        before = {}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def memory_advice(batch_size: int, state: Path) -> Iterator[None]:
    """Turn exhausted memory into a sentence that says which batch size to try.

    Another batch size makes another training: where there is a ``state`` already, the sentence asks for another folder.
    """
    try:
        yield
    except RuntimeError as error:
        exhausted = isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
        if not exhausted:
            raise
        advice = f"try --batch-size {batch_size // 2}" if batch_size > 1 else "use a larger device"
        apart = f" and another --out, because {state} holds a training in larger batches" if state.is_file() else ""
        raise MemoryError(f"memory is too small for batches of {batch_size} images; {advice}{apart}") from error


@contextmanager
def kept_on_error(path: Path) -> Iterator[None]:
    """Say, when a file cannot be written, which state is left."""
    try:
        yield
    except OSError as error:
        kept = f"the last state in {path} is intact" if path.is_file() else "no state had been saved yet"
        raise OSError(error.errno, f"cannot write to {path.parent} ({error.strerror or error}); {kept}") from error
