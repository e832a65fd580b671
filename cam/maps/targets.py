"""Which class a map explains: from the user's target and the networks' logits to class indices."""

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.outputs import SOFTMAX, probabilities

Target = str | int | Sequence[str | int]
CONTRAST = " - "


class Classes(NamedTuple):
    """The class explained, and the class it is contrasted with, for every variant and image: int64 (N,) each."""

    class_idx: dict[str, np.ndarray]
    against_idx: dict[str, np.ndarray] | None


def resolve_target(
    target: Target, logits: dict[str, np.ndarray], categories: Sequence[str], outputs: str = SOFTMAX
) -> Classes:
    """Class indices for every variant and image.

    Args:
        target: ``"shared"`` (one class for each image: the majority of the variants' top-1, ties by mean probability),
            ``"own"`` (every variant's own top-1), a class name or index, ``"A - B"``, or a list of names or indices, one
            per image.
        logits: variant -> (N, K).
        categories: the K class names.
        outputs: how logits are read, one of ``OUTPUTS``.

    Raises:
        ValueError: the target names no class, or a list has another length than the images.
    """
    count = len(next(iter(logits.values())))
    if isinstance(target, str) and target == "own":
        return Classes({key: values.argmax(axis=1) for key, values in logits.items()}, None)
    if isinstance(target, str) and target == "shared":
        return _everywhere(shared_class(logits, outputs), logits)
    if is_contrast(target, categories):
        one, other = (class_index(part, categories) for part in _classes_of(target, categories))
        return _everywhere(np.full(count, one), logits, np.full(count, other))
    if isinstance(target, (str, int, np.integer)):
        return _everywhere(np.full(count, class_index(target, categories)), logits)
    if len(target) != count:
        raise ValueError(f"{len(target)} targets for {count} images; give one class, or one per image")
    return _everywhere(np.array([class_index(one, categories) for one in target]), logits)


def require_known(target: Target, categories: Sequence[str]) -> None:
    """Refuse a target that names no class, before any network runs.

    Raises:
        ValueError: there is no such class; the message suggests similar names.
    """
    if isinstance(target, str) and target in ("own", "shared"):
        return
    for part in _classes_of(target, categories):
        class_index(part, categories)


def _classes_of(target: Target, categories: Sequence[str]) -> Sequence[str | int]:
    """The classes that a target names: one, two where it is a contrast, or one for each image."""
    if is_contrast(target, categories):
        return str(target).split(CONTRAST, 1)
    return [target] if isinstance(target, (str, int, np.integer)) else target


def is_contrast(target: Target, categories: Sequence[str]) -> bool:
    """Whether a target is ``"A - B"``, and not the name of a class that looks like it."""
    return isinstance(target, str) and CONTRAST in target and target not in categories


def _everywhere(indices: np.ndarray, logits: dict[str, np.ndarray], against: np.ndarray | None = None) -> Classes:
    return Classes(
        {key: indices.astype(np.int64) for key in logits},
        None if against is None else {key: against.astype(np.int64) for key in logits},
    )


def shared_class(logits: dict[str, np.ndarray], outputs: str = SOFTMAX) -> np.ndarray:
    """The class that most variants put first in each image; ties go to the highest mean probability."""
    mean = np.mean([probabilities(values, outputs) for values in logits.values()], axis=0)
    votes = np.zeros_like(mean)
    for values in logits.values():
        np.add.at(votes, (np.arange(len(values)), values.argmax(axis=1)), 1)
    return np.where(votes == votes.max(axis=1, keepdims=True), mean, -1).argmax(axis=1)


def class_index(name: str | int, categories: Sequence[str]) -> int:
    """Index of a class given by its name, in any case, or by its index.

    Raises:
        ValueError: there is no such class; the message suggests similar names.
    """
    if isinstance(name, (int, np.integer)) or re.fullmatch(r"-?[0-9]{1,9}", name.strip()):
        if 0 <= int(name) < len(categories):
            return int(name)
        raise ValueError(f"class index {name} is outside 0 to {len(categories) - 1}")
    lower = [category.lower() for category in categories]
    wanted = name.strip().lower()
    if wanted in lower:
        return lower.index(wanted)
    near = [categories[lower.index(close)] for close in difflib.get_close_matches(wanted, lower, n=3)]
    near += [category for category in categories if wanted and wanted in category.lower() and category not in near][:3]
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else "give a class of the study by name or index"
    raise ValueError(f"unknown class {name!r}; {hint}")
