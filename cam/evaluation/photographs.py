"""The photographs of an evaluation: found in a folder, chosen by a fixed rule, with their masks where known."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from cam.evaluation.sampling import RULE, places_in_class, spread_over_classes
from cam.evaluation.scoring import Scored
from cam.measures.coco import read_coco
from cam.measures.mask_sources import known_masks
from cam.measures.masks import TABLE, InstanceMask, read_masks
from models.training.datasets import labelled, list_names, read_list


class Chosen(NamedTuple):
    """The photographs to measure one by one, those to make mosaics of, and a sentence on how both were chosen."""

    photographs: list[Scored]
    others: list[Scored]
    words: str


def find_photographs(folder: Path, split: Path | None, masks: Sequence[str], categories: Sequence[str]) -> list[Scored]:
    """Photographs of a folder that show classes of a study.

    They are those of the folder's ``masks.toml``, or those in one folder per class, or those that COCO's JSON names.

    Args:
        folder: of the photographs.
        split: list of class/file; None takes all photographs of the folder.
        masks: paths for ``known_masks``; the first one that knows a photograph counts.
        categories: class names, in the order of the logits.

    Raises:
        FileNotFoundError: files are missing.
        ValueError: COCO's JSON outlines no class of the study on any photograph, or masks are damaged.
    """
    if (folder / TABLE).is_file():
        found = read_masks(folder, categories)
        return [
            Scored(path.name, path, tuple(mask.kinds()), mask, categories[mask.kinds()[0][0]])
            for path, mask in found.items()
            if mask.kinds()
        ]
    names = read_list(split) if split else list_names(folder)
    if not names and masks:
        return _of_coco(folder, masks, categories)
    if not names:
        return []
    chosen = labelled(folder, names, categories)
    plain = [
        Scored(name, folder / name, ((int(label),),), cluster=name.split("/")[0])
        for name, label in zip(chosen.names, chosen.labels, strict=True)
    ]
    known: dict[str, InstanceMask] = {}
    for where in masks:
        files = {one.name: (one.path, one.kinds[0][0]) for one in plain}
        known = known_masks(where, files, categories) | known
    return [replace(one, mask=known.get(one.name)) for one in plain]


def choose(photographs: Sequence[Scored], per_class: int | None, limit: int | None) -> Chosen:
    """Choose up to ``per_class`` photographs of every class, or ``limit`` in all, spread over classes; else all.

    Mosaics are made of all photographs, except with ``limit``, which limits them too.
    """
    names, classes = [one.name for one in photographs], [one.cluster for one in photographs]
    if per_class:
        rows = [row for row, place in enumerate(places_in_class(names, classes)) if place < per_class]
        words = f"At most {per_class} photographs of every class, {RULE}; mosaics are of all {len(names)} of the list."
    elif limit and limit < len(names):
        rows = spread_over_classes(names, classes, limit)
        kept = [photographs[row] for row in rows]
        return Chosen(kept, kept, f"{limit} photographs, spread over classes, {RULE}.")
    else:
        rows, words = list(range(len(names))), "All photographs of the list."
    return Chosen([photographs[row] for row in rows], list(photographs), words)


def mask_words(photographs: Sequence[Scored], masks: Sequence[str], say: Callable[[str], None]) -> str:
    """Where the objects' places come from, in a sentence; ``say`` is told how many photographs have no mask, or a useless one."""
    known = [one.mask for one in photographs if one.mask is not None]
    if not known:
        return "No photograph has a mask."
    if missing := len(photographs) - len(known):
        have = "has" if missing == 1 else "have"
        say(
            f"{missing} of {len(photographs)} photographs {have} no mask; scores that need one are of the other {len(known)}"
        )
    if useless := [one.name for one in photographs if one.mask is not None and not one.mask.has_both()]:
        say(_useless_words(useless))
    outlines = sum(mask.outline for mask in known)
    sources = " and ".join(Path(where).name for where in masks) or TABLE
    return f"Objects: {outlines} outlines and {len(known) - outlines} boxes, from {sources}."


def _useless_words(names: Sequence[str]) -> str:
    """A sentence on masks that no score can be computed with, by their photographs."""
    if len(names) == 1:
        return (
            f"the mask of {names[0]} shows nothing but object or nothing but background, so this photograph has no scores "
            "that need one; check that the mask outlines the object and leaves background around it"
        )
    return (
        f"{len(names)} masks, such as that of {names[0]}, show nothing but object or nothing but background, so their "
        "photographs have no scores that need one; check that each outlines its object and leaves background around it"
    )


def _of_coco(folder: Path, masks: Sequence[str], categories: Sequence[str]) -> list[Scored]:
    """Photographs of the folder that COCO's JSON names; each belongs to the class of the first kind of object listed for it."""
    found = []
    for where in masks:
        if Path(where).suffix.lower() != ".json":
            raise ValueError(
                f"{folder} has no folder per class, and {where} is no .json file of COCO's that names photographs"
            )
        files = {path.name for path in folder.iterdir()}
        for name, mask in sorted(read_coco(where, categories, files).items()):
            kinds = tuple(mask.kinds())
            found.append(Scored(name, folder / name, kinds, mask, categories[kinds[0][0]]))
    if not found:
        raise ValueError(
            f"{' and '.join(Path(where).name for where in masks)} {'outlines' if len(masks) == 1 else 'outline'} no object of "
            f"this study's classes on a file of {folder.name}; file names must be the same in both, and crowds do not count"
        )
    return found
