"""Sources of the objects in photographs: boxes in CSV, Caltech-101's outlines, indexed PNGs, COCO's JSON.

``known_masks`` tells them apart by the files at a path:

CLASS.csv           in a folder, or one file: photograph, left, upper, right, lower edge in pixels; more columns are ignored
CLASS/NAME.png      in a folder: indexed, of the photograph's size; 0 background, 1, 2, ... objects, 255 left out of scores
CLASS/annotation_0001.mat   in a folder: outlines as ``torchvision.datasets.Caltech101`` lays them out (``Annotations``)
FILE.json           COCO's instances or panoptic annotations (``cam.measures.coco``)
"""

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from cam.measures.coco import coco_masks
from cam.measures.masks import BACKGROUND, IGNORE, MOST_OBJECTS, InstanceMask, read_mask
from cam.measures.matlab import read_matrices
from models.files import read_file, read_text
from models.images import open_image

ELSEWHERE = {
    "Faces": "Faces_2",
    "Faces_easy": "Faces_3",
    "Motorbikes": "Motorbikes_16",
    "airplanes": "Airplanes_Side_2",
}  # class -> Caltech-101's folder of its outlines
MOST_BYTES, LEAST_INSIDE = 64 * 2**20, 0.5
MOST_OUTLINE, MOST_POINTS = 2**18, 3000  # bytes and corners of one outline; Caltech-101's have some dozens of corners
Known = Mapping[str, tuple[Path, int]]  # CLASS/FILE of a photograph -> its file and its class index
Masks = dict[str, InstanceMask]


def known_masks(where: str | os.PathLike, photographs: Known, categories: Iterable[str]) -> Masks:
    """The masks in a folder or file, by photograph.

    Args:
        where: one of the kinds above.
        photographs: by name, ``CLASS/FILE``.
        categories: class names, in the order of the logits.

    Raises:
        FileNotFoundError: there is nothing at that path.
        ValueError: the files there are of no known kind, are damaged, or fit none of the photographs.
    """
    path = Path(where)
    if not path.exists():
        raise FileNotFoundError(f"there are no masks at {path}; expected a folder, a .csv or a .json file")
    found = _reader(path)(path, photographs, list(categories))
    if not found:
        raise ValueError(
            f"{path.name} has no mask of any of the {len(photographs)} photographs; "
            "expected names such as CLASS/image_0001 in it"
        )
    return found


def _reader(path: Path) -> Callable[[Path, Known, list[str]], Masks]:
    if path.is_file():
        readers = {".csv": boxes_of_csv, ".json": coco_masks}
        if path.suffix.lower() in readers:
            return readers[path.suffix.lower()]
    elif any(path.glob("*.csv")):
        return boxes_of_csv
    elif any(path.rglob("*.mat")):
        return outlines_of_caltech
    elif any(path.rglob("*.png")):
        return pngs_of_classes
    raise ValueError(f"{path} holds no masks; expected .csv, .mat or indexed .png files, or a .json file of COCO's")


def boxes_of_csv(path: Path, photographs: Known, _categories: list[str]) -> Masks:
    """Boxes around objects. A file CLASS.csv names photographs of its class; other files name them as ``CLASS/FILE``.

    Raises:
        ValueError: a row is not a box, or its box is empty or lies outside the picture.
    """
    boxes: dict[str, list[tuple[float, ...]]] = {}
    for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
        for number, row in enumerate(_rows(file), start=1):
            edges = _edges(row)
            if edges is None and number == 1 and not any(re.match(r"\s*[-+.]?\d", cell) for cell in row[1:]):
                continue  # names of the columns
            if edges is None:
                raise ValueError(
                    f"{file.name}, line {number}: {','.join(row)[:200]!r} is not a box; "
                    "expected name,left,upper,right,lower"
                )
            name = row[0] if "/" in row[0] else f"{file.stem}/{row[0]}"
            if name in photographs:
                boxes.setdefault(name, []).append(edges)
    return {name: _boxed(name, edges, *photographs[name]) for name, edges in boxes.items()}


def outlines_of_caltech(path: Path, photographs: Known, _categories: list[str]) -> Masks:
    """Caltech-101's own outlines: ``obj_contour`` (2, points), right and down from the upper left corner of ``box_coord``.

    Raises:
        ValueError: a file is damaged, or its outline is empty or lies outside the picture.

    References:
        show_annotation.m of Caltech-101; ``torchvision.datasets.Caltech101`` with ``target_type="annotation"``
    """
    found = {}
    for name, (file, class_idx) in photographs.items():
        folder, _, rest = name.partition("/")
        number = re.findall(r"\d+", Path(rest).stem)
        if not number:
            continue
        outline = path / ELSEWHERE.get(folder, folder) / f"annotation_{int(number[-1]):04d}.mat"
        if outline.is_file():
            found[name] = _outlined(outline, name, file, class_idx)
    return found


