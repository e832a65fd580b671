"""From raw maps to colours: display scales, colour tables, overlays. Arrays in, arrays out."""

from collections.abc import Sequence
from functools import cache

import matplotlib
import numpy as np
from PIL import Image

DISPLAY_SCALES = ("map", "row", "symmetric", "min-max")
COLOUR_MAPS = {"inferno": "inferno", "viridis": "viridis", "cividis": "cividis", "diverging": "RdBu_r", "jet": "jet"}


def display_scale(maps: np.ndarray | Sequence[np.ndarray], how: str) -> tuple[float, float]:
    """The raw values that are drawn as 0 and 1.

    Args:
        maps: one raw map (h, w), or several that are to share the scale, whatever their sizes.
        how: ``"map"`` and ``"row"`` go from 0 to the largest value (of a map, of all maps in a row): negative evidence
            is not drawn; ``"symmetric"`` puts 0 in the middle; ``"min-max"`` spans all values.

    Returns:
        (low, high); equal where there is nothing to draw.

    Raises:
        ValueError: unknown ``how``.
    """
    if how not in DISPLAY_SCALES:
        raise ValueError(f"unknown display scale {how!r}; choose from {', '.join(DISPLAY_SCALES)}")
    several = [maps] if isinstance(maps, np.ndarray) and maps.ndim == 2 else maps
    low, high = min(float(one.min()) for one in several), max(float(one.max()) for one in several)
    if how == "symmetric":
        return -max(-low, high), max(-low, high)
    return (low, high) if how == "min-max" else (0.0, max(0.0, high))


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """``values`` with ``low`` at 0 and ``high`` at 1, clipped; all 0 where ``low`` is not below ``high``."""
    if not low < high:
        return np.zeros_like(values)
    return np.clip((values - low) / (high - low), 0, 1)


@cache
def colour_table(name: str) -> np.ndarray:
    """The 256 colours of a matplotlib colour map, uint8 (256, 3)."""
    table = matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3]
    table.flags.writeable = False
    return table


def coloured(values01: np.ndarray, colour_map: str) -> np.ndarray:
    """``values01`` (h, w) in [0, 1] as colours, uint8 (h, w, 3)."""
    return np.take(colour_table(colour_map), _levels(values01), axis=0)


def share(values01: np.ndarray, opacity: float, two_sided: bool = False) -> np.ndarray:
    """How much of its colour each value gets, ``opacity * v * (2 - v)``, as uint8.

    Where colours are ``two_sided``, v is how far the value lies from the middle.
    """
    value = np.abs(2 * values01 - 1) if two_sided else values01
    return (255 * opacity * value * (2 - value) + 0.5).astype(np.uint8)


def overlay(
    image: np.ndarray, values01: np.ndarray, colour_map: str, opacity: float, two_sided: bool = False
) -> np.ndarray:
    """Lay the colours of a scaled map over a picture; the higher the value, the more of the colour.

    At a share of 0 the picture is untouched, byte for byte, middling values show, and the picture stays recognisable
    even at 1.

    Args:
        image: uint8 (h, w, 3).
        values01: scaled map in [0, 1], (h, w).
        colour_map: name in ``matplotlib.colormaps``.
        opacity: share of the colour where the value is 1, in [0, 1]; see ``share``.
        two_sided: the share is smallest in the middle of the colours and grows to both ends.

    Returns:
        uint8 (h, w, 3).
    """
    levels, shares = _levels(values01), share(np.linspace(0, 1, 256), opacity, two_sided)
    tint, part = (Image.fromarray(np.take(table, levels, axis=0)) for table in (colour_table(colour_map), shares))
    return np.asarray(Image.composite(tint, Image.fromarray(image), part))


def _levels(values01: np.ndarray) -> np.ndarray:
    return (values01 * 255 + 0.5).astype(np.uint8)
