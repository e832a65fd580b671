"""The files of one image, made and written in separate processes, which end with their parent."""

import hashlib
import io
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from cam.comparison import Comparison
from cam.export.keys import Settings
from cam.export.ledger import Files
from cam.export.rows import Row, rows_of
from cam.figures.display import Display
from cam.figures.drawing import PNG_EFFORT, drawn_alone, write_pixels, write_vectors
from cam.figures.figure import figure_layout
from cam.figures.layout import Layout
from cam.figures.panels import Painter
from cam.measures.masks import InstanceMask
from models.files import atomic_write

THUMBNAILS, THUMBNAIL = "thumbnails", 144
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
KILLED = "a rendering process was killed, perhaps because memory is full; try --workers 1, which goes on from here"


@dataclass(frozen=True)
class Rendering:
    """One compared image: what a process needs to write its files.

    Attributes:
        out: folder of the export.
        name: of the files, without suffix.
        comparison: of this image alone, without features.
        mask: its objects, or None.
    """

    out: Path
    name: str
    comparison: Comparison
    mask: InstanceMask | None
    settings: Settings


def render(job: Rendering) -> tuple[Files, list[Row]]:
    """Write the files that the settings ask for, each whole or not at all, and a strip of small panels for the gallery.

    Raises:
        ValueError: there is no such figure.
        OSError: a file cannot be written.
    """
    rows = rows_of(job.comparison, job.mask)
    files: Files = {}
    for name, content in outputs(job.comparison, job.name, job.settings):
        path = job.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(content)
        files[name] = len(content), hashlib.sha256(content).hexdigest()
    return files, rows


def outputs(comparison: Comparison, name: str, settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Path below the export and content of every file of an image.

    ``figure`` is the comparison, ``panels`` its pictures one by one, ``overlays`` the colours of each map alone, to be
    laid over the picture, ``maps`` the raw values with the places where their cells look.
    """
    layout = figure_layout(comparison, settings.display, width=settings.width)
    panels = dict(zip(["original", *comparison.variants], _panels(layout), strict=True))
    pixels = f".{settings.format}" if settings.format in ("png", "webp") else ".png"
    if "figure" in settings.write:
        yield f"figures/{name}.{settings.format}", _figure(layout, settings)
    if "panels" in settings.write:
        for key, panel in panels.items():
            yield f"panels/{name}/{key}{pixels}", _picture(panel, pixels)
    if "overlays" in settings.write:
        for key, layer in _layers(comparison, settings.display).items():
            yield f"overlays/{name}/{key}{pixels}", _picture(layer, pixels)
    if "maps" in settings.write:
        yield f"maps/{name}.npz", _maps(comparison, settings.precision)
    yield f"{THUMBNAILS}/{name}.jpg", _strip(list(panels.values()))


def _panels(layout: Layout) -> list[np.ndarray]:
    """The pictures of a figure of one image, the original first; all but colour bars are square."""
    return [drawn_alone(picture) for picture in layout.pictures if picture.box.width == picture.box.height]


def _layers(comparison: Comparison, display: Display) -> dict[str, np.ndarray]:
    """Each map's colours and, as their opacity, how much of them ``cam.figures.colours.overlay`` lays over the picture."""
    painter = Painter(comparison, list(comparison.maps), replace(display, style="overlay"))
    return {key: painter.layer(key, 0) for key in comparison.maps}


def _figure(layout: Layout, settings: Settings) -> bytes:
    buffer, suffix = io.BytesIO(), f".{settings.format}"
    if settings.format in ("png", "webp"):
        write_pixels(layout, buffer, suffix, settings.dpi, settings.transparent)
    else:
        write_vectors(layout, buffer, suffix, settings.transparent)
    return buffer.getvalue()


def _picture(pixels: np.ndarray, suffix: str) -> bytes:
    buffer = io.BytesIO()
    options = {"compress_level": PNG_EFFORT} if suffix == ".png" else {"quality": 92}
    Image.fromarray(pixels).save(buffer, suffix[1:], **options)
    return buffer.getvalue()


def _maps(comparison: Comparison, precision: str) -> bytes:
    buffer, arrays = io.BytesIO(), {}
    for key, maps in comparison.maps.items():
        arrays[key] = maps[0].astype(precision)
        arrays[f"centres/{key}"] = np.array(comparison.variants[key].centres, np.float32)
        arrays[f"offset/{key}"] = np.array(comparison.variants[key].offset, np.float32)
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _strip(panels: list[np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    strip = Image.new("RGB", (THUMBNAIL * len(panels), THUMBNAIL))
    for place, panel in enumerate(panels):
        small = Image.fromarray(panel).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX, reducing_gap=None)
        strip.paste(small, (place * THUMBNAIL, 0))
    strip.save(buffer, "JPEG", quality=84)
    return buffer.getvalue()


# ---------------------------------------------------------------------------------------------------------- processes


@contextmanager
def rendering_processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that run ``render``, on one thread each. On leaving, running jobs are finished and waiting ones dropped.

    Raises:
        ChildProcessError: one of them was killed from outside, perhaps because memory is full.
    """
    pool = _Processes(workers)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise ChildProcessError(KILLED) from error
    finally:
        pool.shutdown(cancel_futures=True)


class _Processes(ProcessPoolExecutor):
    """All processes start with the first job, because each gets the environment and the signals that hold when it starts."""

    def __init__(self, workers: int):
        super().__init__(workers, multiprocessing.get_context("spawn"), _start)
        self.to_start = workers

    def submit(self, function: Callable, /, *arguments: Any, **named: Any) -> Future:
        if self.to_start:
            with _one_thread(), _interrupts_held():
                others = set(multiprocessing.active_children())
                while len(set(multiprocessing.active_children()) - others) < self.to_start:
                    super().submit(int)  # starts a process, unless one of them is idle already
            self.to_start = 0
        return super().submit(function, *arguments, **named)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started within the ``with`` block compute on one thread, also in libraries that read that as they load."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes started within the ``with`` block never see Ctrl-C, even while they import; this process gets it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start() -> None:
    """Ignore signals, because Ctrl-C reaches the whole group of processes and the parent handles it; end with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    torch.set_num_threads(1)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
