"""Outlines as COCO writes them, polygons and run lengths, become pixels.

Run lengths are read here, and what polygons may ask for is limited before pycocotools draws them: its C code trusts its input,
and a corner a billion pixels away ends the process.
"""

from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from pycocotools import mask as coco

MOST_PATH, MOST_POLYGONS = 10**6, 10_000  # pixels along all polygons of one object, and how many they are
LEAST_NUMBERS = 6  # of a polygon: three corners; fewer enclose nothing


class _Runs(msgspec.Struct):
    """Lengths of background and object in turn, down the columns; as numbers, or packed into letters."""

    size: tuple[int, int]
    counts: list[int] | str


def inside_outline(segmentation: Any, width: int, height: int) -> np.ndarray:
    """The pixels of one object, bool (height, width).

    Args:
        segmentation: polygons ``[[x, y, x, y, ...], ...]``, or run lengths ``{"size": [height, width], "counts": ...}``.
        width, height: of the photograph.

    Raises:
        ValueError: it is neither, is damaged, has another size, or reaches far out of the photograph.
    """
    if isinstance(segmentation, dict):
        return _inside_runs(_converted(segmentation, _Runs), width, height)
    polygons = [one for one in _converted(segmentation, list[list[float]]) if len(one) >= LEAST_NUMBERS]
    if not polygons:
        raise ValueError("it has no polygon of three corners")
    for polygon in polygons:
        if len(polygon) % 2:
            raise ValueError("a point has one coordinate")
        _require_near(polygon[0::2], width)
        _require_near(polygon[1::2], height)
    if len(polygons) > MOST_POLYGONS or sum(map(_path, polygons)) > MOST_PATH:
        raise ValueError(f"it has more than {MOST_POLYGONS:,} polygons, or they are longer than {MOST_PATH:,} pixels")
    return coco.decode(coco.merge(coco.frPyObjects(polygons, height, width))).astype(bool)


def _converted(segmentation: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(segmentation, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _require_near(places: list[float], size: int) -> None:
    """Refuse corners farther out of the photograph than it is large; people draw a little beyond its edge."""
    if not all(-size <= place <= 2 * size for place in places):
        raise ValueError(f"a corner lies far outside of the photograph's {size} pixels")


def _path(polygon: list[float]) -> float:
    """How long a polygon's edges are in pixels: no less than what drawing them takes."""
    corners = list(zip(polygon[0::2], polygon[1::2], strict=False))
    return len(corners) + sum(abs(a - c) + abs(b - d) for (a, b), (c, d) in pairwise([*corners, corners[0]]))


def _inside_runs(runs: _Runs, width: int, height: int) -> np.ndarray:
    if runs.size != (height, width):
        raise ValueError(f"it has {runs.size[1]} x {runs.size[0]} pixels, the photograph {width} x {height}")
    counts = _unpacked(runs.counts) if isinstance(runs.counts, str) else runs.counts
    if min(counts, default=0) < 0 or sum(counts) != width * height:
        raise ValueError(f"its runs hold {sum(counts)} pixels, the photograph {width * height}")
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return inside.reshape(width, height).T


def _unpacked(letters: str) -> list[int]:
    """Run lengths from letters: five bits each, the lowest first, as long as a letter's sixth bit says that more follow.

    The highest bit of the last letter is the sign. From the fourth number on it is the difference to the number two before.

    References:
        ``rleFrString`` of COCO's maskApi.c
    """
    counts: list[int] = []
    value = bits = 0
    for letter in letters:
        code = ord(letter) - 48
        if not 0 <= code < 64 or bits > 40:
            raise ValueError("its run lengths are not packed as COCO's")
        value |= (code & 31) << bits
        bits += 5
        if not code & 32:
            value -= (1 << bits) if code & 16 else 0
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = bits = 0
    if bits:
        raise ValueError("its run lengths end in the middle of a number")
    return counts
