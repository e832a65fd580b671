"""Weight files: from untrusted bytes to tensors whose values are not read yet."""

import io
import json
import pickle
import re
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from models.checkpoints.archives import MOST_TENSORS, check_archive, check_legacy
from models.checkpoints.pickled_calls import DAMAGED, PickleError, code_in
from models.checkpoints.placeholders import Hostile, placeholders
from models.files import read_file

SAFETENSORS = ".safetensors"
PICKLED = (".pth", ".pt", ".bin", ".ckpt", ".tar")
ZIP_MAGIC, TAR_MAGIC = b"PK\x03\x04", b"ustar"
MOST_BYTES = 2**30  # of a file; B7 with two averages of its weights takes 0.8 GB
MOST_HEADER = 16 * 2**20  # bytes that name the tensors
KERAS_WAY = (
    "Keras; save its weights by name instead: "
    "safetensors.numpy.save_file({w.path: w.numpy() for w in model.weights}, 'model.safetensors')"
)
FOREIGN = {
    ".h5": KERAS_WAY,
    ".hdf5": KERAS_WAY,
    ".keras": KERAS_WAY,
    ".tflite": "TensorFlow Lite, a program without a state dict; bring the Keras or PyTorch weights that it was made from",
    ".pb": "TensorFlow, a graph without a state dict; load it in Keras and save its weights by name",
}  # ending -> whose file it is, and what to do instead


class CheckpointError(ValueError):
    """A checkpoint cannot be read or does not fit; the message says what came, what was expected and the way out."""


def printable(text: str, longest: int = 200) -> str:
    """Text from an untrusted file, cut, and without the control characters that steer a terminal."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[: longest + 1])
    return shown if len(text) <= longest else f"{shown[:longest]}..."


def quoted(names: Iterable[object], most: int = 3) -> str:
    """The first names in quotes, and how many more there are."""
    listed = list(names)
    text = ", ".join(f"'{printable(str(name), 80)}'" for name in listed[:most])
    return f"{text} and {len(listed) - most} more" if len(listed) > most else text


def read_weights(path: Path) -> tuple[object, dict[str, str]]:
    """The content of a file, and the texts in its safetensors header (none in a pickled file).

    The file is read once, so that it cannot change meanwhile; what its header or pickle declares is limited before any
    tensor is made. Pickled files only ever become tensors and plain containers.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is not a weight file, it is damaged, too large, or it holds more than tensors.
    """
    if path.is_file() and (way := FOREIGN.get(path.suffix.lower())) is not None:
        raise CheckpointError(f"a file of {way}")
    if path.is_file() and path.suffix not in (SAFETENSORS, *PICKLED):
        raise CheckpointError(f"unknown ending {path.suffix!r}; expected .safetensors, .pth or .pt")
    content = read_content(path)
    return _read_safetensors(content) if path.suffix == SAFETENSORS else (_read_pickled(content), {})


def read_content(path: Path) -> bytes:
    """The bytes of a checkpoint's file.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is not a regular file, empty or too large.
    """
    try:
        content = read_file(path, MOST_BYTES)
    except FileNotFoundError:
        raise FileNotFoundError(f"no checkpoint at {path}; expected a .safetensors, .pth or .pt file") from None
    except (IsADirectoryError, ValueError) as error:
        came = "not a file" if path.is_dir() else f"not a regular file of up to {MOST_BYTES // 2**20:,} MiB"
        raise CheckpointError(f"{came}; expected a .safetensors, .pth or .pt file") from error
    if not content:
        raise CheckpointError("the file is empty; copy or download it again")
    return content


def _read_safetensors(content: bytes) -> tuple[object, dict[str, str]]:
    metadata = _checked_header(content)
    try:
        return safetensors.torch.load(content), metadata
    except SafetensorError as error:
        reason = printable(re.sub(r"^Error while \w+( header)?: ", "", str(error)))
        raise CheckpointError(f"not a complete safetensors file ({reason}); copy or download it again") from error
    except Exception as error:  # a dtype that this torch does not know raises one of several types
        raise CheckpointError(
            f"tensors that torch cannot hold ({printable(str(error))}); expected floating point weights"
        ) from error


def _checked_header(content: bytes) -> dict[str, str]:
    """Texts of the header, unless it is longer or names more tensors than any network needs; {} where it is damaged."""
    length = int.from_bytes(content[:8], "little")
    if MOST_HEADER < length < len(content):
        raise CheckpointError(f"its header has {length:,} bytes; expected up to {MOST_HEADER:,}")
    try:
        header = json.loads(content[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
    except (ValueError, AttributeError, RecursionError):  # safetensors says what is wrong
        return {}
    if len(header) > MOST_TENSORS:
        raise CheckpointError(f"it holds {len(header):,} tensors; expected up to {MOST_TENSORS:,}")
    return metadata if isinstance(metadata, dict) else {}


def _read_pickled(content: bytes) -> object:
    file = io.BytesIO(content)
    try:
        if content.startswith(ZIP_MAGIC):
            check_archive(content)
        elif content[257:262] == TAR_MAGIC:
            raise CheckpointError("the old tar format, which cannot be read safely; save it again with torch.save")
        else:
            check_legacy(file, len(content))
        with placeholders(file) if content.startswith(ZIP_MAGIC) else nullcontext():
            file.seek(0)
            return torch.load(file, map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except PickleError as error:
        raise CheckpointError(str(error)) from error
    except Hostile as error:
        raise CheckpointError(_refusal(f"GLOBAL {error}")) from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(str(error))) from error
    except (
        Exception
    ) as error:  # damaged pickles raise almost any type; torch's advice to trust the file is not passed on
        raise CheckpointError(DAMAGED) from error


def _refusal(message: str) -> str:
    found = re.search(r"GLOBAL:? ([\w.]+)", message)
    if found is None:
        return DAMAGED
    return code_in(found[1])
