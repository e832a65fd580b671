"""A page as data: pictures and lines of text in points, arranged in columns. Nothing here draws.

Text is measured in the DejaVu Sans that comes with matplotlib, the font file that every back end sets it in.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import ImageFont

PAGE, NARROW = 504.0, 237.6  # 7 and 3.3 inches: a page, and one of two columns
MARGIN, GUTTER, ROW_GAP = 6.0, 5.0, 11.0
SMALLEST_PANEL, LARGEST_PANEL = 60.0, 180.0
BAR, BAR_SPACE = 5.0, 34.0
HEADING, BODY = 8.0, 6.5
LEADING, ASCENT, CAPITALS = 1.3, 0.98, 0.73  # of the type size
INK, GREY, CAVEAT = "#1a1a1a", "#595959", "#8f3d00"
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")

Align = Literal["left", "center"]


class Box(NamedTuple):
    """A rectangle on the page, in points from its top left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Picture:
    """``pixels``, uint8 (h, w, 3), stretched over ``box``, with lines over them, each (n, 2) in widths of the box."""

    box: Box
    pixels: np.ndarray
    lines: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Text:
    """One line of text; ``x`` is its left end or its middle according to ``align``."""

    x: float
    baseline: float
    words: str
    size: float = BODY
    bold: bool = False
    colour: str = GREY
    align: Align = "left"


@dataclass(frozen=True, eq=False)
class Layout:
    """Everything on a white page of ``width`` x ``height`` points."""

    width: float
    height: float
    pictures: tuple[Picture, ...]
    texts: tuple[Text, ...]


class Words(NamedTuple):
    """Text that may break between ``pieces``; ``tail`` stays whole when the piece before it is shortened."""

    pieces: Sequence[str] = ()
    joiner: str = " "
    tail: str = ""
    size: float = BODY
    bold: bool = False
    colour: str = GREY


NOTHING = Words()


class Panel(NamedTuple):
    """What a column shows of one image: ``pixels`` and ``lines`` of a ``Picture``."""

    pixels: np.ndarray
    lines: tuple[np.ndarray, ...] = ()


class Column(NamedTuple):
    """One column: sections of its header, and for every image a panel and sections of its caption."""

    header: tuple[Words, ...]
    panels: Sequence[Panel]
    captions: Sequence[tuple[Words, ...]]


class Bar(NamedTuple):
    """The colour bar of one row: its colours from the top down, and what stands beside its ends."""

    pixels: np.ndarray
    top: str
    unit: str
    bottom: str = "0"


