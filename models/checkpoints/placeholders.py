"""Inert placeholders for everything that a pickle names beside tensors, so that the tensors can be read.

Training programs save their options, loss objects and schedulers beside the weights. While the file is read, an empty stub
stands for each such name: nothing is imported and nothing is run, and whatever the pickle would have done to the object is
done to the stub.

References:
    https://docs.pytorch.org/docs/stable/notes/serialization.html#weights-only
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

MOST_NAMES = 500
MOST_MODULES = 20_000  # B7 has about 2,000; a limit, because a module may contain itself
MODULE = ("_parameters", "_buffers", "_modules")
PROGRAMS = {"eval", "exec", "execfile", "compile", "open", "input", "breakpoint", "__import__"}
HOSTILE = {
    *("os", "posix", "nt", "sys", "subprocess", "shutil", "socket", "pty", "runpy", "io", "_io", "importlib", "ctypes"),
    *("pickle", "marshal", "webbrowser", "code", "commands", "platform", "multiprocessing", "asyncio", "pip", "timeit"),
}  # training programs never save these beside weights
_LOCK = threading.Lock()  # torch keeps one list of allowed names for all threads


class Placeholder(list):
    """Stands for an object that was not created; keeps the state that the pickle would have set."""

    state: Any = None

    def __init__(self, *_: object, **__: object):
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class PlaceholderDict:
    """Stands for a dictionary of another class, which becomes an ``OrderedDict``."""

    def __new__(cls, *_: object, **__: object) -> OrderedDict:  # type: ignore[misc]
        return OrderedDict()


class Hostile(ValueError):
    """A name that runs programs; the message is the name."""


@contextmanager
def placeholders(file: BinaryIO) -> Iterator[None]:
    """Within the ``with`` block, ``torch.load`` of the file with ``weights_only`` makes placeholders of what it names.

    Raises:
        Hostile: the file names what only an attack would, or too many names.
    """
    file.seek(0)
    names = get_unsafe_globals_in_checkpoint(file)
    for name in sorted(names):
        module, _, function = name.rpartition(".")
        if module.split(".")[0] in HOSTILE or (module in ("builtins", "__builtin__") and function in PROGRAMS):
            raise Hostile(name)
    if len(names) > MOST_NAMES:
        raise Hostile(f"{len(names):,} names")
    stubs: list[Any] = [(PlaceholderDict if _is_dictionary(name) else Placeholder, name) for name in names]
    with _LOCK, safe_globals(stubs):
        yield


def _is_dictionary(name: str) -> bool:
    """Whether pickles fill the object entry by entry, which torch allows for dictionaries only."""
    return name.lower().endswith(("dict", "cfgnode", "config_dict.configdict"))


def module_tensors(value: object) -> dict[str, Any] | None:
    """The state dict of a module that was pickled whole and became a placeholder; None for anything else."""
    found: dict[str, Any] = {}
    waiting = [("", value)]
    for visits in range(MOST_MODULES):
        if not waiting:
            return found
        prefix, module = waiting.pop()
        state = module.state if isinstance(module, Placeholder) else None
        if not isinstance(state, Mapping) or not all(isinstance(state.get(kind), Mapping) for kind in MODULE):
            if not visits:
                return None
            continue
        held = {**state["_parameters"], **state["_buffers"]}
        found |= {f"{prefix}{name}": tensor for name, tensor in held.items() if tensor is not None}
        waiting += [(f"{prefix}{name}.", child) for name, child in reversed(state["_modules"].items())]
    return None
