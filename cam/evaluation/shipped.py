"""Evaluations that come with the project: what ``python -m cam evaluate`` wrote, one file for each study."""

from pathlib import Path

from cam.evaluation.records import Report, read_report

FOLDER = Path(__file__).parent / "reports"


def evaluated_studies(folder: Path = FOLDER) -> list[str]:
    """Names of the studies that have an evaluation, sorted."""
    return sorted(path.stem for path in folder.glob("*.json"))


def shipped_evaluation(study: str, folder: Path = FOLDER) -> Report | None:
    """The report on a study; None where there is none.

    Args:
        study: name of the study.
        folder: holds STUDY.json.

    Raises:
        ValueError: the file is damaged, or was written by another version.
    """
    return read_report(folder / f"{study}.json") if study in evaluated_studies(folder) else None
