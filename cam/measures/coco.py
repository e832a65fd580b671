"""Masks from COCO's JSON: instances (polygons and run lengths) and panoptic annotations."""

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from cam.measures.masks import IGNORE, MOST_OBJECTS, InstanceMask
from cam.measures.outlines import inside_outline
from models.files import read_file
from models.images import DECODING, MAX_FILE_BYTES, MAX_PIXELS

MOST_BYTES = 2**30
CLASSES = Path(__file__).with_name("coco_classes.toml")


class _Image(msgspec.Struct):
    id: int
    file_name: str
    width: int
    height: int


class _Category(msgspec.Struct):
    id: int
    name: str


class _Segment(msgspec.Struct):
    id: int
    category_id: int
    iscrowd: int = 0


class _Annotation(msgspec.Struct):
    image_id: int
    category_id: int = 0
    iscrowd: int = 0
    segmentation: Any = None
    segments_info: list[_Segment] = []
    file_name: str = ""


class _Document(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def coco_masks(
    path: Path, photographs: Mapping[str, tuple[Path, int]], categories: list[str]
) -> dict[str, InstanceMask]:
    """Masks by the names of the photographs; classes come from COCO's categories, not from the photographs.

    Raises:
        ValueError: as ``read_coco``.
    """
    files = {file.name: name for name, (file, _) in photographs.items()}
    found = read_coco(path, categories, files)
    return {files[file]: mask for file, mask in found.items()}


def read_coco(
    path: str | os.PathLike, categories: Iterable[str], files: Iterable[str] | None = None
) -> dict[str, InstanceMask]:
    """The masks in one of COCO's files, by file name of the photograph.

    Regions of crowds are left out of scores. Objects of categories that the study does not have are background. Panoptic
    PNGs lie beside the JSON, in a folder of the same name.

    Args:
        path: of the JSON.
        categories: class names, in the order of the logits; ``coco_classes.toml`` maps COCO's categories to ImageNet's.
        files: file names of the photographs wanted; None for all.

    Returns:
        The masks of all photographs that show a class of the study.

    Raises:
        ValueError: the file is damaged or not COCO's, a photograph is too large, an outline has another size, or no
            category is a class of the study.
    """
    path = Path(path)
    content = read_file(path, MOST_BYTES)
    try:
        document = msgspec.json.decode(content, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(
            f"{path.name} cannot be read ({error}); expected COCO's instances or panoptic JSON, whole"
        ) from error
    known = _classes(document, list(categories))
    if not known:
        named = ", ".join(ascii(one.name[:40])[1:-1] for one in document.categories[:5]) or "none"
        raise ValueError(f"no category of {path.name} ({named} ...) is a class of this study; choose another study")
    wanted = None if files is None else set(files)
    by_image: dict[int, list[_Annotation]] = {}
    for annotation in document.annotations:
        by_image.setdefault(annotation.image_id, []).append(annotation)
    found = {}
    for image in document.images:
        if image.id in by_image and (wanted is None or image.file_name in wanted):
            mask = _mask(path, image, by_image[image.id], known)
            if mask.classes:
                found[image.file_name] = mask
    return found


def _classes(document: _Document, categories: list[str]) -> dict[int, tuple[int, ...]]:
    """COCO's category -> the study's classes of that name, and those that the table lists for it."""
    table = msgspec.toml.decode(CLASSES.read_bytes(), type=dict[str, list[str]])
    index: dict[str, list[int]] = {}
    for row, name in enumerate(categories):
        index.setdefault(_plain(name), []).append(row)
    found = {}
    for category in document.categories:
        names = [category.name, *table.get(category.name, [])]
        classes = tuple(dict.fromkeys(row for name in names for row in index.get(_plain(name), [])))
        if classes:
            found[category.id] = classes
    return found


def _plain(name: str) -> str:
    return name.lower().replace("_", " ").replace("-", " ")


def _mask(path: Path, image: _Image, annotations: list[_Annotation], known: dict[int, tuple[int, ...]]) -> InstanceMask:
    if image.width < 1 or image.height < 1 or image.width * image.height > MAX_PIXELS:
        raise ValueError(
            f"{image.file_name[:200]!r} has {image.width} x {image.height} pixels in {path.name}; "
            f"expected 1 to {MAX_PIXELS // 10**6} million"
        )
    indices = np.zeros((image.height, image.width), dtype=np.uint8)
    classes: dict[int, tuple[int, ...]] = {}
    for region, category, crowd in _regions(path, image, annotations, known):
        if crowd:
            indices[region] = IGNORE
        elif region.any() and len(classes) < MOST_OBJECTS:
            number = len(classes) + 1
            indices[region], classes[number] = number, known[category]
    return InstanceMask(indices, classes)


def _regions(
    path: Path, image: _Image, annotations: list[_Annotation], known: dict[int, tuple[int, ...]]
) -> Iterable[tuple[np.ndarray, int, int]]:
    """Pixels and category of every object of the categories ``known``, and whether it is a crowd."""
    for annotation in annotations:
        if annotation.segments_info:
            numbers = _panoptic(path.with_suffix(""), annotation.file_name, image)
            for segment in annotation.segments_info:
                if segment.category_id in known:
                    yield numbers == segment.id, segment.category_id, segment.iscrowd
        elif annotation.segmentation and annotation.category_id in known:
            yield _decoded(annotation.segmentation, image), annotation.category_id, annotation.iscrowd


def _decoded(segmentation: Any, image: _Image) -> np.ndarray:
    try:
        return inside_outline(segmentation, image.width, image.height)
    except ValueError as error:
        raise ValueError(
            f"an outline of {image.file_name[:200]!r} cannot be read ({error}); fetch the annotations again"
        ) from error


def _panoptic(folder: Path, name: str, image: _Image) -> np.ndarray:
    """The segment's number at every pixel: red + 256 green + 65536 blue."""
    path = folder / name
    if PurePath(name).name != name or not path.is_file():
        raise ValueError(
            f"there is no {name[:200]!r} of {image.file_name[:200]!r}; expected it in the folder {folder.name}"
        )
    try:
        with Image.open(io.BytesIO(read_file(path, MAX_FILE_BYTES)), formats=("PNG",)) as picture:
            if picture.size != (image.width, image.height):
                raise ValueError(f"it has {picture.width} x {picture.height} pixels, its photograph another size")
            with DECODING.room(image.width * image.height):
                red, green, blue = (np.asarray(band, dtype=np.uint32) for band in picture.convert("RGB").split())
    except Exception as error:  # hostile bytes make Pillow raise almost anything
        raise ValueError(f"{path.name} cannot be read ({error}); expected a PNG of the photograph's size") from error
    return red + 256 * green + 65536 * blue
