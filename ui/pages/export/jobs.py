"""Exports that go on when the browser is closed: processes of their own, each in a folder that is found by its content."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import psutil

from cam.export.items import file_name
from cam.export.locking import busy
from cam.export.zipping import write_zip
from models.commands import DISK_FULL
from models.files import atomic_write, read_file, read_text
from ui.messages import NO_ROOM, UNEXPECTED
from ui.photographs import Photograph

ROOT = Path(__file__).parents[3]
KEPT = 7 * 24 * 3600  # seconds that a job's folder stays after it was last touched
MOST_DISK = 8 << 30  # bytes of all jobs together; the oldest make room
KEY = 32  # letters of a job's name
RECORD, EXPORT = "job.json", "compound-cam"
MOST_RECORD = 1 << 20  # bytes of a job's record
CLOCK = 2.0  # seconds by which the system may misstate when a process has begun
# Windows cannot ask a process to stop; it ends it at once, and what is written by then is whole.
STOP = signal.SIGTERM if os.name == "nt" else signal.SIGINT
MOST = 1  # exports at once: each takes all cores
PROGRESS, PID = "progress.jsonl", "pid"
COMMAND_WORDS = "python -m cam export: "  # before the sentence that it ends with
FOLDERS = re.compile(r"(?<![\w/])/(?:[^\s/]+/)+(?=[^\s/])")  # of a path, up to the name of its file
RUNNING, FINISHED, STOPPED, FAILED = "running", "finished", "stopped", "failed"

_processes: dict[str, subprocess.Popen] = {}
_lock = threading.Lock()


class Busy(ValueError):
    """Another export has to end first."""


class Progress(NamedTuple):
    """The last line that an export said about itself."""

    total: int = 0
    finished: int = 0
    failed: int = 0
    rate: float = 0.0
    seconds_left: int | None = None

    def words(self) -> str:
        """For people: how many, how fast, how long still."""
        parts = [f"{self.finished:,} of {self.total:,}" if self.total else "a moment"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.finished and self.rate:
            parts.append(f"{self.rate:.1f} a second" if self.rate >= 1 else f"{1 / self.rate:.1f} s each")
        if self.finished and self.seconds_left:
            minutes, seconds = divmod(self.seconds_left, 60)
            parts.append(f"{minutes} min {seconds} s left" if minutes else f"{seconds} s left")
        return " · ".join(parts)


class Recorded(msgspec.Struct, frozen=True):
    """What the record of a job holds: options of the command, the source first, and the folder of the export."""

    words: Annotated[tuple[str, ...], msgspec.Meta(min_length=3)]
    out: str


@dataclass(frozen=True)
class Job:
    """One export of the page.

    Attributes:
        key: names it in links; a hash of photographs and options.
        folder: holds its record, what the process says, and uploads.
        words: options of ``python -m cam export``.
        out: the export.
    """

    key: str
    folder: Path
    words: tuple[str, ...]
    out: Path

    @property
    def own(self) -> bool:
        """It lies in the job's folder, not where a visitor wanted it."""
        return self.folder in self.out.parents


def state_folder() -> Path:
    """Where jobs live, also after the server has stopped."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "compound-cam" / "exports"


def job_of_uploads(photographs: Sequence[Photograph], options: Sequence[str]) -> Job:
    """The job for these photographs; they are written down, under harmless names, so that it can go on without them."""
    named: dict[str, Photograph] = {}
    for photograph in {one.digest: one for one in photographs}.values():
        stem, suffix = file_name(photograph.name), Path(photograph.name).suffix.lower()
        plain = f"{stem.rpartition('-')[0]}{suffix}"
        named[f"{stem}{suffix}" if plain.casefold() in {name.casefold() for name in named} else plain] = photograph
    content = [(name, named[name].digest) for name in sorted(named)]
    job = _job(json.dumps([content, list(options)]), None, None, options)
    try:
        for name, photograph in named.items():
            path = job.folder / "photographs" / name
            path.parent.mkdir(exist_ok=True)
            if not path.is_file():
                with atomic_write(path) as file:
                    file.write(photograph.content)
    except OSError:
        _forget_unused(job)
        raise
    return job


def job_of_folder(source: str, out: str | None, options: Sequence[str]) -> Job:
    """The job that exports a folder, pattern or list of this machine, into a folder of it or, by default, its own."""
    source = os.path.abspath(os.path.expanduser(source))
    out = os.path.abspath(os.path.expanduser(out)) if out else None
    return _job(json.dumps([source, out, list(options)]), source, out, options)


def job_named(key: str) -> Job | None:
    """The job that a link names; None where it does not exist, or not any longer, or its record is damaged."""
    folder = state_folder() / key
    if len(key) != KEY or not key.isalnum():
        return None
    try:
        known = msgspec.convert(json.loads(read_file(folder / RECORD, MOST_RECORD)), Recorded)
    except (ValueError, OSError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return Job(key, folder, known.words, Path(known.out))


def _job(content: str, source: str | None, out: str | None, options: Sequence[str]) -> Job:
    _forget_old()
    key = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:KEY]
    folder = state_folder() / key
    folder.mkdir(parents=True, exist_ok=True)
    target = Path(out) if out else folder / EXPORT
    words = (source or str(folder / "photographs"), "--out", str(target), *options)
    with atomic_write(folder / RECORD) as file:
        file.write(json.dumps(msgspec.to_builtins(Recorded(words, str(target)))).encode())
    return Job(key, folder, words, target)


def _forget_old() -> None:
    """Remove folders that nobody has touched for a week, and the oldest while all take too much of the disk."""
    folder = state_folder()
    jobs = [_job_in(old) for old in (folder.iterdir() if folder.is_dir() else []) if old.is_dir()]
    resting = [(_touched(job), job) for job in jobs if state_of(job) != RUNNING]
    held = sum(map(_size, jobs))
    for touched, job in sorted(resting, key=lambda pair: pair[0]):
        if time.time() - touched > KEPT or held > MOST_DISK:
            held -= _size(job)
            shutil.rmtree(job.folder, ignore_errors=True)


def _job_in(folder: Path) -> Job:
    """The job of a folder; one whose record is missing or damaged has no words any more, and is forgotten with the others."""
    return job_named(folder.name) or Job(folder.name, folder, (), folder / EXPORT)


def _touched(job: Job) -> float:
    """When its record was last written; without one, when its folder last changed."""
    for path in (job.folder / RECORD, job.folder):
        with suppress(OSError):
            return path.stat().st_mtime
    return time.time()  # gone meanwhile


def _size(job: Job) -> int:
    """Bytes of its folder; an export that lies elsewhere is its owner's."""
    total = 0
    for path in job.folder.rglob("*"):
        with suppress(OSError):  # gone meanwhile
            total += path.lstat().st_size
    return total


