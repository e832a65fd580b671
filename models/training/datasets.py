"""Photographs in one folder per category: list them, split them and decode them."""

import hashlib
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from models.files import read_text
from models.images import IMAGE_SUFFIXES, ImageError, list_images
from models.training.recipe import Recipe

Read = TypeVar("Read")
STUDIES = Path(__file__).parents[1] / "studies"
MOST_LIST = 2**28  # bytes; ImageNet's training list has 40 million
CLUTTER = "BACKGROUND_Google"  # Caltech-101's pictures of nothing in particular: not a category
NAMED = 5  # broken photographs named in an error
UNLABELLED = -1
AHEAD = 64  # photographs decoded ahead of use; all of them at once would fill the memory


@dataclass(frozen=True)
class Photographs:
    """A list of labelled photographs.

    Attributes:
        folder: holds one folder per category.
        names: ``category/image_0001.jpg``, with slashes everywhere.
        categories: names of the categories; the position is the class index.
        labels: class index of every photograph, int64; -1 for one without a label.
        elsewhere: paths of the photographs that are not in ``folder``, by name.
    """

    folder: Path
    names: tuple[str, ...]
    categories: tuple[str, ...]
    labels: Tensor
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def path(self, name: str) -> Path:
        """The file of a photograph."""
        return self.elsewhere.get(name, self.folder / name)

    @property
    def sha256(self) -> str:
        """Hash of the names, in their order."""
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()

    def subset(self, rows: Sequence[int]) -> "Photographs":
        """Some of them, in the order of ``rows``."""
        return replace(self, names=tuple(self.names[row] for row in rows), labels=self.labels[list(rows)])


