"""Evaluations that come with the project: what ``python -m cam evaluate`` wrote, one file a study."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent / "reports"
FORMAT = 1
EXPECTED = {"title", "study", "data", "method", "view", "baseline", "networks", "images", "measurements", "pairs"}


def evaluated_studies(folder: Path = FOLDER) -> list[str]:
    """Names of the studies that have an evaluation, sorted."""
    return sorted(path.stem for path in folder.glob("*.json"))


def shipped_evaluation(study: str, folder: Path = FOLDER) -> dict | None:
    """The report on a study, as ``build_report`` and ``evaluate`` describe it; None where there is none.

    Args:
        study: name of the study.
        folder: holds STUDY.json.

    Raises:
        ValueError: the file is damaged, or was written by another version.
    """
    path = folder / f"{study}.json"
    if study not in evaluated_studies(folder):
        return None
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"the evaluation {path.name} cannot be read ({error}); make it again") from error
    if not isinstance(report, dict) or report.get("format") != FORMAT or not report.keys() >= EXPECTED:
        raise ValueError(f"{path.name} is not an evaluation of this version; make it again with python -m cam evaluate")
    return report
