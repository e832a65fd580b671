"""Masks from COCO's JSON: instances (polygons and run lengths) and panoptic annotations."""

import io
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image
from pycocotools import mask as coco

from cam.measures.masks import IGNORE, InstanceMask
from models.files import read_file
from models.images import MAX_FILE_BYTES

MOST_BYTES, MOST_OBJECTS = 2**30, 254
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
        ValueError: the file is damaged or not COCO's, an outline has another size, or no category is a class of the study.
    """
    path = Path(path)
    try:
        document = msgspec.json.decode(read_file(path, MOST_BYTES), type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(
            f"{path.name} cannot be read ({error}); expected COCO's instances or panoptic JSON, whole"
        ) from error
    known = _classes(document, list(categories))
    if not known:
        named = ", ".join(one.name for one in document.categories[:5]) or "none"
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
    indices = np.zeros((image.height, image.width), dtype=np.uint8)
    classes: dict[int, tuple[int, ...]] = {}
    for region, category, crowd in _regions(path, image, annotations):
        if category in known and crowd:
            indices[region] = IGNORE
        elif category in known and region.any() and len(classes) < MOST_OBJECTS:
            number = len(classes) + 1
            indices[region], classes[number] = number, known[category]
    return InstanceMask(indices, classes)


def _regions(path: Path, image: _Image, annotations: list[_Annotation]) -> Iterable[tuple[np.ndarray, int, int]]:
    """Pixels and category of every object, and whether it is a crowd."""
    for annotation in annotations:
        if annotation.segments_info:
            numbers = _panoptic(path.with_suffix("") / annotation.file_name, image)
            for segment in annotation.segments_info:
                yield numbers == segment.id, segment.category_id, segment.iscrowd
        elif annotation.segmentation:
            yield _decoded(annotation.segmentation, image), annotation.category_id, annotation.iscrowd


def _decoded(segmentation: Any, image: _Image) -> np.ndarray:
    size = (image.height, image.width)
    try:
        _require_whole(segmentation)
        encoded = coco.frPyObjects(segmentation, *size) if not _is_compressed(segmentation) else segmentation
        mask = coco.decode(coco.merge(encoded) if isinstance(encoded, list) else encoded).astype(bool)
    except Exception as error:  # its C code raises errors of any type
        raise ValueError(
            f"an outline of {image.file_name} cannot be read ({error}); fetch the annotations again"
        ) from error
    if mask.shape != size:
        sizes = (f"{width} x {height}" for height, width in (mask.shape, size))
        raise ValueError("an outline of {} has {} pixels, the photograph {}".format(image.file_name, *sizes))
    return mask


def _require_whole(segmentation: Any) -> None:
    """Refuse half a point, and run lengths of other pixels than they say, both of which the decoder accepts."""
    if isinstance(segmentation, list) and any(len(polygon) % 2 for polygon in segmentation):
        raise ValueError("a point has one coordinate")
    counts = segmentation.get("counts") if isinstance(segmentation, dict) else None
    if isinstance(counts, list) and sum(counts) != math.prod(segmentation["size"]):
        raise ValueError(f"its run lengths are of {sum(counts)} pixels instead of {math.prod(segmentation['size'])}")


def _is_compressed(segmentation: Any) -> bool:
    return isinstance(segmentation, dict) and isinstance(segmentation.get("counts"), (str, bytes))


def _panoptic(path: Path, image: _Image) -> np.ndarray:
    """The segment's number at every pixel: red + 256 green + 65536 blue."""
    if not path.is_file():
        raise ValueError(f"there is no {path.name} of {image.file_name}; expected it in the folder {path.parent.name}")
    with Image.open(io.BytesIO(read_file(path, MAX_FILE_BYTES)), formats=("PNG",)) as picture:
        colours = np.asarray(picture.convert("RGB"), dtype=np.int64)
    if colours.shape[:2] != (image.height, image.width):
        raise ValueError(
            f"{path.name} has {colours.shape[1]} x {colours.shape[0]} pixels, {image.file_name} another size"
        )
    return colours @ np.array([1, 256, 65536])
