"""Photographs of the visitors and of the project: their bytes, decoded in bounds, and small pictures of them for the pages."""

import base64
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
from PIL import Image

from cam.compare import DRAWN_SIZE
from models import Network
from models.home import SAMPLES as SAMPLE_FOLDER
from models.images import use_image, view_image
from models.views import Views
from ui.shared import shared

THUMBNAIL, PICTURE = 160, 960
HELD = 2000  # longest side in pixels of pictures held in memory while many are measured
PAGE_PIXELS = 25_000_000  # a larger JPEG is decoded smaller, any other larger image refused: visitors may be many


@dataclass(frozen=True)
class Photograph:
    """An image that a visitor chose: its name, the bytes of its file, their sha256; a ``sample`` comes with the project."""

    name: str
    content: bytes
    digest: str
    sample: bool = False

    @classmethod
    def of(cls, name: str, content: bytes, sample: bool = False) -> "Photograph":
        return cls(name, content, hashlib.sha256(content).hexdigest(), sample)


def without_repeats(photographs: Iterable[Photograph]) -> list[Photograph]:
    """The first of all photographs that have the same bytes, in order."""
    found: dict[str, Photograph] = {}
    for one in photographs:
        found.setdefault(one.digest, one)
    return list(found.values())


def told_apart(photographs: Iterable[Photograph]) -> list[Photograph]:
    """The same photographs, each with a name of its own: the second ``image.jpg`` becomes ``image.jpg (2)``."""
    found: dict[str, Photograph] = {}
    for one in photographs:
        names = (one.name if place == 1 else f"{one.name} ({place})" for place in count(1))
        name = next(name for name in names if name not in found)
        found[name] = replace(one, name=name)
    return list(found.values())


def _unless_sample(*args: Any) -> bool:
    """Results are dropped when the visitors who uploaded the photograph have left; those of samples stay."""
    return not args[-1].sample


def opened(photograph: Photograph, side: int = PAGE_PIXELS) -> Image.Image:
    """A photograph, decoded at no more than ``PAGE_PIXELS`` and then shrunk to sides of at most ``side``.

    Raises:
        ImageError: the photograph cannot be decoded, or is too large.
    """

    def shrunk(image: Image.Image) -> Image.Image:
        image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=None)
        return image

    return use_image(photograph.content, shrunk, photograph.name, PAGE_PIXELS)


def views_of(photograph: Photograph, view: str, networks: Mapping[str, Network]) -> Views:
    """The views of a photograph that networks and figures need, cut inside the memory limit for decoding."""
    sides = {DRAWN_SIZE, *(one.scaling.input_size for one in networks.values())}
    return Views.of(photograph.content, view, sides, photograph.name, PAGE_PIXELS)


@shared()
def sample_photographs() -> dict[str, Photograph]:
    """The photographs that come with the project, by name."""
    return {
        path.stem: Photograph.of(path.stem, path.read_bytes(), True) for path in sorted(SAMPLE_FOLDER.glob("*.jpg"))
    }


@shared(128, personal=_unless_sample)
def picture(digest: str, view: str, _photograph: Photograph) -> str:
    """The field of view of a photograph, at most ``PICTURE`` pixels wide, as a JPEG data URL."""

    def made(image: Image.Image) -> str:
        return _data_url(view_image(image, view, min(PICTURE, max(image.size))), quality=88)

    return use_image(_photograph.content, made, _photograph.name, PAGE_PIXELS)


@shared(256, personal=_unless_sample)
def thumbnail(digest: str, _photograph: Photograph) -> str:
    """The middle of a photograph as a small JPEG data URL."""
    return _data_url(view_image(opened(_photograph), "centre", THUMBNAIL), quality=80)


def data_url(pixels: np.ndarray, quality: int = 82) -> str:
    """Pixels, uint8 (h, w, 3), as a JPEG data URL."""
    return _data_url(Image.fromarray(pixels), quality)


def _data_url(image: Image.Image, quality: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