def arranged(columns: list[Column], bars: list[Bar], footer: list[Words], width: float, align: Align) -> Layout:
    """Give everything its place on a page of at most ``width`` points.

    Columns that would become too narrow to read are split into bands, one below the other.

    Args:
        columns: all with as many sections and panels as the first.
        bars: one for each row of panels, or none.
        footer: blocks of text across the page.

    Raises:
        ValueError: ``width`` leaves no room for a panel.
    """
    extra = 2 * MARGIN + (BAR_SPACE if bars else 0)
    bands = math.ceil(len(columns) / max(1, (width - extra + GUTTER) // (SMALLEST_PANEL + GUTTER)))
    across = math.ceil(len(columns) / bands)
    side = min(LARGEST_PANEL, (width - extra + GUTTER) / across - GUTTER)
    if not side >= SMALLEST_PANEL / 2:
        raise ValueError(
            f"a page {width:g} points wide leaves no room for a panel; expected {NARROW:.0f} (3.3 inches) or more"
        )
    page = across * (side + GUTTER) - GUTTER + extra
    sheet = _Sheet(side, align)
    for start in range(0, len(columns), across):
        sheet.add_band(columns[start : start + across], bars)
    for words in footer:
        sheet.write([words], page - 2 * MARGIN)
    return Layout(page, sheet.y + (MARGIN if footer else MARGIN - ROW_GAP), tuple(sheet.pictures), tuple(sheet.texts))


@dataclass
class _Sheet:
    """A page being filled from top to bottom; ``y`` is where the next thing goes."""

    side: float
    align: Align
    y: float = MARGIN
    pictures: list[Picture] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def add_band(self, columns: list[Column], bars: list[Bar]) -> None:
        for section, words in enumerate(zip(*(column.header for column in columns), strict=True)):
            self.write(words, self.side, to_bottom=section == 0)
        self.y += 3
        for i in range(len(columns[0].panels)):
            self.add_row([column.panels[i] for column in columns], bars[i] if bars else None)
            for words in zip(*(column.captions[i] for column in columns), strict=True):
                self.write(words, self.side)
            self.y += ROW_GAP

    def add_row(self, panels: list[Panel], bar: Bar | None) -> None:
        for left, panel in zip(self.lefts(len(panels)), panels, strict=True):
            self.pictures.append(Picture(Box(left, self.y, self.side, self.side), *panel))
        if bar:
            *_, left = self.lefts(len(panels) + 1)
            self.pictures.append(Picture(Box(left, self.y, BAR, self.side), bar.pixels))
            top = self.y + CAPITALS * BODY
            for baseline, words in (
                (top, bar.top),
                (top + LEADING * BODY, bar.unit),
                (self.y + self.side, bar.bottom),
            ):
                self.texts.append(Text(left + BAR + 3, baseline, words))
        self.y += self.side + 2

    def write(self, section: Sequence[Words], width: float, to_bottom: bool = False) -> None:
        """Set one section of text, a block per column, all first lines on one baseline, or all last ones."""
        blocks = [fitted(words, width) for words in section]
        lines, leading = max(map(len, blocks)), LEADING * max(words.size for words in section)
        indent = width / 2 if self.align == "center" else 0.0
        for left, words, block in zip(self.lefts(len(blocks)), section, blocks, strict=True):
            for line, text in enumerate(block, lines - len(block) if to_bottom else 0):
                baseline = self.y + line * leading + ASCENT * words.size
                self.texts.append(Text(left + indent, baseline, text, words.size, words.bold, words.colour, self.align))
        self.y += lines * leading

    def lefts(self, count: int) -> Iterator[float]:
        return (MARGIN + column * (self.side + GUTTER) for column in range(count))


def fitted(words: Words, width: float) -> list[str]:
    """Lines of at most ``width`` points: pieces are kept whole, but a piece that alone is too long is shortened."""
    lines: list[str] = []
    for piece in map(printable, words.pieces):
        joined = f"{lines[-1]}{words.joiner}{piece}" if lines else ""
        if joined and text_width(joined + words.tail, words.size, words.bold) <= width:
            lines[-1] = joined
        else:
            lines.append(shortened(piece, width, words.size, words.bold))
    if lines and words.tail:
        lines[-1] = shortened(lines[-1], width, words.size, words.bold, words.tail)
    return lines


def shortened(text: str, width: float, size: float, bold: bool = False, tail: str = "") -> str:
    """``text + tail``, with an ellipsis for as much of the end of ``text`` as does not fit into ``width`` points."""
    if text_width(text + tail, size, bold) <= width:
        return text + tail
    for end in range(min(len(text), 300), -1, -1):
        line = text[:end].rstrip(" …") + "…" + tail
        if text_width(line, size, bold) <= width:
            return line
    return "…"


@lru_cache(maxsize=4096)  # the same words stand on one figure after the other
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a line in points."""
    return font(bold, 256).getlength(text) * size / 256


def printable(text: str) -> str:
    """``text`` with a box in the place of everything that the font cannot draw, line breaks included."""
    return "".join(c if c.isprintable() and ord(c) in _characters() else "□" for c in text)


@lru_cache(maxsize=64)
def font(bold: bool, pixels: float) -> ImageFont.FreeTypeFont:
    """The font at a size for Pillow."""
    return ImageFont.truetype(font_file(bold), pixels)


def font_file(bold: bool) -> str:
    """The one file that every back end draws with."""
    return str(FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"))


@cache
def _characters() -> frozenset[int]:
    return frozenset(FT2Font(font_file(bold=False)).get_charmap())
