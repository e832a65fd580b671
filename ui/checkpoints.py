"""Checkpoints that visitors upload: where they are stored, and how pickles become safetensors.

A pickle is never read in the server process, which serves everybody, but in a process with limits of memory and time.
"""

import hashlib
import shutil
import tempfile
import weakref
from pathlib import Path

from models.checkpoints.apart import is_pickled, unpickled_apart
from models.checkpoints.clues import CONFIG, PREPROCESSOR
from models.checkpoints.weight_files import MOST_BYTES, SAFETENSORS
from models.files import read_file
from ui.shared import shared

MOST_CHECKPOINTS = 2**30  # bytes of all checkpoints that are kept


class Kept:
    """A folder on disk with one checkpoint in it, deleted when nobody uses it any more."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="compound-cam-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)  # also when the server exits

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


def keep_checkpoint(name: str, content: bytes) -> tuple[str, str]:
    """Put an uploaded checkpoint where ``Study.with_checkpoint`` can read it; return its path and sha256.

    Raises:
        ValueError: the server holds as many checkpoints as it can.
    """
    digest = hashlib.sha256(content).hexdigest()
    return str(_uploaded(digest, Path(name).name, content).folder / Path(name).name), digest


def local_checkpoint(path: str) -> tuple[str, str]:
    """Path and sha256 of a checkpoint on this machine.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a checkpoint, or too large.
        OSError: it cannot be read.
    """
    return path, hashlib.sha256(read_file(path, MOST_BYTES)).hexdigest()


def plain_checkpoint(path: str, digest: str) -> str:
    """Path of the same checkpoint as safetensors; its own path where it is not pickled.

    Raises:
        CheckpointError: the file is refused, or reading it takes too much memory or time.
    """
    if not is_pickled(Path(path)):
        return path
    return str(_unpickled(digest, path).folder / f"{Path(path).name}{SAFETENSORS}")


@shared(64, personal=lambda *_: True)
def _uploaded(digest: str, name: str, _content: bytes) -> Kept:
    held = sum(kept.size() for kept in (*_uploaded.results(), *_unpickled.results()))
    if held + len(_content) > MOST_CHECKPOINTS:
        raise ValueError("the server holds as many checkpoints as it can; try again when others have left")
    kept = Kept()
    (kept.folder / name).write_bytes(_content)
    return kept


@shared(64, personal=lambda *_: True)
def _unpickled(digest: str, path: str) -> Kept:
    kept = Kept()
    for beside in (CONFIG, PREPROCESSOR):  # these hold what the tensors alone cannot tell
        if (Path(path).parent / beside).is_file():
            shutil.copy(Path(path).parent / beside, kept.folder)
    unpickled_apart(Path(path), kept.folder / f"{Path(path).name}{SAFETENSORS}")
    return kept
