"""Photographs, encoded with Pillow or byte by byte."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photo(width: int = 48, height: int = 32) -> Image.Image:
    """Smooth colours, different in every corner, so that JPEG changes little and flips are noticed."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return Image.fromarray(np.uint8(255 * np.stack([rows, columns, 1 - rows * columns], axis=-1)))


def assert_close(image: Image.Image, expected: Image.Image | np.ndarray, atol: int = 0) -> None:
    assert image.mode == "RGB"
    assert not image.info
    assert type(image) is Image.Image
    difference = np.abs(np.asarray(image).astype(int) - np.asarray(expected).astype(int))
    assert image.size == np.shape(expected)[1::-1]
    assert difference.max() <= atol


def png(header: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    body = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def tiff(data: bytes, tags: dict[int, int]) -> bytes:
    """Little-endian TIFF of one grey strip or tile (``tags`` adds to it) whose data follows the directory."""
    start = 8 + 2 + 12 * (len(tags) + 3) + 4
    tags = tags | {262: 1, 277: 1, (324 if 322 in tags else 273): start}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + data


def segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """Insert a JPEG segment right after the start of the image."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + jpeg[2:]


def gamma_profile(gamma: float = 1.0) -> bytes:
    """A matrix profile with the primaries of sRGB, and a gamma instead of sRGB's curve."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    for i in range(count):
        tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            struct.pack_into(">4sIHHi", profile, offset, b"para", 0, 0, 0, round(gamma * 65536))
    return bytes(profile)
