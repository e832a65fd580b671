"""Write files that are whole or absent, and read only regular files that are not too large."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PIECE = 1 << 20  # bytes
STATUS = "/proc/self/status"


@contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path``; on leaving without an error it is synced to disk and takes the name.

    After an error, or a crash at any moment, ``path`` is what it was before.

    Raises:
        FileNotFoundError: the folder does not exist.
        OSError: the disk is full or not writable.
    """
    path = Path(path)
    require_folder(path)
    mode = 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def require_folder(path: str | os.PathLike) -> None:
    """Refuse, before any work, a path in a folder that is not there.

    Raises:
        FileNotFoundError: the folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; create it first")


def read_file(path: str | os.PathLike, most: int) -> bytes:
    """All bytes of a file that somebody else may have made: the one door for files from outside.

    Only a regular file is opened, and it is checked again once it is open: reading a pipe may wait for ever, a device has
    no end, and the name may come to mean another file in between. Links to regular files are followed.

    Args:
        path: of the file.
        most: largest allowed size in bytes.

    Raises:
        FileNotFoundError: there is no such file, or the path cannot name one.
        IsADirectoryError: it is a folder.
        ValueError: it is not a regular file, or it is larger than ``most``.
        OSError: it cannot be read.
    """
    shown = _shown(path)
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise ValueError(_too_large(shown, most))
        try:
            content = file.read(size + 1)
            if len(content) > size:  # it grew meanwhile, or is one of those that report a size of 0
                content += _rest(file, most + 1 - len(content))
        except OSError as error:
            raise _as_sentence(error, shown) from error
    if len(content) > most:
        raise ValueError(_too_large(shown, most))
    return content


@contextmanager
def open_file(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open such a file where a reader needs only its start, as ``read_file`` does; how much is read is the reader's matter.

    Raises:
        FileNotFoundError, IsADirectoryError, ValueError, OSError: as ``read_file``.
    """
    shown = _shown(path)
    try:
        _require_regular(os.stat(path).st_mode, shown)
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no file {shown}; check the path") from error
    except (ValueError, OSError) as error:
        raise _as_sentence(error, shown) from error
    with os.fdopen(handle, "rb") as file:
        _require_regular(os.fstat(handle).st_mode, shown)
        yield file


def read_text(path: str | os.PathLike, most: int) -> str:
    """Read a UTF-8 text, with or without a byte order mark, through ``read_file``.

    Raises:
        ValueError: it is not UTF-8; and the errors of ``read_file``.
    """
    try:
        return read_file(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{os.fspath(path)!r} is not a text in UTF-8 ({error.reason}); save it as UTF-8") from error


def _shown(path: str | os.PathLike) -> str:
    return ascii(os.fspath(path)) if not os.fsdecode(path).isprintable() else repr(os.fsdecode(path))


def _rest(file: BinaryIO, most: int) -> bytes:
    """What is left of a file, up to ``most`` bytes, in pieces: one reading of that size would allocate it at once."""
    pieces = []
    while most > 0 and (piece := file.read(min(PIECE, most))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _too_large(shown: str, most: int) -> str:
    return f"{shown} is larger than {most / 2**20:g} MiB; give a smaller file"


def _require_regular(mode: int, shown: str) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{shown} is a folder; give a file in it")
    if not stat.S_ISREG(mode):
        raise ValueError(f"{shown} is not a regular file (a pipe, socket or device); copy its content to a file first")


def _as_sentence(error: ValueError | OSError, shown: str) -> ValueError | OSError:
    """An error of the same type whose message is a sentence that names the file."""
    if isinstance(error, OSError):
        if error.strerror is None:
            return error
        return type(error)(f"{shown} cannot be read ({error.strerror.lower()}); check the path and its permissions")
    return error if str(error).startswith(shown) else FileNotFoundError(f"{shown} names no file; check the path")


def _umask() -> int:
    """The permissions that new files do not get, now; at the start of the process where the system does not tell.

    There is no call that only reads it, and two threads that set it and set it back could leave the wrong one.
    """
    try:
        with open(STATUS, encoding="utf-8", errors="replace") as file:
            told = [line.split()[1] for line in file if line.startswith("Umask:")]
    except OSError:
        told = []
    return int(told[0], 8) if told else UMASK


def _set_umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


UMASK = _set_umask()  # while the process has one thread
