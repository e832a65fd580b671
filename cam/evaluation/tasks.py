"""The work of an evaluation, in chunks that are recorded as they finish: a run that was killed goes on where it was."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
from PIL import Image
from tqdm import tqdm

from cam.evaluation.contenders import Contenders
from cam.evaluation.records import Record, Row
from cam.evaluation.sampling import mosaics_of_one_class, shuffled
from cam.evaluation.scoring import FOUR_CLASSES, ONE_CLASS, Scored, measure_mosaics, measure_photographs
from cam.measures.pointing import plan_mosaics
from cam.question import Question
from models.engine import engine_words
from models.files import atomic_write, read_file
from models.images import MAX_FILE_BYTES, open_image

RECORD = 4  # version of the recorded rows; another number invalidates them
CHUNK, CHUNK_OF_MOSAICS = 8, 4  # measured and recorded together
READERS = 4
MOST_RECORDED = 2**30  # bytes of finished tasks: some hundred thousand photographs
PHOTOGRAPHS = "photographs"


class Task(NamedTuple):
    """A chunk of the work: photographs, or the tiles of mosaics of one kind, and which random draw takes part."""

    kind: str
    turn: int
    photographs: list[list[Scored]]  # one list for each mosaic, or lists of one photograph each


class Recorded(Record, frozen=True):
    """A finished task: a hash of all that it depends on, and its rows."""

    key: str
    rows: list[Row]


def plan_tasks(photographs: Sequence[Scored], others: Sequence[Scored], mosaics: int) -> list[Task]:
    """Chunks of photographs, shuffled so that neighbours may be of any class, then chunks of mosaics.

    Args:
        photographs: to measure one by one.
        others: to lay out as mosaics, usually more of the same classes.
        mosaics: at most this many of one class, and an eighth as many of four classes, which decide nothing.
    """
    names, classes = [one.name for one in others], [one.cluster for one in others]
    units = [
        (PHOTOGRAPHS, [[photographs[row]] for row in shuffled([one.name for one in photographs])], CHUNK),
        (ONE_CLASS, _tiles(others, mosaics_of_one_class(names, classes, mosaics)), CHUNK_OF_MOSAICS),
        (FOUR_CLASSES, _tiles(others, _of_four_classes(others, -(-mosaics // 8))), CHUNK_OF_MOSAICS),
    ]
    return [
        Task(kind, start // size, rows[start : start + size])
        for kind, rows, size in units
        for start in range(0, len(rows), size)
    ]


def measure(
    tasks: Sequence[Task], arms: Contenders, question: Question, partial: Path
) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of photographs, of mosaics of one class, and of mosaics of four; ``partial`` keeps a line for each finished task.

    A line is found by a hash of all that it depends on: files, networks, method, view, device and engine. Chunks are always the
    same, so a run that was killed and resumed gives the same numbers as one that was not.
    """
    recorded = _recorded(partial)
    setting = repr([RECORD, question.method, question.view, _fingerprints(arms)])
    found: dict[str, list[Row]] = {kind: [] for kind in (PHOTOGRAPHS, ONE_CLASS, FOUR_CLASSES)}
    with tqdm(total=sum(_size(task) for task in tasks), unit=" images", dynamic_ncols=True) as bar:
        for task in tasks:
            bar.set_description(task.kind if task.kind == PHOTOGRAPHS else f"mosaics of {task.kind}")
            key = _task_key(setting, task)
            if key not in recorded:
                recorded[key] = measure_task(task, arms, question, opened)
                with open(partial, "ab") as file:
                    file.write(msgspec.json.encode(Recorded(key, recorded[key])) + b"\n")
            found[task.kind] += recorded[key]
            bar.update(_size(task))
    return found[PHOTOGRAPHS], found[ONE_CLASS], found[FOUR_CLASSES]


def measure_task(
    task: Task, arms: Contenders, question: Question, read: Callable[[list[Scored]], list[Image.Image]]
) -> list[Row]:
    """Rows of one task, whose photographs are read with ``read``."""
    flat = [photograph for row in task.photographs for photograph in row]
    pictures = read(flat)
    if task.kind == PHOTOGRAPHS:
        return measure_photographs(flat, pictures, arms, question, task.turn)
    grouped = [pictures[start : start + 4] for start in range(0, len(pictures), 4)]
    return measure_mosaics(task.kind, task.photographs, grouped, arms, question, task.turn)


def opened(photographs: list[Scored]) -> list[Image.Image]:
    """The images, decoded in threads."""
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(open_image, [photograph.path for photograph in photographs]))


def _tiles(photographs: Sequence[Scored], plan: Sequence[Sequence[int]]) -> list[list[Scored]]:
    return [[photographs[row] for row in tiles] for tiles in plan]


def _of_four_classes(photographs: Sequence[Scored], limit: int) -> list[list[int]]:
    try:
        return plan_mosaics(
            [[c for kind in one.kinds for c in kind] for one in photographs], "2x2", limit=limit
        ).tolist()
    except ValueError:  # too few classes
        return []


def _size(task: Task) -> int:
    return sum(map(len, task.photographs))


def _fingerprints(arms: Contenders) -> list[tuple]:
    """Name, weights, input size, device and engine of every training."""
    return [
        (name, network.fingerprint, network.scaling.input_size, network.device.type, engine_words(network.engine))
        for arm in arms.arms.values()
        for name, network in arm.trainings.items()
    ]


def _task_key(setting: str, task: Task) -> str:
    digest = hashlib.sha256(f"{setting} {task.kind} {task.turn}".encode())
    for row in task.photographs:
        for photograph in row:
            digest.update(f"{photograph.name} {photograph.kinds} {photograph.cluster}".encode())
            digest.update(hashlib.sha256(read_file(photograph.path, MAX_FILE_BYTES)).digest())
            if photograph.mask is not None and task.kind == PHOTOGRAPHS:
                mask = photograph.mask
                digest.update(f"{mask.classes} {mask.outline} {mask.indices.shape}".encode())
                digest.update(mask.indices.tobytes())
    return digest.hexdigest()


def _recorded(partial: Path) -> dict[str, list[Row]]:
    """Finished tasks by key; an incomplete line is removed from the file, so that the next one starts on a line of its own."""
    if not partial.is_file():
        return {}
    recorded, whole = {}, []
    for line in read_file(partial, MOST_RECORDED).splitlines():
        try:
            entry = msgspec.json.decode(line, type=Recorded)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        recorded[entry.key] = entry.rows
        whole.append(line)
    with atomic_write(partial) as file:
        file.write(b"".join(line + b"\n" for line in whole))
    return recorded
