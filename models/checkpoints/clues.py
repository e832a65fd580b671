"""Clues beside a weight file: the configuration in a hub's folder, and the names of the folder and the file.

timm's hub files are all called ``model.safetensors``; the ``config.json`` in the same folder says which of two paddings they
were trained with, their normalisation and their classes. transformers has two such files. A name says less, and is used
where there is nothing better.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.checkpoints.weight_files import CheckpointError
from models.files import read_text
from models.normalisation import HALF, Normalisation

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
LARGEST_CONFIG = 8 * 2**20  # bytes; the 21,843 labels of the full ImageNet take one MiB
ARCHITECTURE = re.compile(
    r"(?<![a-z0-9])((?:tf_)?(?:adv-)?efficientnet[-_.](?:v2|[a-z0-9]+)[a-z0-9_.-]*)", re.IGNORECASE
)
HALF_TRAINED = re.compile(r"(^adv-)|[._]ap([._-]|$)|ra4_e3600")  # AdvProp, and timm's latest B0 and B1
FOLDERS = 4  # up from the file, as far as a hub's cache nests: models--OWNER--NAME/snapshots/REVISION/FILE


@dataclass(frozen=True)
class Clues:
    """What is known from beside a file about the network in it; empty where nothing is.

    Attributes:
        architecture: timm's, torchvision's or transformers' name, in lower case.
        origin: where that name was found, in words.
        normalisation: of the training.
        resolution: side of the input in pixels.
        labels: class names in the order of the logits.
    """

    architecture: str = ""
    origin: str = ""
    normalisation: Normalisation | None = None
    resolution: int | None = None
    labels: tuple[str, ...] = ()

    @property
    def family(self) -> str | None:
        """The family of networks with that name; None where the name does not tell."""
        name = self.architecture
        if name.startswith("tf_"):
            return "lite" if "lite" in name else "tf"
        if name.startswith("efficientnet_"):
            return "lite-b" if "lite" in name else "b"
        return "tf" if name.startswith(("efficientnet-b", "adv-efficientnet")) else None


def clues_beside(path: Path) -> Clues:
    """Clues from the configuration in a weight file's folder, else from the names of the folder and the file.

    Raises:
        CheckpointError: the configuration is damaged.
    """
    config = _document(path.parent / CONFIG)
    if isinstance(config.get("architecture"), str):
        return _of_timm(config)
    if config.get("model_type") == "efficientnet":
        return _of_transformers(config, _document(path.parent / PREPROCESSOR))
    return _of_names(path)


def _of_names(path: Path) -> Clues:
    folders = list(path.resolve().parents)[:FOLDERS]
    places = [("its folder is called", folder.name) for folder in folders] + [("the file is called", path.name)]
    for origin, text in places:
        if found := ARCHITECTURE.search(text.replace("--", "/")):
            name = found[1].lower()
            half = HALF if HALF_TRAINED.search(name) else None
            return Clues(name, f"{origin} {text}", half)
    return Clues()


def _of_timm(config: Mapping) -> Clues:
    known = config.get("pretrained_cfg")
    known = {**config, **known} if isinstance(known, Mapping) else config
    name = str(config["architecture"]).lower()
    labels = _labels(known.get("label_names"))
    descriptions = known.get("label_descriptions")
    if isinstance(descriptions, Mapping):
        labels = tuple(str(descriptions.get(label, label)).split(",")[0] for label in labels)
    size = known.get("input_size")
    side = size[-1] if isinstance(size, list) and size else None
    clues = Clues(name, f"{CONFIG} says {name}", _normalisation(known.get("mean"), known.get("std")), labels=labels)
    return replace(clues, resolution=_side(side))


def _of_transformers(config: Mapping, preprocessor: Mapping) -> Clues:
    names = config.get("id2label")
    labels = _labels([names.get(str(index)) for index in range(len(names))] if isinstance(names, Mapping) else None)
    if labels == tuple(f"LABEL_{index}" for index in range(len(labels))):
        labels = ()
    scaled = preprocessor.get("do_rescale", True) and not preprocessor.get("rescale_offset", False)
    normalisation = _normalisation(preprocessor.get("image_mean"), preprocessor.get("image_std")) if scaled else None
    return Clues(
        "transformers' efficientnet",
        f"{CONFIG} says efficientnet",
        normalisation,
        _side(config.get("image_size")),
        labels,
    )


def _document(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file."""
    if not path.is_file():
        return {}
    if path.stat().st_size > LARGEST_CONFIG:
        raise CheckpointError(f"{path.name} beside it has more than {LARGEST_CONFIG >> 20} MiB; remove or replace it")
    try:
        found = json.loads(read_text(path, LARGEST_CONFIG))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name} beside it is not JSON; remove it or download it again") from error
    return found if isinstance(found, dict) else {}


def _normalisation(mean: object, std: object) -> Normalisation | None:
    """A normalisation of three channels, or of one for all three; None where the numbers are missing or invalid."""
    try:
        triples = [values * 3 if isinstance(values, list) and len(values) == 1 else values for values in (mean, std)]
        return Normalisation(*triples)  # type: ignore[arg-type]
    except ValueError:
        return None


def _side(size: object) -> int | None:
    return size if isinstance(size, int) and not isinstance(size, bool) and 32 <= size <= 4096 else None


def _labels(names: object) -> tuple[str, ...]:
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()