def pngs_of_classes(path: Path, photographs: Known, _categories: list[str]) -> Masks:
    """Indexed PNGs in the same folders as the photographs; every object in one counts as its photograph's class."""
    found = {}
    for name, (_, class_idx) in photographs.items():
        file = path / Path(name).with_suffix(".png")
        if file.is_file():
            indices = read_mask(file)
            numbers = sorted(set(np.unique(indices).tolist()) - {BACKGROUND, IGNORE})
            if not numbers:
                raise ValueError(f"the mask of {name} is empty; outline its object or remove the file")
            found[name] = InstanceMask(indices, {number: (class_idx,) for number in numbers})
    return found


def _rows(file: Path) -> Iterator[list[str]]:
    try:
        yield from csv.reader(read_text(file, MOST_BYTES).splitlines())
    except csv.Error as error:
        raise ValueError(f"{file.name} cannot be read ({error}); expected lines name,left,upper,right,lower") from error


def _edges(row: list[str]) -> tuple[float, ...] | None:
    """Left, upper, right, lower; None where a row does not have four finite numbers after the name."""
    try:
        edges = tuple(float(cell) for cell in row[1:5])
    except ValueError:
        return None
    return edges if len(edges) == 4 and np.isfinite(edges).all() else None


def _boxed(name: str, boxes: list[tuple[float, ...]], file: Path, class_idx: int) -> InstanceMask:
    if len(boxes) > MOST_OBJECTS:
        raise ValueError(f"{name} has {len(boxes)} boxes; expected {MOST_OBJECTS} or fewer")
    width, height = open_image(file).size
    indices = np.zeros((height, width), dtype=np.uint8)
    for number, (left, upper, right, lower) in enumerate(boxes, start=1):
        if right <= left or lower <= upper:
            raise ValueError(f"a box of {name} is empty: {left:g}, {upper:g} to {right:g}, {lower:g}; fix or remove it")
        inner = np.clip((left, right), 0, width), np.clip((upper, lower), 0, height)
        # A share of this box, while torchvision's ``box_iou`` divides by what box and picture cover together.
        inside = np.ptp(inner[0]) * np.ptp(inner[1]) / ((right - left) * (lower - upper))
        _require_inside(inside, f"a box of {name}", width, height)
        (start, end), (top, bottom) = (np.round(one).astype(int) for one in inner)
        if start == end or top == bottom:
            raise ValueError(f"a box of {name} is narrower than a pixel; fix or remove it")
        indices[top:bottom, start:end] = number
    return InstanceMask(indices, {number + 1: (class_idx,) for number in range(len(boxes))}, outline=False)


def _outlined(outline: Path, name: str, file: Path, class_idx: int) -> InstanceMask:
    width, height = open_image(file).size
    try:
        placed = _corners(outline, max(width, height))
    except (ValueError, OSError) as error:
        raise ValueError(f"the outline {outline.name} of {name} cannot be read ({error}); fetch it again") from error
    if len(placed) < 3:
        raise ValueError(f"the outline {outline.name} of {name} is empty; outline its object or remove the file")
    whole = cv2.contourArea(placed.astype(np.float32))
    if whole < 1:
        raise ValueError(
            f"the outline {outline.name} of {name} encloses nothing; outline its object or remove the file"
        )
    indices = cv2.fillPoly(np.zeros((height, width), dtype=np.uint8), [np.round(placed).astype(np.int32)], 1)
    _require_inside(float(indices.sum()) / whole, f"the outline of {name}", width, height)
    return InstanceMask(indices, {1: (class_idx,)})


def _corners(outline: Path, size: int) -> np.ndarray:
    """The corners (points, 2), column and row, of one of Caltech-101's outlines.

    Filling takes OpenCV minutes where there are ten thousand corners or where they are a million pixels away.

    Args:
        outline: its file.
        size: of the photograph's longer side; corners farther away than a hundred of them are refused.
    """
    content = read_matrices(read_file(outline, MOST_OUTLINE), ("obj_contour", "box_coord"))
    if len(content) != 2 or content["box_coord"].size != 4:
        raise ValueError("it has no obj_contour and box_coord of four numbers")
    points = content["obj_contour"]
    if len(points) != 2 or points.shape[1] > MOST_POINTS:
        raise ValueError(
            f"its outline has {points.shape[0]} x {points.shape[1]} numbers; expected 2 x {MOST_POINTS} at most"
        )
    upper, _, left, _ = content["box_coord"].ravel()
    placed = (points + np.array([[left], [upper]])).T
    if not (np.abs(placed) <= 100 * size).all():
        raise ValueError("it has corners that are not finite or far away")
    return placed


def _require_inside(share: float, what: str, width: int, height: int) -> None:
    """Refuse a box or outline that lies mostly outside the picture; those drawn by people may reach out of it a little."""
    if share < LEAST_INSIDE:
        raise ValueError(
            f"{what} lies outside its picture of {width} x {height} pixels; it belongs to another one or to another size"
        )
