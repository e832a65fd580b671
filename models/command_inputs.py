"""Inputs that several commands share: the networks to look at, and a folder of photographs."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from models.images import ImageError, list_images, open_image
from models.network import DEVICES, Network
from models.studies import VARIANTS, Study, Variant, load_study

NETWORK = "network"


def add_photograph_arguments(parser: argparse.ArgumentParser, limit: int) -> None:
    """Add ``--photographs`` and ``--limit``, for ``PhotographFolder``, and ``--device``."""
    words = "a folder of varied photographs; labels are not needed"
    parser.add_argument("--photographs", required=True, metavar="FOLDER", help=words)
    words = "how many of them to use, spread evenly (default: %(default)s)"
    parser.add_argument("--limit", type=int, default=limit, metavar="N", help=words)
    parser.add_argument("--device", default="auto", help=DEVICES)


def chosen(words: str, baseline: str | None = None) -> tuple[Study, list[str]]:
    """The study that ``words`` name, with another baseline where one is given, and the keys of the variants to measure.

    A checkpoint becomes a study of its own, which has a baseline only where one is given.

    Raises:
        StudyError: there is no such file, study or variant.
    """
    if Path(words).is_file() and not words.endswith(".toml"):
        study, keys = Study(words, words, "", None, {NETWORK: _variant(NETWORK, words)}), [NETWORK]
    else:
        name, colon, key = words.rpartition(":")
        study = load_study(name if colon else words)
        keys = [study.variant(key).key] if colon else list(study.variants)
    if baseline:
        key = VARIANTS[0] if keys == [NETWORK] else study.baseline
        study = replace(study, variants={**study.variants, key: _variant(key, baseline)})
    return study, keys


def _variant(key: str, file: str) -> Variant:
    return Variant(key, Path(file).name, source={"file": str(Path(file).resolve())})


class PhotographFolder:
    """Photographs to prepare for one network after the other; those that cannot be read are left out.

    Attributes:
        paths: the photographs' paths.
        unreadable: path of each photograph that could not be read -> the reason.
    """

    def __init__(self, folder: str, limit: int):
        """At most ``limit`` photographs, spread evenly over the folder's sorted list.

        Raises:
            NotADirectoryError: there is no such folder.
            ValueError: it holds no photograph, or the limit is below 1.
        """
        if limit < 1:
            raise ValueError(f"--limit is {limit}; expected 1 or more")
        paths = _without_masks(list_images(folder))
        if not paths:
            raise ValueError(f"no photographs in {folder!r}; give a folder of JPEG, PNG or the like")
        self.unreadable: dict[Path, str] = {}
        self.paths = [paths[i * len(paths) // limit] for i in range(limit)] if limit < len(paths) else paths

    def prepared(self, network: Network) -> Iterator[Tensor]:
        """The network's input, one photograph after the other."""
        for path in self.paths:
            try:
                yield network.transform(open_image(path))
            except ImageError as error:
                self.unreadable[path] = str(error)


def _without_masks(paths: Sequence[Path]) -> list[Path]:
    """The images that are not instance masks: beside a ``masks.toml``, NAME.png is the mask of a NAME of another suffix."""
    masked = {folder for folder in {path.parent for path in paths} if (folder / "masks.toml").is_file()}
    named = {path.with_suffix("") for path in paths if path.suffix != ".png"}

    def is_mask(path: Path) -> bool:
        return path.suffix == ".png" and path.parent in masked and path.with_suffix("") in named

    return [path for path in paths if not is_mask(path)]
