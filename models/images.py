"""The input of networks: untrusted bytes or a path -> upright RGB image -> square view -> tensor.

Pillow alone decodes, only the formats in ``FORMATS``, and only after the size in the header has been checked.
"""

import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from models.files import read_file
from models.gates import Gate
from models.normalisation import Normalisation
from models.pixels import check_layout, plain_rgb

VIEWS = ("square", "centre")

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # JPEG includes MPO, which phones write
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
MAX_PIXELS = 100_000_000
MAX_FILE_BYTES = 256 * 2**20
DECODING = Gate(50_000_000)  # pixels decoded at once in all threads: some 700 MB, or one larger image alone

Source = str | os.PathLike[str] | bytes | BinaryIO | Image.Image

T = TypeVar("T")

_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF tags


class ImageError(ValueError):
    """An image is damaged, too large or not an image at all; the message is one sentence that names the file."""


def open_image(source: Source, name: str | None = None, most_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode one untrusted image into plain upright RGB without metadata.

    The EXIF orientation is applied, a usable ICC profile is converted to sRGB, transparency is composited over
    white, and the first frame of an animation is used. Grey values of more than 8 bits are scaled so that
    black is 0 and white is 65535 (4095 in a 12-bit TIFF, 1.0 for floats; where 16-bit values use only their lower 10, 12
    or 14 bits, white is the largest value of those, and ``note_of`` says so). Where the image exceeds this range, the range
    is widened to hold it.

    Args:
        source: a path, the bytes of a file, a binary file (read from its current position) or a Pillow image
            (not changed).
        name: what error messages call the image; by default its path, or the name of the file.
        most_pixels: a larger JPEG is decoded at a half, a quarter or an eighth of its size; any other image is refused.

    Returns:
        An image of mode RGB, at most ``most_pixels`` pixels, that shares no memory with ``source``.

    Raises:
        ImageError: the image is empty, damaged, too large, of another format, or has pixels that are not
            finite.
        FileNotFoundError: there is no such file.
        IsADirectoryError: the path is a folder.
        TypeError: ``source`` is something else.
    """
    return use_image(source, lambda image: image, name, most_pixels)


def use_image(
    source: Source, use: Callable[[Image.Image], T], name: str | None = None, most_pixels: int = MAX_PIXELS
) -> T:
    """Decode an image as ``open_image`` does and return ``use(image)``; its pixels count in ``DECODING`` until then.

    Raises:
        ImageError: also where ``use`` fails; and the errors of ``open_image``.
    """
    name = name or _name(source)
    image = source if isinstance(source, Image.Image) else io.BytesIO(_read(source, name))
    # Threads share the warning filters: a race may leave this one behind, which silences Pillow and nothing else.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        try:
            return _decode(image, most_pixels, use)
        except Image.DecompressionBombError as error:
            limit = f"{min(most_pixels, MAX_PIXELS) // 10**6} megapixels"
            raise ImageError(f"{name!r} has more than {limit}; give a smaller image") from error
        except UnidentifiedImageError as error:
            kinds = ", ".join(FORMATS)
            raise ImageError(f"{name!r} is not an image, or a damaged one; give an intact {kinds}") from error
        except Exception as error:  # hostile bytes make Pillow raise almost anything
            reason = str(error).rstrip(".") or type(error).__name__
            raise ImageError(f"{name!r} cannot be decoded ({reason}); give an intact image") from error


def note_of(image: Image.Image) -> str:
    """How ``open_image`` read values differently from how they are stored, in words; empty where it did not."""
    return getattr(image, "note", "")


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


def image_tensor(image: Image.Image, view: str, size: int, normalisation: Normalisation) -> torch.Tensor:
    """Turn an image into the input of a network.

    Args:
        image, view, size: as for ``view_image``, which raises the same errors.
        normalisation: the network's own.

    Returns:
        float32 (3, size, size), normalised.
    """
    pixels = np.empty((3, size, size), np.float32)
    pixels[:] = np.asarray(view_image(image, view, size)).transpose(2, 0, 1)
    pixels /= np.float32(255)  # by NumPy, in place: torch would wake its other threads for each step
    pixels -= np.array(normalisation.mean, np.float32)[:, None, None]
    pixels /= np.array(normalisation.std, np.float32)[:, None, None]
    return torch.from_numpy(pixels)


def normalised(pixels: torch.Tensor, normalisation: Normalisation) -> torch.Tensor:
    """Normalise values in [0, 1], (..., 3, h, w), as a network's input."""
    mean, std = _columns(normalisation, pixels.device)
    return (pixels - mean) / std


def denormalised(images: torch.Tensor, normalisation: Normalisation) -> torch.Tensor:
    """Undo ``normalised``: a network's input, (..., 3, h, w), as values clamped to [0, 1]."""
    mean, std = _columns(normalisation, images.device)
    return (images * std + mean).clamp(0, 1)


def _columns(normalisation: Normalisation, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    mean, std = (
        torch.tensor(values, device=device).view(3, 1, 1) for values in (normalisation.mean, normalisation.std)
    )
    return mean, std


def list_images(folder: str | os.PathLike[str]) -> list[Path]:
    """List the files with ``IMAGE_SUFFIXES`` below a folder, sorted, without hidden files and links.

    Raises:
        NotADirectoryError: ``folder`` is missing or not a folder.
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
    try:
        return read_file(path, MAX_FILE_BYTES)
    except FileNotFoundError:
        raise FileNotFoundError(f"no image file {name!r}; check the path") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{name!r} is a folder; give an image file in it") from None
    except (OSError, ValueError) as error:
        raise ImageError(str(error)) from error


def _decode(source: io.BytesIO | Image.Image, most_pixels: int, use: Callable[[Image.Image], T]) -> T:
    image = source if isinstance(source, Image.Image) else Image.open(source, formats=FORMATS)
    _check_size(image, MAX_PIXELS)
    if image is not source:
        _draft(image, most_pixels)
    _check_size(image, most_pixels)
    check_layout(image)
    with DECODING.room(image.width * image.height):
        image.load()
        rgb, note = plain_rgb(image)
        rgb.note = note  # type: ignore[attr-defined]
        del image
        return use(rgb)


def _check_size(image: Image.Image, most_pixels: int) -> None:
    """Refuse what would take too much memory; a tile of a TIFF may be far larger than its image."""
    width, height = image.size
    tags = getattr(image, "tag_v2", {})
    tile = float(tags.get(_TILE_WIDTH, 0)) * float(tags.get(_TILE_LENGTH, 0))
    if max(width * height, tile) > most_pixels:
        raise Image.DecompressionBombError
    if width * height == 0:
        raise ValueError(f"it has {width} x {height} pixels")


def _draft(image: Image.Image, most_pixels: int) -> None:
    """Let Pillow decode a JPEG that is too large at a half, a quarter or an eighth of its size, the largest that fits."""
    if image.format in ("JPEG", "MPO") and image.width * image.height > most_pixels:
        part = next((part for part in (2, 4) if image.width * image.height <= most_pixels * part**2), 8)
        image.draft(None, (image.width // part, image.height // part))
