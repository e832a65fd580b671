"""Memory that runs out: half as much at once, and again half, until it suffices or one alone does not fit."""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")


def is_exhausted(error: BaseException) -> bool:
    """Whether an error says that memory, of the device or of the machine, is too small."""
    out = isinstance(error, (torch.OutOfMemoryError, MemoryError))
    return out or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def halving(run: Callable[[int], T], at_once: int, what: str) -> T:
    """What ``run`` gives with so many at once, or with half as many as often as memory runs out.

    Args:
        run: starts from the beginning whenever it is called.
        at_once: that it is called with first.
        what: one of them, for the sentence.

    Raises:
        MemoryError: memory does not suffice for one.
    """
    while True:
        try:
            return run(at_once)
        except (RuntimeError, MemoryError) as error:
            if not is_exhausted(error):
                raise
            if at_once <= 1:
                raise MemoryError(
                    f"memory is too small for {what}, one at a time; close what else uses the device, or choose another "
                    "device or a smaller network"
                ) from None
        at_once //= 2  # outside the handler, whose traceback holds the tensors
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
