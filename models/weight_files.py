"""Weight files: untrusted bytes to tensors of which nobody has read a value yet."""

import pickle
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

SAFETENSORS = ".safetensors"
PICKLED = (".pth", ".pt", ".bin", ".ckpt", ".tar")
ZIP_MAGIC = b"PK\x03\x04"


class CheckpointError(ValueError):
    """A checkpoint cannot be read or does not fit; the message says what came, what was expected and the way out."""


def printable(text: str, longest: int = 200) -> str:
    """Text out of an untrusted file, cut, and without the control characters that steer a terminal."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[: longest + 1])
    return shown if len(text) <= longest else f"{shown[:longest]}..."


def quoted(names: Iterable[object], most: int = 3) -> str:
    """The first names in quotes, and how many more there are."""
    listed = list(names)
    text = ", ".join(f"'{printable(str(name), 80)}'" for name in listed[:most])
    return f"{text} and {len(listed) - most} more" if len(listed) > most else text


def read_weights(path: Path) -> tuple[object, dict[str, str]]:
    """What a file holds, and the texts in its safetensors header (none in a pickled file).

    Tensors of safetensors and of torch's zip files are views of the file, so no value is read and no memory taken
    before somebody has looked at their shapes. Of pickled files only tensors and plain containers are ever made.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is no weight file, it is damaged, or it holds more than tensors.
    """
    if not path.exists():
        raise FileNotFoundError(f"no checkpoint at {path}; expected a .safetensors, .pth or .pt file")
    if not path.is_file():
        raise CheckpointError("not a file; expected a .safetensors, .pth or .pt file")
    if path.suffix not in (SAFETENSORS, *PICKLED):
        raise CheckpointError(f"unknown ending {path.suffix!r}; expected .safetensors, .pth or .pt")
    if path.stat().st_size == 0:
        raise CheckpointError("the file is empty; copy or download it again")
    return _read_safetensors(path) if path.suffix == SAFETENSORS else (_read_pickled(path), {})


def _read_safetensors(path: Path) -> tuple[object, dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except OSError:
        raise
    except SafetensorError as error:
        reason = printable(str(error).removeprefix("Error while deserializing header: "))
        raise CheckpointError(f"no complete safetensors file ({reason}); copy or download it again") from error
    except Exception as error:  # a dtype that this torch does not know ends in one of several types
        raise CheckpointError(
            f"no tensors that torch can hold ({printable(str(error))}); expected floating point weights"
        ) from error


def _read_pickled(path: Path) -> object:
    with path.open("rb") as file:
        zipped = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    try:
        if zipped:
            _check_archive(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except (OSError, CheckpointError):
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(str(error))) from error
    except (
        Exception
    ) as error:  # damaged pickles end in almost any type; torch's advice to trust the file is not passed on
        if "legacy .tar" in str(error):
            raise CheckpointError(
                "the old tar format, which cannot be read safely; save it again with torch.save"
            ) from error
        raise CheckpointError("no complete file of torch.save; copy or download it again") from error


def _check_archive(path: Path) -> None:
    """Refuse archives that torch never writes for a state dict: programs, and compressed entries, which can swell."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise CheckpointError("no complete file of torch.save; copy or download it again") from error
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise CheckpointError("a TorchScript archive, which is a program; save the module's state_dict() instead")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError("a compressed archive; expected a file as torch.save writes it")


def _refusal(message: str) -> str:
    found = re.search(r"GLOBAL:? ([\w.]+)", message)
    if found is None:
        return "no complete file of torch.save; copy or download it again"
    return (
        f"it holds {found[1][:80]}, which is code and was not run; expected tensors only: "
        "load it where it was made and save its state_dict()"
    )
