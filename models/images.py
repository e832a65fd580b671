"""What the networks take in: untrusted bytes or a path -> upright RGB image -> square view -> tensor.

Pillow alone decodes, only the formats in ``FORMATS``, and only after the size in the header has been checked.
"""

import io
import os
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageChops, ImageCms, UnidentifiedImageError

VIEWS = ("square", "centre")
MEAN = (0.485, 0.456, 0.406)  # of ImageNet, per channel, for values in [0, 1]
STD = (0.229, 0.224, 0.225)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # JPEG includes MPO, which phones write
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
MAX_PIXELS = 100_000_000
MAX_FILE_BYTES = 256 * 2**20

Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image

_ORIENTATION, _BITS_PER_SAMPLE, _TILE_WIDTH, _TILE_LENGTH = 0x0112, 258, 322, 323  # EXIF and TIFF tags
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(ValueError):
    """An image that is damaged, too large or no image at all; one sentence, which names the file."""


def open_image(source: Source, name: str | None = None) -> Image.Image:
    """Decode one image, which nobody has checked, into plain upright RGB without metadata.

    The EXIF orientation is applied, a usable ICC profile is converted to sRGB, transparency is laid over
    white, and of an animation the first frame is taken. Grey values of more than 8 bits are scaled so that
    black is 0 and white is 65535 (4095 in a 12-bit TIFF, 1.0 for floats); where the image exceeds this range,
    the range is widened to hold it.

    Args:
        source: a path, the bytes of a file, a binary file (read from its current position) or a Pillow image
            (left as it is).
        name: what error messages call the image; by default its path, or the name of the file.

    Returns:
        An image of mode RGB, at most ``MAX_PIXELS`` pixels, that shares nothing with ``source``.

    Raises:
        ImageError: the image is empty, damaged, too large, of another format, or has pixels that are not
            finite.
        FileNotFoundError: there is no such file.
        IsADirectoryError: the path is a folder.
        TypeError: ``source`` is something else.
    """
    name = name or _name(source)
    image = source if isinstance(source, Image.Image) else io.BytesIO(_read(source, name))
    # Threads share the filters: a race may leave this one behind, which silences Pillow and nothing else.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        try:
            return _decode(image)
        except Image.DecompressionBombError as error:
            limit = f"{MAX_PIXELS // 10**6} megapixels"
            raise ImageError(f"{name!r} has more than {limit}; give a smaller image") from error
        except UnidentifiedImageError as error:
            kinds = ", ".join(FORMATS)
            raise ImageError(f"{name!r} is not an image, or a damaged one; give an intact {kinds}") from error
        except Exception as error:  # hostile bytes make Pillow raise almost anything
            reason = str(error).rstrip(".") or type(error).__name__
            raise ImageError(f"{name!r} cannot be decoded ({reason}); give an intact image") from error


def view_box(width: int, height: int, view: str) -> tuple[int, int, int, int]:
    """Say which part of an image a view shows.

    Args:
        width: of the image, in pixels.
        height: of the image, in pixels.
        view: ``square`` for the whole image (squashed), ``centre`` for the largest centred square.

    Returns:
        Left, upper, right and lower edge in pixels of the image.

    Raises:
        ValueError: ``view`` is neither.
    """
    if view not in VIEWS:
        raise ValueError(f"unknown view {view!r}; choose from {', '.join(VIEWS)}")
    if view == "square":
        return 0, 0, width, height
    side = min(width, height)
    left, upper = (width - side) // 2, (height - side) // 2
    return left, upper, left + side, upper + side


def view_image(image: Image.Image, view: str, size: int) -> Image.Image:
    """Resample the part of an image that a view shows, once, antialiased and bicubic.

    Args:
        image: what ``open_image`` returns; any other Pillow image goes through ``open_image`` first.
        view: one of ``VIEWS``, see ``view_box``.
        size: side of the result in pixels.

    Returns:
        An RGB image of (size, size) pixels: what a network of this resolution sees.

    Raises:
        ValueError: unknown ``view``, or ``size`` below 1.
    """
    box = view_box(*image.size, view)
    if size < 1:
        raise ValueError(f"a view of {size} pixels is empty; give a size of at least 1")
    if image.mode != "RGB" or image.info:
        image = open_image(image)
        box = view_box(*image.size, view)
    return image.resize((size, size), Image.Resampling.BICUBIC, box=box)


