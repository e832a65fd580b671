"""The record of what is done: one file of JSON lines for each rank, only ever appended to, and searched by image."""

import hashlib
import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO, Literal, Self

import msgspec

from cam.export.rows import Row

FOLDER = "ledger"
OK, FAILED = "ok", "failed"
MOST_LINE = 4 << 20  # bytes; a record of eight variants with all their files has some ten thousand
PART = 1 << 20  # bytes of a file that are in memory while it is hashed
Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Files = dict[str, tuple[Count, str]]  # name below the export -> bytes, sha256
Place = tuple[int, int, int]  # number of the ledger's file, position in it, length


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An exported image.

    Attributes:
        path: the item's relative path.
        key: hash of everything that its files depend on.
        setting: hash of what all images of an export share.
        batch: images in the pass that computed it; 0 where that is unknown, as in the next two.
        device: that computed it.
        engine: that computed it.
        remark: why the mask beside it is not used.
        files: what was written.
        rows: one for each variant.
    """

    path: str
    key: str
    setting: str
    status: Literal["ok"] = "ok"
    batch: Count = 0
    device: str = ""
    engine: str = ""
    remark: str | msgspec.UnsetType = msgspec.UNSET
    files: Files
    rows: list[Row]


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """An image that could not be exported: the name of the error, and what it says; the others as in ``Done``."""

    path: str
    key: str
    setting: str
    status: Literal["failed"] = "failed"
    error: str
    reason: str


ImageRecord = Done | Failed
KINDS: dict[str, type[Done] | type[Failed]] = {OK: Done, FAILED: Failed}


class Ledger:
    """The records of one setting by all ranks; this rank's file is open for appending.

    Only the records' positions are kept in memory, some hundred bytes for each image.

    Raises:
        ValueError: the ledger of a rank is not a regular file.
        OSError: this rank's cannot be written.
    """

    def __init__(self, out: Path, setting: str, rank: int = 0):
        self.out, self.setting = out, setting
        folder = out / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._own = folder / f"rank-{rank:04d}.jsonl"
        self._file = os.open(self._own, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        self._files: list[BinaryIO] = []
        self._lock = threading.Lock()
        try:
            self.refresh()
            self._end_torn_line()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)
        self._close()

    def refresh(self) -> None:
        """Read what all ranks have recorded until now.

        Raises:
            ValueError: one of their ledgers is not a regular file.
        """
        self._close()
        places: dict[bytes, list[Place]] = {}
        self._mixed = False  # whether an export with another setting may have overwritten files
        for number, path in enumerate(sorted(self._own.parent.glob("rank-*.jsonl"))):
            self._files.append(_opened(path))
            position = 0
            while line := self._files[-1].readline(MOST_LINE):  # the parts of a longer one are no records
                record = _parsed(line)
                if record and record.setting == self.setting:
                    places.setdefault(_hashed_path(record.path), []).append((number, position, len(line)))
                elif record:
                    self._mixed = True
                position += len(line)
        self._places = places

    def append(self, record: ImageRecord) -> None:
        """Write one record; it is on disk only after ``sync``."""
        line = json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]

    def sync(self) -> None:
        """Wait until what was appended is on disk."""
        os.fsync(self._file)

    def of(self, relative: str) -> Iterator[ImageRecord]:
        """The records of an image, the latest of each rank first."""
        for number, position, length in reversed(self._places.get(_hashed_path(relative), [])):
            with self._lock:
                self._files[number].seek(position)
                record = _parsed(self._files[number].read(length))
            if record and record.path == relative:
                yield record

    def done(self, relative: str, key: str, hashed: bool = False) -> ImageRecord | None:
        """The record of an image under this key, if it failed or its files confirm it.

        Sizes are compared, and contents where ``hashed`` or where other files have had the same names.
        """
        found = list(self.of(relative))
        hashed = hashed or self._mixed or len({record.key for record in found}) > 1
        found = [record for record in found if record.key == key]
        best = next((record for record in found if isinstance(record, Done)), found[0] if found else None)
        return None if isinstance(best, Done) and not confirms(self.out, best, hashed) else best

    def current(self, relative: str) -> ImageRecord | None:
        """The record of an image; where there are several keys, one that its files confirm, else one of a failure."""
        found = list(self.of(relative))
        done = [record for record in found if isinstance(record, Done)]
        if len({record.key for record in found}) > 1:
            done = [record for record in done if confirms(self.out, record, hashed=True)]
            found = [record for record in found if isinstance(record, Failed)]
        return next(iter([*done, *found]), None)

    def _close(self) -> None:
        while self._files:
            self._files.pop().close()

    def _end_torn_line(self) -> None:
        """End the incomplete line of a process that was killed, so that the next record starts on a line of its own."""
        if os.lseek(self._file, 0, os.SEEK_END):
            os.lseek(self._file, -1, os.SEEK_END)
            if os.read(self._file, 1) != b"\n":
                os.write(self._file, b"\n")


def confirms(out: Path, record: Done, hashed: bool = False) -> bool:
    """Whether every file of a record is there with its size, and where ``hashed``, its content."""
    for name, (size, digest) in record.files.items():
        try:
            with _opened(out / name) as file:
                if os.fstat(file.fileno()).st_size != size or (hashed and _digest(file, size) != digest):
                    return False
        except (ValueError, OSError):
            return False
    return True


def _digest(file: BinaryIO, size: int) -> str | None:
    """The sha256 of a file; None where it ends before ``size`` bytes or goes on after them."""
    digest, left = hashlib.sha256(), size
    while left and (part := file.read(min(left, PART))):
        digest.update(part)
        left -= len(part)
    return None if left or file.read(1) else digest.hexdigest()


def _opened(path: Path) -> BinaryIO:
    """Open a regular file for reading, checked again once it is open: others wait, or have no end.

    Raises:
        ValueError: it is a folder, pipe, socket or device.
        OSError: it is missing or cannot be opened.
    """
    regular = stat.S_ISREG(os.stat(path).st_mode)
    if regular:
        file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
    raise ValueError(f"{str(path)!r} is not a regular file; remove it, or export into a new folder")


def _hashed_path(relative: str) -> bytes:
    return hashlib.sha256(os.fsencode(relative)).digest()[:16]


def _parsed(line: bytes) -> ImageRecord | None:
    """The record of a line; None for a line that is incomplete, foreign, or has fields of the wrong type."""
    try:
        found = json.loads(line)
        record = msgspec.convert(found, KINDS[found["status"]])
        names = list(record.files) if isinstance(record, Done) else []
        for name in (record.path, *names):
            os.fsencode(name)  # a lone surrogate cannot be in a file name
    except (ValueError, TypeError, KeyError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return record if line.endswith(b"\n") and all(map(_stays_below, names)) else None


def _stays_below(name: str) -> bool:
    """Whether a path stays below the export."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\0" not in name
