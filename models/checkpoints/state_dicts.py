"""Find the network in a file by its stem's convolution, under whatever dictionaries and prefixes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import NamedTuple

import torch
from torch import Tensor

from models.checkpoints.placeholders import Placeholder, module_tensors
from models.checkpoints.weight_files import CheckpointError, quoted

DEEPEST = 5
AVERAGED = re.compile(r"(^|[._])(ema|swa|averaged?)([._]|$)")  # averages over training: the weights to evaluate
NO_PART = re.compile(
    r"(^|.*_)(loss|losses|criterion|criteria|metrics?|acc|accuracy|auroc|auc|f1|mixup|n_averaged)([._0-9]|$)"
)  # what training keeps beside the network it trains


class Place(NamedTuple):
    """Where a network's stem was found.

    Attributes:
        entries: names of the dictionaries around it, joined by dots.
        prefix: of the stem's name, such as ``"net."``, or ``""``.
        tensors: the dictionary that holds the stem.
    """

    entries: str
    prefix: str
    tensors: dict[str, Tensor]

    @property
    def name(self) -> str:
        return ".".join(part for part in (self.entries, self.prefix.rstrip(".")) if part)


def find_state_dict(
    content: object, stems: Iterable[str], entry: str | None = None
) -> tuple[dict[str, Tensor], str, list[str]]:
    """The tensors of the network in what a training program saved, without the prefixes that wrappers give them.

    Args:
        content: the file's content: a state dict, dictionaries around one or several, or a module's placeholder.
        stems: possible names of a stem's convolution.
        entry: which network to take where there are several; by default the average over training.

    Returns:
        Tensors by name, the entries they were found under, joined by dots (empty if there were none), and the names of
        other networks in the file.

    Raises:
        CheckpointError: there are no tensors, several networks and no single average, or no such entry.
    """
    stems = tuple(stems)
    dictionaries = list(_dictionaries(content))
    everywhere = [place for names, found in dictionaries for place in _places(names, found, stems)]
    if not everywhere:
        return _largest(content, dictionaries), "", []
    places = _distinct(everywhere)
    chosen = _chosen(places, entry)
    beside = [place.prefix for place in everywhere if place.tensors is chosen.tensors and place is not chosen]
    label = (
        chosen.name
        if any(place.tensors is chosen.tensors and place is not chosen for place in places)
        else chosen.entries
    )
    return _bare(chosen, beside), label, [place.name for place in places if place is not chosen]


def _dictionaries(content: object) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Every dictionary that holds tensors, with the names of those around it; each once, so that cycles end."""
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], object]] = [((), content)]
    while waiting:
        names, value = waiting.pop(0)
        if id(value) in seen or len(names) > DEEPEST:
            continue
        seen.add(id(value))
        module = module_tensors(value)
        entries = value if module is None else module
        if not isinstance(entries, Mapping):
            continue
        tensors = {name: item for name, item in entries.items() if isinstance(name, str) and isinstance(item, Tensor)}
        if tensors:
            yield ".".join(names), tensors
        waiting += [((*names, name), item) for name, item in entries.items() if isinstance(name, str)]


def _places(entries: str, tensors: dict[str, Tensor], stems: tuple[str, ...]) -> Iterator[Place]:
    for name in tensors:
        for stem in stems:
            if name == stem or name.endswith(f".{stem}"):
                yield Place(entries, name.removesuffix(stem), tensors)


def _distinct(places: list[Place]) -> list[Place]:
    """The places, without those that hold the memory of an earlier place under another name."""
    if len(places) < 2:
        return places
    found: dict[frozenset, Place] = {}
    for place in places:
        parts = ((name, tensor) for name, tensor in place.tensors.items() if name.startswith(place.prefix))
        found.setdefault(frozenset((name.removeprefix(place.prefix), _memory(tensor)) for name, tensor in parts), place)
    return list(found.values())


def _memory(tensor: Tensor) -> int:
    plain = tensor.layout == torch.strided and not tensor.is_quantized and tensor.numel() and not tensor.is_meta
    return tensor.data_ptr() if plain else id(tensor)


def _chosen(places: list[Place], entry: str | None) -> Place:
    names = [place.name for place in places]
    if entry is not None:
        for place in places:
            if entry in (place.name, place.entries, place.prefix.rstrip(".")):
                return place
        raise CheckpointError(f"no network under {entry!r}; it has them under {quoted(names, 6)}")
    averages = [place for place in places if AVERAGED.search(place.name)]
    candidates = averages or places
    if len(candidates) > 1:
        raise CheckpointError(
            f"{len(candidates)} networks, under {quoted(sorted(place.name for place in candidates), 6)}; say which as the entry"
        )
    return candidates[0]


def _bare(place: Place, others: list[str]) -> dict[str, Tensor]:
    """The tensors without the prefix; those beside the network, such as a classifier's, lose as much of it as they share."""
    parts = place.prefix.split(".")[:-1]
    parents = [".".join(parts[:count]) + "." if count else "" for count in range(len(parts), -1, -1)]
    others = [_branch(other, place.prefix) for other in others]
    tensors: dict[str, Tensor] = {}
    for name, tensor in place.tensors.items():
        if not name.startswith(place.prefix) and _is_beside(name, others):
            continue
        bare = name.removeprefix(next(parent for parent in parents if name.startswith(parent)))
        if bare in tensors:
            raise CheckpointError(
                f"two tensors for {quoted([bare])}, under different prefixes; save the state_dict() of one network"
            )
        tensors[bare] = tensor
    return tensors


def _branch(other: str, own: str) -> str:
    """The start of another network's prefix, up to where it departs from ours: ``student.`` of ``student.net.``.

    Here ours is ``average.net.``.
    """
    theirs, ours = other.split(".")[:-1], own.split(".")[:-1]
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(theirs, ours, strict=False)))
    return "".join(f"{part}." for part in theirs[: shared + 1])


def _is_beside(name: str, others: list[str]) -> bool:
    return any(other and name.startswith(other) for other in others) or NO_PART.match(name) is not None


def _largest(content: object, dictionaries: list[tuple[str, dict[str, Tensor]]]) -> dict[str, Tensor]:
    """The tensors to name in the refusal of a file without a known stem."""
    if not isinstance(content, Mapping) and not dictionaries:
        kind = "an object without tensors" if isinstance(content, Placeholder) else f"a {type(content).__name__}"
        raise CheckpointError(f"it holds {kind}; expected a dictionary of tensors: save the state_dict()")
    if not dictionaries:
        raise CheckpointError(
            f"it holds no tensors within {DEEPEST} nested dictionaries; save the state_dict() of the network alone"
        )
    return max((tensors for _, tensors in dictionaries), key=len)
