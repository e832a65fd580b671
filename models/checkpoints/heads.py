"""The head of a network: the linear layers between its pooled features and its logits, whatever their names."""

import re
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor

from models.checkpoints.weight_files import CheckpointError, quoted

HEAD = "classifier"


def named_head(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors with the linear layer under torchvision's name, ``classifier.1``; a missing bias is 0.

    A classifier may be a plain linear layer or lie anywhere among nested layers without parameters, inside the network or
    beside it. Several layers that form a chain become ``classifier.1``, ``classifier.3`` and so on. Names that are not part
    of a head stay as they are, for the comparison with the network to report.

    Raises:
        CheckpointError: there are several linear layers that do not form a chain, or have nothing between them.
    """
    beside = [name for name in tensors if not name.startswith("features.")]
    found = {name.rpartition(".")[0] for name in beside if name.endswith(".weight") and tensors[name].ndim == 2}
    linear = sorted(found, key=_natural)
    _check_chain(linear, tensors)
    names = {module: f"{HEAD}.{1 + 2 * place}" for place, module in enumerate(linear)}
    moved: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        module, _, leaf = name.rpartition(".")
        name = f"{names.get(module, module)}.{leaf}" if module else name
        if name in moved:
            raise CheckpointError(
                f"a head with layers beside its linear ones, {quoted([name])}; expected none with tensors"
            )
        moved[name] = tensor
    for module in names.values():
        weight = moved[f"{module}.weight"]
        moved.setdefault(f"{module}.bias", torch.zeros(len(weight), dtype=weight.dtype))
    return moved


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]{1,9})", name)]


def _check_chain(linear: list[str], tensors: Mapping[str, Tensor]) -> None:
    shapes = [tensors[f"{module}.weight"].shape for module in linear]
    if any(before[0] != after[1] for before, after in pairwise(shapes)):
        raise CheckpointError(
            f"a head of {len(linear)} linear layers, {quoted(linear)}, that do not form a chain: the outputs of one are not "
            "the inputs of the next; expected one, or a chain: save the network without other layers beside it"
        )
    for one, other in pairwise(linear):
        (parent, _, place), (others, _, next_place) = one.rpartition("."), other.rpartition(".")
        if parent == others and place.isdigit() and next_place.isdigit() and int(next_place) == int(place) + 1:
            raise CheckpointError(
                f"a head whose linear layers {quoted([one, other])} have nothing between them; multiply them into one"
            )


def head_layers(tensors: Mapping[str, Tensor]) -> list[str]:
    """Names of a head's linear layers, as ``named_head`` names them, in order."""
    pattern = re.compile(rf"{HEAD}\.[0-9]{{1,9}}\.weight")
    found = (name.removesuffix(".weight") for name in tensors if pattern.fullmatch(name) and tensors[name].ndim == 2)
    return sorted(found, key=_natural)


def hidden_layers(tensors: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Output sizes of a head's linear layers but the last; empty for a single linear layer."""
    return tuple(len(tensors[f"{name}.weight"]) for name in head_layers(tensors)[:-1])


def assumed_of_head(tensors: Mapping[str, Tensor]) -> str:
    """A sentence on what is assumed about a head of several layers; empty for a single layer."""
    count = len(head_layers(tensors))
    return f"its head has {count} linear layers; ReLU between them is assumed, no tensor says so" if count > 1 else ""
