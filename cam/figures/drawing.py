"""Two back ends for one layout: Pillow for PNG and WEBP, matplotlib's object API (never pyplot) for PDF and SVG."""

import io
import threading
from typing import Any, BinaryIO

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from PIL import Image, ImageDraw

from cam.figures.layout import Layout, Picture, font, font_file
from cam.figures.photographic import pdf_with_jpegs, svg_with_jpegs

POINTS_PER_INCH = 72
TALLEST, TALLEST_WEBP = 20_000, 16_383
PEN = (("black", 0.67, 1.5), ("white", 1.0, 0.7))  # colour, opacity and width in points: seen on bright and on dark
FINER = 4  # lines are drawn so many times larger, and reduced


def draw_pillow(layout: Layout, dpi: float = 200, tallest: int = TALLEST, transparent: bool = False) -> Image.Image:
    """Draw a layout in pixels, on white or, where ``transparent``, on nothing.

    A page that would have more than ``tallest`` pixels on a side is drawn at the highest ``dpi`` at which it has not;
    ``info["dpi"]`` tells which.

    Raises:
        ValueError: ``dpi`` is not above 0.
    """
    if not dpi > 0:
        raise ValueError(f"dpi is {dpi!r}; expected a number above 0")
    dpi = min(dpi, tallest * POINTS_PER_INCH / max(layout.width, layout.height))
    zoom = dpi / POINTS_PER_INCH
    size = max(1, round(layout.width * zoom)), max(1, round(layout.height * zoom))
    page = Image.new("RGBA", size, (255, 255, 255, 0)) if transparent else Image.new("RGB", size, "white")
    for picture in layout.pictures:
        left, top, width, height = (round(length * zoom) for length in picture.box)
        pixels = _resized(picture.pixels, max(1, width), max(1, height))
        page.paste(lined(pixels, picture.lines, zoom), (left, top))
    canvas = ImageDraw.Draw(page)
    for text in layout.texts:
        where, anchor = (text.x * zoom, round(text.baseline * zoom)), "ms" if text.align == "center" else "ls"
        canvas.text(where, text.words, text.colour, font(text.bold, text.size * zoom), anchor)
    page.info["dpi"] = (dpi, dpi)
    return page


def _resized(pixels: np.ndarray, width: int, height: int) -> Image.Image:
    """Reduced by Hamming's filter, as sharp as a bicubic one and three times as fast as Lanczos; enlarged by Lanczos."""
    smaller = width <= pixels.shape[1] and height <= pixels.shape[0]
    how = Image.Resampling.HAMMING if smaller else Image.Resampling.LANCZOS
    return Image.fromarray(pixels).resize((width, height), how)


def lined(pixels: Image.Image, lines: tuple[np.ndarray, ...], zoom: float) -> Image.Image:
    """Pixels with the lines of a picture over them; ``zoom`` is pixels per point."""
    for colour, opacity, points in PEN if lines else ():
        share = Image.new("L", (pixels.width * FINER, pixels.height * FINER))
        canvas = ImageDraw.Draw(share)
        for line in lines:
            places = (line * share.size).ravel().tolist()
            canvas.line(places, round(255 * opacity), max(1, round(points * zoom * FINER)), joint="curve")
        pixels.paste(colour, mask=share.reduce(FINER))
    return pixels


def drawn_alone(picture: Picture) -> np.ndarray:
    """A picture with its lines at the resolution of its pixels, uint8 (h, w, 3)."""
    return np.asarray(lined(Image.fromarray(picture.pixels), picture.lines, len(picture.pixels) / picture.box.height))


def draw_matplotlib(layout: Layout, dpi: float = 200, transparent: bool = False) -> Figure:
    """Draw a layout as a figure of matplotlib's object API: one axes over the page, in points from the top left."""
    size, behind = (layout.width / POINTS_PER_INCH, layout.height / POINTS_PER_INCH), "none" if transparent else "white"
    figure = Figure(size, dpi=dpi, facecolor=behind)
    axes = figure.add_axes((0, 0, 1, 1))
    for picture in layout.pictures:
        left, top, width, height = picture.box
        extent = (left, left + width, top + height, top)
        axes.imshow(picture.pixels, extent=extent, aspect="auto", origin="upper", interpolation="antialiased")
        lines = [line * (width, height) + (left, top) for line in picture.lines]
        for colour, opacity, points in PEN if lines else ():
            axes.add_collection(
                LineCollection(lines, colors=colour, alpha=opacity, linewidths=points, joinstyle="round")
            )
    for text in layout.texts:
        line = axes.text(text.x, text.baseline, text.words, parse_math=False, usetex=False, color=text.colour)
        line.set(
            ha=text.align, va="baseline", fontproperties=FontProperties(fname=font_file(text.bold), size=text.size)
        )
    axes.set_axis_off()
    axes.set(xlim=(0, layout.width), ylim=(layout.height, 0))
    return figure


PNG_EFFORT = 1  # of 9; the usual 6 takes four times as long for 9 % fewer bytes


def write_pixels(layout: Layout, file: BinaryIO, suffix: str, dpi: float, transparent: bool = False) -> None:
    """Write ``.png`` or ``.webp``."""
    if suffix == ".png":
        page = draw_pillow(layout, dpi, transparent=transparent)
        page.save(file, "PNG", dpi=page.info["dpi"], compress_level=PNG_EFFORT)
    else:
        draw_pillow(layout, dpi, TALLEST_WEBP, transparent).save(file, "WEBP", quality=92)


VECTOR_SETTINGS: Any = {
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "compound-cam",
    "savefig.bbox": None,
}
VECTOR_DATES: dict[str, dict] = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
PIXELATED = b"image-rendering:crisp-edges;image-rendering:pixelated"  # written by matplotlib: no smoothing at any zoom
_settings_lock = threading.Lock()  # rc_context changes settings of the whole process: one vector file at a time


def write_vectors(layout: Layout, file: BinaryIO, suffix: str, transparent: bool = False) -> None:
    """Write ``.pdf`` or ``.svg``, without dates or random names, photographs as JPEGs."""
    buffer = io.BytesIO()
    with _settings_lock, matplotlib.rc_context(VECTOR_SETTINGS), pdf_with_jpegs():
        figure = draw_matplotlib(layout, transparent=transparent)
        for picture in figure.findobj(AxesImage):
            picture.set_interpolation("none")  # type: ignore[attr-defined]  # pictures keep their own pixels
        figure.savefig(buffer, format=suffix[1:], metadata=VECTOR_DATES[suffix])
    content = buffer.getvalue().replace(PIXELATED, b"image-rendering:auto")
    file.write(svg_with_jpegs(content) if suffix == ".svg" else content)