def data_folder(path: str | os.PathLike[str]) -> Path:
    """The folder of category folders: ``path``, or Caltech-101's below it as torchvision lays it out.

    Raises:
        FileNotFoundError: ``path`` is not a folder.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(
            f"no data folder {str(path)!r}; torchvision.datasets.Caltech101(FOLDER, download=True) makes one, "
            "then give that FOLDER"
        )
    below = (path / "caltech101" / "101_ObjectCategories", path / "101_ObjectCategories")
    return next((folder for folder in below if folder.is_dir()), path)


def list_names(folder: Path) -> list[str]:
    """``category/file`` of every image in a folder's folders, sorted, without hidden files and Caltech-101's clutter."""
    return sorted(
        f"{category.name}/{file.name}"
        for category in folder.iterdir()
        if category.is_dir() and category.name != CLUTTER and not category.name.startswith(".")
        for file in category.iterdir()
        if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
    )


def make_split(names: Sequence[str], train: int = 30, test: int = 50, seed: int = 0) -> tuple[list[str], list[str]]:
    """Caltech-101's protocol: ``train`` photographs of every category at random, and at most ``test`` of the rest.

    With these defaults it drew the lists of the study caltech101 from all of Caltech-101's photographs.

    Raises:
        ValueError: a category has no photograph left to test on.
    """
    by_category: dict[str, list[str]] = {}
    for name in sorted(names):
        by_category.setdefault(name.split("/")[0], []).append(name)
    for_training, for_testing = [], []
    for category, members in by_category.items():
        if len(members) <= train:
            raise ValueError(f"category {category!r} has {len(members)} photographs; expected more than {train}")
        random.Random(f"{seed}/{category}").shuffle(members)
        for_training += sorted(members[:train])
        for_testing += sorted(members[train : train + test])
    return for_training, for_testing


def read_list(path: str | os.PathLike[str]) -> list[str]:
    """Lines of a split or category list.

    Raises:
        ValueError: the list is empty, repeats a line, or leads out of the data folder.
    """
    lines = read_text(path, MOST_LIST).split("\n")
    lines = [line.rstrip("\r") for line in lines if line.strip()]
    if not lines or len(set(lines)) < len(lines):
        raise ValueError(f"list {str(path)!r} is empty or repeats a line")
    for line in lines:
        if line.startswith("/") or "\\" in line or ".." in line.split("/"):
            raise ValueError(f"list {str(path)!r} has the line {line!r}; expected category/file")
    return lines


def load_split(data: str | os.PathLike[str], recipe: Recipe) -> tuple[Photographs, Photographs]:
    """Photographs to train on and to test on: from the recipe's lists, or from the folders ``train`` and ``val``.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: the folder lacks photographs of the lists, or has none.
    """
    folder = data_folder(data)
    if recipe.split:
        categories = read_list(STUDIES / f"{recipe.split}-categories.txt")
        training, testing = (read_list(STUDIES / f"{recipe.split}-{part}.txt") for part in ("train", "test"))
        return labelled(folder, training, categories), labelled(folder, testing, categories)
    halves = (folder / "train", folder / "val")
    if not all(half.is_dir() for half in halves):
        raise FileNotFoundError(
            f"{str(folder)!r} has no folders 'train' and 'val'; "
            f"recipe {recipe.name!r} expects both, with a folder per category"
        )
    categories = sorted({name.split("/")[0] for name in list_names(halves[0])})
    both = [labelled(half, list_names(half), categories) for half in halves]
    return both[0], both[1]


def with_unlabelled(photographs: Photographs, folders: Sequence[str | os.PathLike[str]], repeat: int) -> Photographs:
    """The photographs, plus every image below some folders ``repeat`` times, without labels.

    Raises:
        NotADirectoryError: a folder is missing.
        ValueError: a folder holds no image.
    """
    elsewhere: dict[str, Path] = {}
    for folder in map(Path, folders):
        found = {f"{folder.name}/{path.relative_to(folder).as_posix()}": path for path in list_images(folder)}
        if not found:
            raise ValueError(f"{str(folder)!r} holds no image; give a folder of photographs")
        elsewhere |= found
    names = photographs.names + tuple(elsewhere) * repeat
    labels = torch.cat([photographs.labels, torch.full((len(elsewhere) * repeat,), UNLABELLED)])
    return replace(photographs, names=names, labels=labels, elsewhere=elsewhere)


def labelled(folder: Path, names: Sequence[str], categories: Sequence[str]) -> Photographs:
    """Photographs with the class index of their folder.

    Raises:
        ValueError: files are missing, there are none, or the name of a folder is not a category.
    """
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        raise ValueError(
            f"{str(folder)!r} lacks {len(missing)} of {len(names)} photographs{_examples(missing)}; "
            "expected one folder per category"
        )
    index = {category: i for i, category in enumerate(categories)}
    if unknown := sorted({name.split("/")[0] for name in names} - set(index)):
        raise ValueError(
            f"{str(folder)!r} has folders without a category{_examples(unknown)}; expected {len(index)} known ones"
        )
    labels = torch.tensor([index[name.split("/")[0]] for name in names])
    return Photographs(folder, tuple(names), tuple(categories), labels)


def _examples(names: Sequence[str]) -> str:
    """``: a, b and 7 more``; empty for no names."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f": {', '.join(names[:NAMED])}{more}" if names else ""


def decode(photographs: Photographs, read: Callable[[Path], Read]) -> Iterator[Read]:
    """Apply ``read`` to every photograph on all cores, and yield the results in order.

    Raises:
        ValueError: some cannot be read; the first are named.
    """

    def attempt(name: str) -> Read | None:
        try:
            return read(photographs.path(name))
        except (ImageError, OSError):
            return None

    broken = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(photographs), AHEAD):
            names = photographs.names[start : start + AHEAD]
            for name, pixels in zip(names, pool.map(attempt, names), strict=True):
                if pixels is None:
                    broken.append(name)
                elif not broken:
                    yield pixels
    if broken:
        raise ValueError(
            f"{len(broken)} photographs in {str(photographs.folder)!r} cannot be read{_examples(broken)}; "
            "replace them or take them out of the list"
        )
