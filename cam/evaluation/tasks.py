"""The work of an evaluation, in chunks that are recorded as they finish: a killed run goes on where it was."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from cam.evaluation.measurements import Networks, Photograph, measure_mosaics, measure_photographs
from cam.pointing import LAYOUTS, plan_mosaics
from models.commands import say
from models.files import atomic_write
from models.images import open_image

RECORD = 2  # of the recorded rows; another number invalidates them
CHUNK = 8  # photographs or mosaics measured and recorded together
MOSAICS = 500  # of each layout, at most
READERS = 4


class Task(NamedTuple):
    """A chunk of the work: photographs, or the tiles of mosaics of one layout."""

    layout: str  # "" for photographs
    photographs: list[list[Photograph]]  # one list a mosaic; one photograph a list otherwise


def plan_tasks(photographs: Sequence[Photograph]) -> list[Task]:
    """Chunks of photographs, then of mosaics; a layout that there are too few classes for is said and left out."""
    units = [("", [[photograph] for photograph in photographs])]
    for layout in LAYOUTS:
        try:
            plan = plan_mosaics([[c for kind in one.kinds for c in kind] for one in photographs], layout, limit=MOSAICS)
        except ValueError as error:
            say(f"no {layout} pointing game: {error}")
            continue
        units.append((layout, [[photographs[row] for row in tiles] for tiles in plan]))
    return [Task(layout, rows[start : start + CHUNK]) for layout, rows in units for start in range(0, len(rows), CHUNK)]


def measure(tasks: Sequence[Task], networks: Networks, method: str, view: str, partial: Path) -> list[list[dict]]:
    """Rows of every task. Finished tasks are kept in ``partial``, one line each, and not measured again.

    A line is found by a hash of all that it depends on: files, networks, method, view and device. Chunks are always the
    same, so a run that was killed and goes on gives the same numbers as one that was not.
    """
    recorded = _recorded(partial)
    setting = json.dumps([RECORD, method, view, _fingerprints(networks)])
    rows = []
    with tqdm(total=sum(len(task.photographs) for task in tasks), unit=" images", dynamic_ncols=True) as bar:
        for task in tasks:
            bar.set_description(f"mosaics {task.layout}" if task.layout else "photographs")
            key = _task_key(setting, task)
            if key not in recorded:
                recorded[key] = _measure_task(task, networks, method, view)
                with open(partial, "a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "rows": recorded[key]}) + "\n")
            rows.append(recorded[key])
            bar.update(len(task.photographs))
    return rows


def _measure_task(task: Task, networks: Networks, method: str, view: str) -> list[dict]:
    flat = [photograph for row in task.photographs for photograph in row]
    with ThreadPoolExecutor(READERS) as pool:
        pictures = list(pool.map(open_image, [photograph.path for photograph in flat]))
    if not task.layout:
        return measure_photographs(flat, pictures, networks, method, view)
    tiles = len(task.photographs[0])
    grouped = [pictures[start : start + tiles] for start in range(0, len(pictures), tiles)]
    return measure_mosaics(task.photographs, grouped, task.layout, networks, method, view)


def _fingerprints(networks: Networks) -> list[list[str]]:
    """Of every network: name, weights and device."""
    return [[key, network.fingerprint, network.device.type] for key, network in networks.all.items()]


def _task_key(setting: str, task: Task) -> str:
    digest = hashlib.sha256(f"{setting} {task.layout}".encode())
    for row in task.photographs:
        for photograph in row:
            digest.update(f"{photograph.name} {photograph.kinds}".encode())
            digest.update(hashlib.sha256(photograph.path.read_bytes()).digest())
            if photograph.mask is not None:
                digest.update(f"{photograph.mask.classes} {photograph.mask.indices.shape}".encode())
                digest.update(photograph.mask.indices.tobytes())
    return digest.hexdigest()


def _recorded(partial: Path) -> dict[str, list[dict]]:
    """Finished tasks by key; a line that was cut off is removed, so that the next one starts on a line of its own."""
    if not partial.is_file():
        return {}
    recorded, whole = {}, []
    for line in partial.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            recorded[entry["key"]] = entry["rows"]
        except (ValueError, KeyError, TypeError):
            continue
        whole.append(line)
    with atomic_write(partial) as file:
        file.write("".join(f"{line}\n" for line in whole).encode())
    return recorded
