"""Instance masks: read NAME.png and masks.toml, and cut out what a view shows.

A mask is an indexed PNG of its photograph's size: 0 background, 1, 2, ... objects, 255 left out of scores.
``masks.toml`` says which categories of each label set an object counts as; ``sample_images/README.md`` describes both.
"""

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

import msgspec
import numpy as np
from PIL import Image

from models.checkpoints.weight_files import printable
from models.files import read_file, read_text
from models.images import DECODING, IMAGE_SUFFIXES, MAX_FILE_BYTES, MAX_PIXELS, view_box
from models.views import Views

BACKGROUND, IGNORE = 0, 255
MOST_OBJECTS = 254  # of one photograph: the numbers between background and ignored
TABLE, MOST_BYTES = "masks.toml", 16 * 2**20
Objects = dict[str, dict[str, list[str]]]  # number of an object -> label set -> categories that it counts as


class _Entry(msgspec.Struct):
    """The table of one mask in ``masks.toml``."""

    instances: Objects


@dataclass(frozen=True)
class InstanceMask:
    """The objects in one photograph.

    Attributes:
        indices: uint8 (height, width); 0 background, 255 ignored, else the number of an object.
        classes: object -> the class indices that it counts as, possibly none.
        outline: whether objects are outlined; False for boxes, whose edges say nothing about the object's edge.
    """

    indices: np.ndarray
    classes: dict[int, tuple[int, ...]]
    outline: bool = True

    def has_both(self) -> bool:
        """Whether it shows objects of some class and background; without either, no score can be computed."""
        counted = self.indices[self.indices != IGNORE]
        objects = np.isin(counted, [number for number, classes in self.classes.items() if classes])
        return bool(objects.any() and not objects.all())

    def kinds(self) -> list[tuple[int, ...]]:
        """The sets of class indices that objects count as, each once, in order: drums and a guitar are two kinds."""
        return list(dict.fromkeys(classes for classes in self.classes.values() if classes))

    def labels(self, class_idx: int, view: str, size: int) -> np.ndarray:
        """The objects of one class in a view.

        Args:
            class_idx: objects that do not count as this class are background.
            view: ``"square"`` or ``"centre"``.
            size: side of the result in pixels.

        Returns:
            uint8 (size, size): 0 background, 255 ignored, else the number of an object.
        """
        counts = np.zeros(256, dtype=np.uint8)
        counts[IGNORE] = IGNORE
        for number, classes in self.classes.items():
            if class_idx in classes:
                counts[number] = number
        height, width = self.indices.shape
        box = view_box(width, height, view)
        return np.asarray(Image.fromarray(counts[self.indices]).resize((size, size), Image.Resampling.NEAREST, box=box))


def read_masks(folder: str | os.PathLike, categories: Sequence[str]) -> dict[Path, InstanceMask]:
    """Read every mask of a folder, with its objects' classes under one label set.

    Args:
        folder: holds ``masks.toml`` and, for every table in it, NAME.png and a photograph NAME of another suffix.
        categories: class names, in the order of the logits. The label set of ``masks.toml`` whose names are all among
            them is used.

    Returns:
        Photograph -> mask, sorted by name. Photographs are not opened: ``check_size`` compares a mask with its
        photograph.

    Raises:
        FileNotFoundError: there is no ``masks.toml``, or a mask or photograph that it names is missing.
        ValueError: a mask is damaged or has objects without categories, or no label set fits.
    """
    return {path: read() for path, read in mask_readers(folder, categories).items()}