def _forget_unused(job: Job) -> None:
    """Remove the folder, with its uploads, of a job that has never been started."""
    if not (job.folder / PROGRESS).exists():
        shutil.rmtree(job.folder, ignore_errors=True)


# ---------------------------------------------------------------------------------------------------------- the process


def start(job: Job) -> None:
    """Begin, or go on where it was stopped.

    Raises:
        Busy: another export is running.
    """
    with _lock:
        if state_of(job) == RUNNING:
            return
        if sum(process.poll() is None for process in _processes.values()) >= MOST:
            _forget_unused(job)
            raise Busy("another export is running on this server; start yours when it has ended, nothing is lost")
        command = [sys.executable, "-m", "cam", "export", *job.words]
        with open(job.folder / PROGRESS, "wb") as progress, open(job.folder / "errors.txt", "wb") as errors:
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=progress, stderr=errors)
        (job.folder / PID).write_text(str(process.pid))
        _processes[job.key] = process


def again(job: Job) -> Job:
    """The same job, which also tries photographs again that failed."""
    return replace(job, words=(*job.words, "--retry-failed"))


def cancel(job: Job) -> None:
    """Ask the process to finish its batch and end.

    Raises:
        ValueError: what is at work in the export's folder was not begun from this page.
    """
    process = _processes.get(job.key)
    if process is not None and process.poll() is None:
        os.kill(process.pid, STOP)
    elif busy(job.out):  # begun by a server that is gone
        begun = _begun_before(job)
        if begun is None:
            raise ValueError("another program is at work in this export's folder; end it where it was started")
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            begun.send_signal(STOP)


def _begun_before(job: Job) -> psutil.Process | None:
    """The process that another server began for a job; None where its number, as it was written down, is another's by now."""
    path = job.folder / PID
    try:
        number = int(read_text(path, 100))
        process = psutil.Process(number) if number > 0 else None
        return process if process and process.create_time() <= path.stat().st_mtime + CLOCK else None
    except (ValueError, OSError, psutil.Error):
        return None


def state_of(job: Job) -> str:
    """``running``, ``finished``, ``stopped`` (goes on when it is started again) or ``failed`` (``reason`` says why)."""
    process = _processes.get(job.key)
    if (process is not None and process.poll() is None) or busy(job.out):
        return RUNNING
    told = progress_of(job)
    if process is not None and process.poll() in (1, 2, 4):
        return FAILED
    return FINISHED if told.total and told.finished == told.total and (job.out / "index.html").is_file() else STOPPED


def progress_of(job: Job) -> Progress:
    """What the process said last."""
    try:
        last = (job.folder / PROGRESS).read_text().strip().rsplit("\n", 1)[-1]
        told = json.loads(last)
        finished = told["done"] + told["skipped"] + told["failed"]
        return Progress(told["total"], finished, told["failed"], told["images_per_second"], told["eta_seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return Progress()


def reason(job: Job) -> str:
    """Why it failed, in a sentence for visitors: as the command said it, without the folders that are the server's."""
    process = _processes.get(job.key)
    if process is not None and process.poll() == DISK_FULL:
        return NO_ROOM
    try:
        last = (job.folder / "errors.txt").read_text(errors="replace").strip().rsplit("\n", 1)[-1]
    except OSError:
        last = ""
    words = last.removeprefix(COMMAND_WORDS)
    if words == last:  # no sentence of the command, but what Python leaves of a fault
        return UNEXPECTED
    folders = {job.words[0]: "the photographs", str(job.out): "the folder"} if job.own else {}
    folders |= {str(job.folder): "the folder"}  # the last, because it may hold the others
    for folder, named in folders.items():
        words = re.sub(rf"{re.escape(folder)}(?![\w./-])", named, words.replace(f"{folder}/", ""))
    words = FOLDERS.sub("", words) if job.own else words
    return f"{words[:1].upper()}{words[1:]}."


def zipped(job: Job) -> Path:
    """The export as one ZIP, which is made at the first call."""
    path = job.folder / "compound-cam.zip"
    index = job.out / "index.html"
    if not path.is_file() or path.stat().st_mtime < index.stat().st_mtime:
        write_zip(job.out, path)
    return path
