"""What the files of an image depend on, as one hash: the same key means the same bytes."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import contourpy
import matplotlib
import numpy
import PIL
import torch

import models
from cam.export.items import Item
from cam.figures.display import DISPLAY, Display
from cam.question import QUESTION, Question
from models.engine import engine_words
from models.network import Network

WRITES = ("figure", "panels", "overlays", "maps")
FORMATS = ("png", "webp", "pdf", "svg")
LABEL = "label"


@dataclass(frozen=True)
class Settings:
    """What every photograph is asked, and how the answer is written.

    Attributes:
        question: its target may also be ``"label"``: the class that the image's folder is named after.
        write: some of ``WRITES``.
        format: of the figures, one of ``FORMATS``; panels are PNG where the format does not hold pixels.
        display: how maps are drawn.
        dpi: of PNG and WebP figures.
        transparent: whether to leave out the white page behind figures.
        width: of a figure's page in points.
        precision: of the raw maps, ``"float16"`` or ``"float32"``.
    """

    question: Question = QUESTION
    write: tuple[str, ...] = ("figure",)
    format: str = "png"
    display: Display = DISPLAY
    dpi: int = 200
    transparent: bool = False
    width: float = 504.0
    precision: str = "float32"


def setting_key(settings: Settings, networks: Mapping[str, Network]) -> str:
    """sha256 of everything that the images of an export share: settings, weights, code."""
    weights = [
        [
            key,
            network.label,
            network.provenance,
            network.note,
            network.outputs,
            network.fingerprint,
            engine_words(network.engine),
            asdict(network.scaling),
            network.categories,
            asdict(network.score_scale) if network.score_scale else None,
        ]
        for key, network in networks.items()
    ]
    return hashlib.sha256(json.dumps([asdict(settings), weights, code_version()]).encode()).hexdigest()


def item_key(item: Item, content: bytes, mask: bytes, label: str, setting: str) -> str:
    """sha256 of everything that one image's files depend on: its relative path, bytes, mask and label, and the setting."""
    digest = hashlib.sha256(setting.encode())
    for part in (os.fsencode(item.relative), content, mask, os.fsencode(label)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


@cache
def code_version() -> str:
    """sha256 of the sources of ``cam`` and ``models``, and of the versions of the libraries that draw and compute."""
    rooms = [Path(__file__).parents[1], Path(os.fspath(models.__file__)).parent]
    digest = hashlib.sha256(
        " ".join(module.__version__ for module in (torch, PIL, numpy, matplotlib, contourpy)).encode()
    )
    for path in (path for room in rooms for path in sorted(room.rglob("*.py"))):
        digest.update(f"{path.name} {path.stat().st_size}".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
