"""Read comparisons that ``Comparison.save`` wrote, from untrusted files: every part is checked before it is used."""

import io
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.lib import format as npy

from cam.maps.methods import METHODS
from models.files import atomic_write, read_file
from models.images import VIEWS

FORMAT = 1
MOST_BYTES = 2**29  # of a file, and of its arrays unpacked: 300 images of five networks
MOST_ENTRIES, MOST_SIDE = 100, 4096
HEADER = 256  # bytes before the numbers of an array, at most
KINDS: dict[str, tuple[type, int]] = {
    "maps": (np.float32, 3),
    "logits": (np.float32, 2),
    "others": (np.float32, 1),
    "class_idx": (np.int64, 1),
    "against_idx": (np.int64, 1),
}


def write_arrays(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz file; packed in memory, since where a file cannot tell its position zipfile writes other bytes.

    Raises:
        ValueError: ``read_arrays`` would refuse the file.
        OSError: it cannot be written.
    """
    require_room(len(arrays), sum(array.nbytes + HEADER for array in arrays.values()))
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    if packed.tell() > MOST_BYTES:
        raise ValueError(f"the comparison packs to more than {MOST_BYTES // 2**20} MiB; save fewer images in a file")
    with atomic_write(path) as file:
        file.write(packed.getbuffer())


def require_room(entries: int, size: int) -> None:
    """Refuse what would be a file that cannot be read again.

    Args:
        entries: number of arrays.
        size: of all of them unpacked, in bytes.

    Raises:
        ValueError: there are too many, or they are too large.
    """
    if entries > MOST_ENTRIES:
        raise ValueError(
            f"{entries} arrays of a comparison; a file holds up to {MOST_ENTRIES}: save fewer networks in it"
        )
    if size > MOST_BYTES:
        raise ValueError(
            f"{-(-size // 2**20):,} MiB of a comparison; a file holds up to {MOST_BYTES // 2**20} MiB: "
            "save fewer images or networks in it"
        )


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of an .npz file; nothing is unpickled, and sizes are checked before anything is unpacked.

    Raises:
        ValueError: it is not a saved comparison, or too large.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(read_file(path, MOST_BYTES))) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise ValueError(f"it holds {len(entries):,} arrays, more than {MOST_ENTRIES}")
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise ValueError(f"it unpacks to more than {MOST_BYTES // 2**20} MiB")
            return {entry.filename.removesuffix(".npy"): _array(archive.read(entry)) for entry in entries}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _array(content: bytes) -> np.ndarray:
    file = io.BytesIO(content)
    try:
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(file)]
        shape, columns, dtype = header(file)
    except (KeyError, SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise ValueError("an array of it has a broken header") from error
    if dtype.hasobject or dtype.kind not in "fiu" or min(shape, default=1) < 0 or columns:
        raise ValueError(f"an array of it holds {dtype}; expected plain numbers")
    if math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError("an array of it is not as large as it says")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape).copy()


def read_document(document: type[Any], arrays: Mapping[str, np.ndarray]) -> Any:
    """The texts and numbers beside the arrays.

    Args:
        document: type of the record.
        arrays: the array ``document`` holds its JSON as bytes.

    Raises:
        ValueError: the JSON does not fit the type; the message names the place.
    """
    if "document" not in arrays or arrays["document"].dtype != np.uint8:
        raise ValueError("it has no document")
    try:
        return msgspec.json.decode(arrays["document"].tobytes(), type=document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def checked_arrays(arrays: Mapping[str, np.ndarray], found: Any) -> dict[str, Any]:
    """``images``, and what ``KINDS`` lists by variant, once they fit the document.

    Args:
        arrays: of the file.
        found: its document: ``variants``, ``names``, ``categories``, ``method``, ``view``.

    Raises:
        ValueError: one is missing, or has another type, shape or values than it must.
    """
    count, classes = len(found.names), len(found.categories)
    if not (count and classes and found.variants) or found.method not in METHODS or found.view not in VIEWS:
        raise ValueError("its method, view, variants or names are not valid")
    images = arrays.get("images")
    if images is None or images.dtype != np.uint8 or images.ndim != 4 or images.shape[0] != count:
        raise ValueError(f"expected {count} images")
    if images.shape[3] != 3 or images.shape[1] != images.shape[2] or not 1 <= images.shape[1] <= MOST_SIDE:
        raise ValueError("its images are not square, or not RGB")
    kinds: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in KINDS}
    for kind, (dtype, axes) in KINDS.items():
        for key, facts in found.variants.items():
            if kind == "others" and not (facts.score_scale and facts.score_scale.needs_others):
                continue
            side = len(facts.centres)
            shape = {"maps": (count, side, side), "logits": (count, classes)}.get(kind, (count,))
            array = arrays.get(f"{kind}/{key}")
            if array is None and kind == "against_idx":
                continue
            if array is None or array.dtype != dtype or array.ndim != axes or array.shape != shape or not side:
                raise ValueError(f"{kind} of {key!r} are missing or of another shape; expected {shape}")
            if not np.isfinite(array).all() or (dtype is np.int64 and not ((array >= 0) & (array < classes)).all()):
                raise ValueError(f"{kind} of {key!r} hold values that are not valid")
            kinds[kind][key] = array
    if kinds["against_idx"] and kinds["against_idx"].keys() != found.variants.keys():
        raise ValueError("against_idx is given for some variants only")
    return {"images": images, **kinds, "against_idx": kinds["against_idx"] or None}
