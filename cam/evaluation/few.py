"""Evaluate networks on a few photographs at hand, in memory and with progress; a folder of many: cam.evaluation.command."""

from collections.abc import Callable, Sequence

from PIL import Image

from cam.evaluation.measurements import Networks, Photograph, measure_mosaics, measure_photographs
from cam.evaluation.report import build_report, heading
from cam.pointing import LAYOUTS, plan_mosaics

CHUNK = 2
Progress = Callable[[float, str], object]


def evaluate_few(
    photographs: Sequence[Photograph],
    pictures: Sequence[Image.Image],
    networks: Networks,
    method: str = "cam",
    view: str = "square",
    progress: Progress = lambda share, words: None,
) -> dict:
    """A report on some photographs: every measurement that they allow.

    Args:
        photographs: what is known of each one; its path is not used.
        pictures: the images themselves.
        networks: what to measure; without random ones that control is left out.
        method: name in ``METHODS``.
        view: ``"square"`` or ``"centre"``.
        progress: called with the share done and a word on what comes next, before each part of the work.

    Returns:
        What ``build_report`` returns, ``baseline`` and ``networks`` beside it.

    Raises:
        ValueError: there is no photograph, or what ``measure_photographs`` raises.
    """
    if not photographs:
        raise ValueError("there is no photograph to measure on; choose at least one")
    plans = {layout: _plan(photographs, layout) for layout in LAYOUTS}
    total, done = len(photographs) + sum(len(plan) for plan in plans.values()), 0
    rows: list[dict] = []
    for start in range(0, len(photographs), CHUNK):
        chosen = slice(start, start + CHUNK)
        progress(done / total, f"photographs {start + 1} to {min(start + CHUNK, len(photographs))}")
        rows += measure_photographs(photographs[chosen], pictures[chosen], networks, method, view)
        done += len(photographs[chosen])
    mosaics: list[dict] = []
    for layout, plan in plans.items():
        for start in range(0, len(plan), CHUNK):
            tiles = plan[start : start + CHUNK]
            progress(done / total, f"mosaics {layout}")
            known, seen = ([[source[row] for row in one] for one in tiles] for source in (photographs, pictures))
            mosaics += measure_mosaics(known, seen, layout, networks, method, view)  # type: ignore[arg-type]
            done += len(tiles)
    progress(1.0, "intervals")
    return {**build_report(rows, mosaics, networks), **heading(networks, method, view)}


def _plan(photographs: Sequence[Photograph], layout: str) -> list[list[int]]:
    try:
        return plan_mosaics([[c for kind in one.kinds for c in kind] for one in photographs], layout).tolist()
    except ValueError:  # too few classes for this layout
        return []
