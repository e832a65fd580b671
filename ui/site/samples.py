"""The project's photographs with every network's answers, computed at build time, so that the page shows them at once."""

import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cam import Comparison, compare
from models import Network, open_image
from models.home import SAMPLES
from models.images import VIEWS, view_image
from ui.components.viewer.interactive import likely_classes
from ui.components.viewer.packing import packed

SHOWN, QUALITY = 640, 82  # side in pixels and WebP's quality of the pictures that the viewer draws
THUMBNAIL, ITS_QUALITY = 112, 72
DIGITS = 6


def write_samples(networks: Mapping[str, Network], names: list[str], data: Path, pictures: Path) -> None:
    """Write a file with maps for each photograph, the photograph itself, its pictures in both views, and all licences.

    Args:
        networks: key -> network.
        names: of sample photographs.
        data, pictures: folders, which are made.
    """
    data.mkdir(parents=True)
    pictures.mkdir(parents=True)
    shutil.copyfile(SAMPLES / "README.md", pictures / "licences.txt")
    for name in names:
        file = SAMPLES / f"{name}.jpg"
        views = {view: _view(networks, file, view) for view in VIEWS}
        data.joinpath(f"{name}.json").write_text(json.dumps({"views": views}, separators=(",", ":")))
        shutil.copyfile(file, pictures / file.name)
        for view in VIEWS:
            pictures.joinpath(f"{name}.{view}.webp").write_bytes(_webp(file, view, SHOWN, QUALITY))
        pictures.joinpath(f"{name}.small.webp").write_bytes(_webp(file, "centre", THUMBNAIL, ITS_QUALITY))


def _view(networks: Mapping[str, Network], file: Path, view: str) -> dict[str, Any]:
    """The classes that the networks guess, with each network's probabilities and maps for them."""
    shared = compare(networks, [file], target="shared", view=view)
    explained = int(next(iter(shared.class_idx.values()))[0])
    classes = list(dict.fromkeys([explained, *_first_guesses(shared), *likely_classes([shared])]))
    of_each = [shared.explain(index) for index in classes]
    return {
        "shared": explained,
        "outside": bool(shared.out_of_class and shared.out_of_class[0]),
        "classes": classes,
        "networks": {key: _answer(shared, of_each, classes, key) for key in shared.variants},
    }


def _first_guesses(comparison: Comparison) -> list[int]:
    return [int(logits[0].argmax()) for logits in comparison.logits.values()]


def _answer(shared: Comparison, of_each: list[Comparison], classes: list[int], key: str) -> dict[str, Any]:
    probabilities = shared.probabilities(key)[0]
    return {
        "top": int(shared.logits[key][0].argmax()),
        "probabilities": [round(float(probabilities[index]), DIGITS) for index in classes],
        "maps": packed(np.stack([one.maps[key][0] for one in of_each])),
    }


def _webp(file: Path, view: str, side: int, quality: int) -> bytes:
    buffer = io.BytesIO()
    image: Image.Image = open_image(file)
    view_image(image, view, min(side, max(image.size))).save(buffer, "WEBP", quality=quality, method=6)
    return buffer.getvalue()
