"""When memory runs out, halve the batch again and again, until it fits or a single item does not."""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")


def is_exhausted(error: BaseException) -> bool:
    """Whether an error says that the memory of the device or of the machine ran out."""
    out = isinstance(error, (torch.OutOfMemoryError, MemoryError))
    return out or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def halving(run: Callable[[int], T], at_once: int, what: str) -> T:
    """Return ``run(at_once)``; each time memory runs out, call it again with half as many.

    Args:
        run: starts from the beginning whenever it is called.
        at_once: number of items to try first.
        what: what the error message calls one item.

    Raises:
        MemoryError: memory does not suffice for a single item.
    """
    while True:
        try:
            return run(at_once)
        except (RuntimeError, MemoryError) as error:
            if not is_exhausted(error):
                raise
            if at_once <= 1:
                raise MemoryError(
                    f"memory is too small for {what}, one at a time; close other programs on the device, or choose another "
                    "device or a smaller network"
                ) from None
        at_once //= 2  # outside the handler, whose traceback holds the tensors
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
