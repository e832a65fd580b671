"""Evaluations that come with the project, as ``python -m cam evaluate`` wrote them.

``STUDY.json`` is a study's first evaluation, ``STUDY-NAME.json`` a further one on other photographs.
"""

from pathlib import Path

from cam.evaluation.records import Report, read_report

FOLDER = Path(__file__).parent / "reports"


def shipped_evaluations(folder: Path = FOLDER) -> list[str]:
    """Names of the evaluations, sorted."""
    return sorted(path.stem for path in folder.glob("*.json"))


def shipped_evaluation(name: str, folder: Path = FOLDER) -> Report | None:
    """The report of a name; None where there is none.

    Args:
        name: of a study, or of a further evaluation.
        folder: holds NAME.json.

    Raises:
        ValueError: the file is damaged, or was written by another version.
    """
    return read_report(folder / f"{name}.json") if name in shipped_evaluations(folder) else None
