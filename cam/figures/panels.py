"""The panels of a figure: maps over photographs, drawn by one set of display choices, as the viewer paints them.

The same choices give the same colours there: ``ui/components/viewer/state.js`` and ``painting.js``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from contourpy import contour_generator

from cam.figures.colours import coloured, display_scale, overlay, scaled, share
from cam.figures.display import DISPLAY, Display
from cam.figures.layout import Bar, Panel
from cam.maps.closed_forms import resample

if TYPE_CHECKING:
    from cam.comparison import Comparison

GRID = 256  # places along a side at which differences are measured, as in the viewer
NONE = 1e-3  # of a map's largest value: a difference below that is none

Limits = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Painter:
    """Draws the maps of a comparison.

    Attributes:
        keys: the variants that share a scale where a row has one.
    """

    comparison: "Comparison"
    keys: Sequence[str]
    display: Display = DISPLAY

    def panel(self, key: str, image: int) -> Panel:
        """One variant's map over one image."""
        picture = self.comparison.images[image]
        values, limits = self._values(key, image, len(picture)), self.limits(key, image)
        if self.display.paper:
            pixels = coloured(scaled(values, *limits), self.display.colour_map)
        else:
            pixels = self._tinted(picture, values, limits)
        return Panel(pixels, self._lines(values, limits))

    def layer(self, key: str, image: int) -> np.ndarray:
        """The colours of one map and, as their opacity, how much of them a panel shows, uint8 (s, s, 4)."""
        values, limits = self._values(key, image, self.comparison.images.shape[1]), self.limits(key, image)
        levels, display = self._levels(values, limits), self.display
        part = share(levels, display.opacity, display.two_sided) * (limits[0] < limits[1])
        return np.dstack([coloured(levels, display.colour_map), part])

    def bar(self, image: int) -> Bar:
        """Colours laid over light grey, so that the bar fades as the overlays do."""
        low, high = self.limits(self.keys[0], image)
        values = np.linspace(high, low, 256, dtype=np.float32)[:, None]
        grey = np.full((256, 1, 3), 224, np.uint8)
        return Bar(self._tinted(grey, values, (low, high)), _number(high), self.comparison.unit, _number(low))

    def limits(self, key: str, image: int) -> Limits:
        """The values that are drawn in the first and the last colour; equal where there is nothing to draw."""
        display = self.display
        maps = [self._measured(one, image) for one in (self.keys if display.scale == "row" else [key])]
        low, high = display_scale(maps, "min-max" if display.paper else "symmetric" if display.symmetric else "map")
        if display.difference and high < NONE * np.abs(self.comparison.maps[display.difference][image]).max():
            return 0.0, 0.0
        return low, high

    def _measured(self, key: str, image: int) -> np.ndarray:
        return self._values(key, image, GRID) if self.display.difference else self.comparison.maps[key][image]

    def _values(self, key: str, image: int, size: int) -> np.ndarray:
        """A map, or its difference from another, on a grid of ``size`` places along a side."""
        own, other = self._drawn(key, image, size), self.display.difference
        return own - self._drawn(other, image, size) if other else own

    def _drawn(self, key: str, image: int, size: int) -> np.ndarray:
        facts, raw = self.comparison.variants[key], self.comparison.maps[key][image][None]
        placement = "half-pixel" if self.display.paper else self.display.placement
        smooth = not self.display.cells
        return resample(raw, facts.centres, facts.scaling.input_size, size, placement, facts.offset, smooth)[0]

    def _levels(self, values: np.ndarray, limits: Limits) -> np.ndarray:
        """Values in [0, 1]; of diverging colours, the upper half where only what is positive sets the scale."""
        low, high = limits
        return scaled(values, -high if self.display.two_sided else low, high)

    def _tinted(self, picture: np.ndarray, values: np.ndarray, limits: Limits) -> np.ndarray:
        if not limits[0] < limits[1]:
            return picture
        display, levels = self.display, self._levels(values, limits)
        return overlay(picture, levels, display.colour_map, display.opacity, display.two_sided)

    def _lines(self, values: np.ndarray, limits: Limits) -> tuple[np.ndarray, ...]:
        low, high = limits
        if not (self.display.contour and low < high and high > 0):
            return ()
        return isolines(values, high * self.display.contour)


def isolines(values: np.ndarray, threshold: float) -> tuple[np.ndarray, ...]:
    """Where the values of a square grid cross a threshold: lines (n, 2), to the right and down, in widths of the grid."""
    lines: Any = contour_generator(z=values).lines(threshold)  # arrays, where it is asked for no other form
    return tuple((line + 0.5) / len(values) for line in lines)


def swiped(left: Panel, right: Panel, divide: float) -> Panel:
    """Up to the share ``divide`` of its width the one panel, from there on the other, and a line between them."""
    pixels, middle = left.pixels.copy(), round(divide * left.pixels.shape[1])
    pixels[:, middle:] = right.pixels[:, middle:]
    divider = np.array([[divide, 0.0], [divide, 1.0]])
    return Panel(pixels, (*_between(left.lines, 0, divide), *_between(right.lines, divide, 1), divider))


def _between(lines: Sequence[np.ndarray], start: float, end: float) -> Iterator[np.ndarray]:
    """The parts of lines that lie between two places from left to right."""
    for line in lines:
        inside = (start <= line[:, 0]) & (line[:, 0] <= end)
        for part in np.split(np.arange(len(line)), np.flatnonzero(np.diff(inside)) + 1):
            if inside[part[0]] and len(part) > 1:
                yield line[part]


def _number(value: float) -> str:
    return (f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}").replace("-", "−")
