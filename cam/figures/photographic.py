"""Vector files that hold photographs as JPEGs: a tenth of the bytes, with type and lines as sharp as before.

matplotlib writes every picture of a PDF or SVG without loss. Bars of colour and other small pictures stay so.
"""

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends import backend_pdf
from PIL import Image

QUALITY = 90
SMALLEST = 64  # pixels along the shorter side of what is worth it
PNG_IN_SVG = re.compile(rb'data:image/png;base64,([A-Za-z0-9+/=\s]+)"')


def jpeg(picture: Image.Image) -> bytes | None:
    """An RGB picture as a JPEG without subsampled colours; None where it is too small to be a photograph."""
    if picture.mode != "RGB" or min(picture.size) < SMALLEST:
        return None
    for optimize in (True, False):  # what hardly compresses, such as noise, exceeds the buffer of the first
        buffer = io.BytesIO()
        with suppress(OSError):
            picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0, optimize=optimize)
            return buffer.getvalue()
    return None


def svg_with_jpegs(content: bytes) -> bytes:
    """An SVG whose pictures are JPEGs where they are photographs."""

    def replaced(found: re.Match[bytes]) -> bytes:
        png = base64.b64decode(found[1])
        picture = Image.open(io.BytesIO(png))
        opaque = picture.convert("RGB") if picture.mode == "RGB" or _opaque(picture) else picture
        smaller = jpeg(opaque)
        return found[0] if smaller is None else b"data:image/jpeg;base64," + base64.b64encode(smaller) + b'"'

    return PNG_IN_SVG.sub(replaced, content)


def _opaque(picture: Image.Image) -> bool:
    return picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255)


class PhotographicPdf(backend_pdf.PdfFile):
    """matplotlib's PDF file, whose photographs are JPEGs."""

    def _writeImg(self, data: np.ndarray, id: Any, smask: Any = None) -> None:
        picture = Image.fromarray(data.squeeze())
        content = jpeg(picture) if smask is None else None
        if content is None:
            super()._writeImg(data, id, smask)
            return
        names = {"Type": "XObject", "Subtype": "Image", "ColorSpace": "DeviceRGB", "Filter": "DCTDecode"}
        entry: dict[str, Any] = {key: backend_pdf.Name(name) for key, name in names.items()}
        entry |= {"Width": picture.width, "Height": picture.height, "BitsPerComponent": 8}
        with matplotlib.rc_context({"pdf.compression": 0}):
            self.beginStream(id, self.reserveObject("length of image stream"), entry)
            self.currentstream.write(content)
            self.endStream()


@contextmanager
def pdf_with_jpegs() -> Iterator[None]:
    """Have matplotlib write such files; it names the class of its files in one place, so for one thread at a time."""
    usual = backend_pdf.PdfFile
    backend_pdf.PdfFile = PhotographicPdf  # type: ignore[misc]
    try:
        yield
    finally:
        backend_pdf.PdfFile = usual  # type: ignore[misc]
