"""The record of what is done: one file of JSON lines for each rank, only ever appended to, and searched by image.

A record is a dict with ``path`` (the item's relative path), ``key``, ``setting`` and ``status``: ``"ok"`` with ``files``
(name below the export -> [bytes, sha256]) and ``rows``, or ``"failed"`` with ``error`` and ``reason``.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self

import msgspec

FOLDER = "ledger"
OK, FAILED = "ok", "failed"
Record = dict
Place = tuple[int, int, int]  # number of the file, position in it, length


class Ledger:
    """The records of one setting by all ranks; this rank's file is open for appending.

    Only the records' positions are kept in memory, some hundred bytes for each image.
    """

    def __init__(self, out: Path, setting: str, rank: int = 0):
        self.out, self.setting = out, setting
        folder = out / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._own = folder / f"rank-{rank:04d}.jsonl"
        self._file = os.open(self._own, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        self._files: list[BinaryIO] = []
        self._lock = threading.Lock()
        self._end_torn_line()
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._file)
        self._close()

    def refresh(self) -> None:
        """Read what all ranks have recorded until now."""
        self._close()
        places: dict[bytes, list[Place]] = {}
        self._mixed = False  # whether an export with another setting may have overwritten files
        for number, path in enumerate(sorted(self._own.parent.glob("rank-*.jsonl"))):
            self._files.append(open(path, "rb"))  # noqa: SIM115  # closed by _close
            position = 0
            for line in self._files[-1]:
                record = _parsed(line)
                if record and record["setting"] == self.setting:
                    places.setdefault(_hashed_path(record["path"]), []).append((number, position, len(line)))
                elif record:
                    self._mixed = True
                position += len(line)
        self._places = places

    def append(self, record: Record) -> None:
        """Write one record; it is on disk only after ``sync``."""
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]

    def sync(self) -> None:
        """Wait until what was appended is on disk."""
        os.fsync(self._file)

    def of(self, relative: str) -> Iterator[Record]:
        """The records of an image, the latest of each rank first."""
        for number, position, length in reversed(self._places.get(_hashed_path(relative), [])):
            with self._lock:
                self._files[number].seek(position)
                record = _parsed(self._files[number].read(length))
            if record and record["path"] == relative:
                yield record

    def done(self, relative: str, key: str, hashed: bool = False) -> Record | None:
        """The record of an image under this key, if it failed or its files confirm it.

        Sizes are compared, and contents where ``hashed`` or where other files have had the same names.
        """
        found = list(self.of(relative))
        hashed = hashed or self._mixed or len({record["key"] for record in found}) > 1
        found = [record for record in found if record["key"] == key]
        best = next((record for record in found if record["status"] == OK), found[0] if found else None)
        return best if best and (best["status"] == FAILED or confirms(self.out, best, hashed)) else None

    def current(self, relative: str) -> Record | None:
        """The record of an image; where there are several keys, one that its files confirm, else one of a failure."""
        found = list(self.of(relative))
        done = [record for record in found if record["status"] == OK]
        if len({record["key"] for record in found}) > 1:
            done = [record for record in done if confirms(self.out, record, hashed=True)]
            found = done or [record for record in found if record["status"] == FAILED]
        return next(iter(done or found), None)

    def _close(self) -> None:
        while self._files:
            self._files.pop().close()

    def _end_torn_line(self) -> None:
        """End the incomplete line of a process that was killed, so that the next record starts on a line of its own."""
        if os.lseek(self._file, 0, os.SEEK_END):
            os.lseek(self._file, -1, os.SEEK_END)
            if os.read(self._file, 1) != b"\n":
                os.write(self._file, b"\n")


def confirms(out: Path, record: Record, hashed: bool = False) -> bool:
    """Whether every file of a record is there with its size, and where ``hashed``, its content."""
    for name, (size, digest) in record["files"].items():
        try:
            if (out / name).stat().st_size != size:
                return False
            if hashed and hashlib.sha256((out / name).read_bytes()).hexdigest() != digest:
                return False
        except OSError:
            return False
    return True


def _hashed_path(relative: str) -> bytes:
    return hashlib.sha256(os.fsencode(relative)).digest()[:16]


class _Row(msgspec.Struct):
    """The results of one variant on an image, see ``rows_of``."""

    variant: str
    explained: str
    probability: float
    classes: list[str]
    probabilities: list[float]
    measures: dict[str, float]
    out_of_class: bool | None = None


class _Done(msgspec.Struct, tag_field="status", tag=OK):
    """An exported image: every field that is read later, with its type."""

    path: str
    key: str
    setting: str
    files: dict[str, tuple[int, str]]
    rows: list[_Row]
    batch: int = 0
    device: str = ""
    engine: str = ""
    remark: str = ""


class _Failed(msgspec.Struct, tag_field="status", tag=FAILED, forbid_unknown_fields=True):
    """An image that could not be exported."""

    path: str
    key: str
    setting: str
    error: str
    reason: str


def _parsed(line: bytes) -> Record | None:
    """The record of a line; None for a line that is incomplete, foreign, or has fields of the wrong type."""
    try:
        record = json.loads(line)
        msgspec.convert(record, _Done | _Failed)
        if not isinstance(record.get("files", {}), dict):  # checked for failed images too, which have none
            return None
        names = list(record.get("files", {}))
        for name in (record["path"], *names):
            os.fsencode(name)  # a lone surrogate cannot be in a file name
    except (ValueError, TypeError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    inside = all(_stays_below(name) for name in names)
    return record if line.endswith(b"\n") and inside else None


def _stays_below(name: str) -> bool:
    """Whether a path stays below the export."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\0" not in name
