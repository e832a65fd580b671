"""Entries of a study's manifest that need more than a type: variants, names, classes, outputs, the out-of-class table.

An error shows the value that came and says what may stand there. A typed record would tell only the type: it serves the
out-of-class table, which no person writes.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import torchvision

from models.checkpoints.weight_files import printable
from models.files import read_text
from models.out_of_class import OutOfClass, out_of_class_from
from models.outputs import OUTPUTS
from models.variants import StudyError

IMAGENET = "imagenet"  # stands for the list of ImageNet's class names
MOST_BYTES = 4 * 2**20  # of a manifest or a list of categories
FEWEST, MOST = 2, 8  # variants of a study
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


def tables_of(value: object, study: str) -> dict[str, dict]:
    """The tables of a study's variants, by key.

    Raises:
        StudyError: they are not tables, there are too few or too many, or a key is not an identifier.
    """
    if not isinstance(value, dict) or not all(isinstance(table, dict) for table in value.values()):
        raise StudyError(f"study {study!r} has no [variants.KEY] tables; expected {FEWEST} to {MOST} of them")
    if not FEWEST <= len(value) <= MOST:
        count = f"{len(value)} variant{'s' if len(value) != 1 else ''}"
        raise StudyError(f"study {study!r} has {count}; expected {FEWEST} to {MOST} [variants.KEY] tables")
    if odd := [key for key in value if not IDENTIFIER.fullmatch(key)]:
        raise StudyError(
            f"study {study!r} has a variant {printable(repr(odd[0]))}; expected lower-case letters, digits and _"
        )
    return value


def outputs_of(value: object) -> str | None:
    """How logits are read, one of ``OUTPUTS``; None where the manifest does not say.

    Raises:
        StudyError: it is something else.
    """
    if value is not None and value not in OUTPUTS:
        raise StudyError(f"outputs = {printable(repr(value))} is not understood; choose from {', '.join(OUTPUTS)}")
    return value  # type: ignore[return-value]


def names_of(manifest: dict, key: str, what: str) -> tuple[str, ...]:
    """A list of names, empty where there is none; error messages call them ``what``.

    Raises:
        StudyError: it is something else.
    """
    value = manifest.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise StudyError(f"{key} = {printable(repr(value))} is not understood; expected a list of {what}")
    return tuple(value)


def categories_of(value: object, folder: Path) -> list[str] | None:
    """Class names in the order of the logits; None where the manifest does not say.

    Raises:
        StudyError: there is no such file, or the value is not a list of names.
    """
    if value == IMAGENET:
        return list(torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])
    if isinstance(value, str):
        path = folder / value
        if not path.is_file():
            raise StudyError(f"there is no file of categories {path}; give one class name per line, or 'imagenet'")
        try:
            lines = read_text(path, MOST_BYTES).split("\n")
        except (OSError, ValueError) as error:
            raise StudyError(f"cannot read the categories: {error}") from error
        value = [line.strip() for line in lines if line.strip()]
    if value is not None and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise StudyError(
            f"categories = {printable(repr(value))} is not understood; expected 'imagenet', a text file or a list of names"
        )
    return value


def out_of_class_of(value: object, keys: Sequence[str]) -> OutOfClass | None:
    """What tells photographs that show none of the classes; None where that was not measured.

    Raises:
        StudyError: the table has a mistake.
    """
    try:
        return out_of_class_from(value, keys)
    except ValueError as error:
        raise StudyError(printable(str(error))) from error