def image_tensor(image: Image.Image, view: str, size: int) -> torch.Tensor:
    """Turn an image into the input of a network.

    Args and errors as for ``view_image``.

    Returns:
        float32 (3, size, size), normalised by ``MEAN`` and ``STD`` of ImageNet.
    """
    pixels = torch.from_numpy(np.array(view_image(image, view, size))).permute(2, 0, 1)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    return ((pixels.float() / 255 - mean) / std).contiguous()


def list_images(folder: str | os.PathLike[str]) -> list[Path]:
    """List the files with ``IMAGE_SUFFIXES`` below a folder, sorted; neither hidden ones nor links.

    Raises:
        NotADirectoryError: ``folder`` is missing or no folder.
    """
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"{os.fspath(folder)!r} is not a folder; give a folder with images")
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in files if not name.startswith(".")]
    return sorted(
        path for path in found if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() and not path.is_symlink()
    )


def _name(source: Source) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    return str(getattr(source, "filename", "") or getattr(source, "name", "") or "image")


def _read(source: Source, name: str) -> bytes:
    """Read the bytes of a file, up to the cap."""
    if isinstance(source, (str, os.PathLike)):
        data = _read_path(source, name)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
    elif hasattr(source, "read"):
        data = source.read(MAX_FILE_BYTES + 1)
    else:
        kind = type(source).__name__
        raise TypeError(f"cannot open {kind} as an image; give a path, bytes, a binary file or a Pillow image")
    if not isinstance(data, bytes):
        raise TypeError(f"{name!r} gave {type(data).__name__} instead of bytes; open the file in mode 'rb'")
    if not data:
        raise ImageError(f"{name!r} is empty (0 bytes); give an intact image")
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(f"{name!r} is larger than {MAX_FILE_BYTES // 2**20} MiB; give a smaller file")
    return data


def _read_path(path: str | os.PathLike[str], name: str) -> bytes:
    if os.path.isdir(path):
        raise IsADirectoryError(f"{name!r} is a folder; give an image file in it")
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no image file {name!r}; check the path")
    try:
        with open(path, "rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ImageError(f"{name!r} cannot be read ({error.strerror}); check its permissions") from error


def _decode(source: io.BytesIO | Image.Image) -> Image.Image:
    image = source if isinstance(source, Image.Image) else Image.open(source, formats=FORMATS)
    _check_size(image)
    image.load()
    rgb = _srgb(_opaque(_eight_bit(image)), image.info.get("icc_profile"))
    turn = _UPRIGHT.get(_orientation(image))
    rgb = rgb.transpose(turn) if turn is not None else rgb
    rgb.info = {}
    return rgb


def _check_size(image: Image.Image) -> None:
    """Refuse what would take too much memory; a tile of a TIFF may be far larger than its image."""
    width, height = image.size
    tags = getattr(image, "tag_v2", {})
    tile = float(tags.get(_TILE_WIDTH, 0)) * float(tags.get(_TILE_LENGTH, 0))
    if max(width * height, tile) > MAX_PIXELS:
        raise Image.DecompressionBombError
    if width * height == 0:
        raise ValueError(f"it has {width} x {height} pixels")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale grey values of 12, 16 or 32 bits and floats to 8 bits; other images pass unchanged."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    values = np.asarray(image, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it has pixels that are not finite")
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE)
    white = 1.0 if image.mode == "F" else 4095.0 if bits == (12,) else 65535.0
    low, high = min(0.0, float(values.min())), max(white, float(values.max()))
    scale = 255 / (high - low)
    return Image.fromarray(np.rint(values * scale - low * scale).clip(0, 255).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    """Lay transparency over white and expand palettes; keep the modes that an ICC profile describes."""
    if image.mode == "La":  # Pillow converts it to nothing but LA
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        return white
    if image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        return ImageChops.invert(image)  # only Adobe stores inverted inks, while Pillow inverts all
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the embedded ICC profile, or plainly to RGB where that is missing or unusable."""
    if profile:
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
            return ImageCms.ImageCmsTransform(embedded, srgb, image.mode, "RGB").apply(image)
        except (OSError, TypeError, ValueError):
            pass  # such profiles are common, and the plain colours are close
    return image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """Read the EXIF (or XMP) orientation, 1 to 8; a damaged block means 1, upright."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # the parser raises almost anything, and the pixels are fine
        return 1
