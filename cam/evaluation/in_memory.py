"""Evaluate networks on a few photographs in memory, with progress; ``cam.commands.evaluate`` does so for a folder of many."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from PIL import Image

from cam.evaluation.contenders import Contenders
from cam.evaluation.records import About, Report, Row
from cam.evaluation.report import build_report
from cam.evaluation.scoring import Scored
from cam.evaluation.tasks import PHOTOGRAPHS, measure_task, plan_tasks
from cam.evaluation.verdicts import verdicts
from cam.question import QUESTION, Question

MOSAICS = 4
ABOUT = About("Some photographs", "", "")
Progress = Callable[[float, str], object]


def evaluate_few(
    photographs: Sequence[Scored],
    pictures: Sequence[Image.Image],
    arms: Contenders,
    question: Question = QUESTION,
    progress: Progress = lambda share, words: None,
    about: About = ABOUT,
) -> Report:
    """A report on some photographs: every measurement that they allow.

    Args:
        photographs: what is known about each photograph, by a name of its own; its path is not used.
        pictures: the images themselves.
        arms: what to measure; without random weights, that control is left out.
        question: the method and view; the classes explained are those of the photographs.
        progress: called before each part of the work, with the share done and a word on what comes next.
        about: what the report is about.

    Raises:
        ValueError: there is no photograph, two have the same name, or as ``measure_photographs``.
    """
    if not photographs:
        raise ValueError("there is no photograph to measure on; choose at least one")
    name, times = Counter(one.name for one in photographs).most_common(1)[0]
    if times > 1:
        raise ValueError(f"{times} photographs are called {name!r}; give each a name of its own")
    known = {one.name: picture for one, picture in zip(photographs, pictures, strict=True)}
    tasks = plan_tasks(photographs, photographs, MOSAICS)
    total, done = sum(len(row) for task in tasks for row in task.photographs), 0
    rows: dict[bool, list[Row]] = {True: [], False: []}
    for task in tasks:
        progress(done / total, "photographs" if task.kind == PHOTOGRAPHS else f"mosaics of {task.kind}")
        rows[task.kind == PHOTOGRAPHS] += measure_task(
            task, arms, question, lambda wanted: [known[one.name] for one in wanted]
        )
        done += sum(map(len, task.photographs))
    progress(1.0, "intervals")
    report = build_report(rows[True], rows[False], arms, question, about)
    return msgspec.structs.replace(report, statements=verdicts(report))