def mask_readers(folder: str | os.PathLike, categories: Sequence[str]) -> dict[Path, Callable[[], InstanceMask]]:
    """As ``read_masks``, but each mask is read, and its errors raised, only when its function is called."""
    folder = Path(folder)
    table = _read_table(folder / TABLE)
    index = {name: row for row, name in reversed(list(enumerate(categories)))}
    label_set = _label_set(table, index)

    def objects(name: str, rows: Objects) -> InstanceMask:
        indices = read_mask(folder / f"{name}.png")
        numbers = sorted(set(np.unique(indices).tolist()) - {BACKGROUND, IGNORE})
        if bare := [number for number in numbers if str(number) not in rows]:
            raise ValueError(f"mask {name}.png has an object {bare[0]} without categories; give it a row in {TABLE}")
        classes = {
            number: tuple(index[category] for category in rows[str(number)].get(label_set, [])) for number in numbers
        }
        return InstanceMask(indices, classes)

    for name in table:
        _require_mask(folder / f"{name}.png")
    return {_photograph(folder, name): partial(objects, name, rows) for name, rows in sorted(table.items())}


def read_mask(path: Path) -> np.ndarray:
    """The indices of an indexed or grey PNG, uint8 (height, width).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, too large or of another kind.
    """
    _require_mask(path)
    try:
        with Image.open(io.BytesIO(read_file(path, MAX_FILE_BYTES)), formats=("PNG",)) as image:
            if image.mode not in ("P", "L") or image.width * image.height > MAX_PIXELS:
                raise ValueError(f"it has mode {image.mode} and {image.width} x {image.height} pixels")
            with DECODING.room(image.width * image.height):
                return np.array(image)
    except Exception as error:  # hostile bytes make Pillow raise almost anything
        raise ValueError(f"mask {path.name} cannot be read ({error}); expected an indexed PNG") from error


def check_size(mask: InstanceMask, photograph: Image.Image | Views, name: str) -> None:
    """Raise ValueError where a mask has another size than its photograph."""
    sizes = [" x ".join(map(str, size)) for size in (mask.indices.shape[::-1], photograph.size)]
    if sizes[0] != sizes[1]:
        raise ValueError(f"the mask of {name!r} has {sizes[0]} pixels, its photograph {sizes[1]}; draw it at that size")


def _require_mask(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"there is no mask {path}; expected a PNG beside its photograph")


def _read_table(path: Path) -> dict[str, Objects]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; it says which categories the objects of each mask count as")
    try:
        entries = msgspec.toml.decode(read_text(path, MOST_BYTES), type=dict[str, _Entry])
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ValueError(
            f"{path} is not understood ({printable(str(error))}); expected rows such as "
            "1 = { imagenet = ['meerkat'] } in a table [NAME.instances] for every mask"
        ) from error
    table = {name: entry.instances for name, entry in entries.items()}
    if not table:
        raise ValueError(f"{path} is empty; expected a table [NAME.instances] for every mask")
    for name in table:
        if not name.isprintable() or PurePath(name).is_absolute() or ".." in PurePath(name).parts:
            raise ValueError(f"{path} has a table for {name[:200]!r}; expected the name of a mask in its folder")
    return table


def _label_set(table: dict[str, Objects], index: dict[str, int]) -> str:
    """The label set whose category names are all known; if there are several, the one with the most names."""
    names: dict[str, set[str]] = {}
    for rows in table.values():
        for row in rows.values():
            for label_set, found in row.items():
                names.setdefault(label_set, set()).update(found)
    known = {label_set: len(found) for label_set, found in names.items() if found and found <= index.keys()}
    if not known:
        raise ValueError(
            f"no label set in {TABLE} ({', '.join(map(_shown, sorted(names))) or 'none'}) names categories of this study; "
            "add rows with the study's category names"
        )
    return max(known, key=lambda label_set: known[label_set])


def _shown(name: str) -> str:
    return ascii(name[:80])[1:-1]


def _photograph(folder: Path, name: str) -> Path:
    found = [
        folder / f"{name}{suffix}"
        for suffix in IMAGE_SUFFIXES
        if suffix != ".png" and (folder / f"{name}{suffix}").is_file()
    ]
    if not found:
        raise FileNotFoundError(f"there is no photograph for the mask {folder / name}.png; expected {name}.jpg")
    return found[0]
