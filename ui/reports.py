"""Evaluations that come with the studies, read once for all visitors."""

from cam.evaluation.records import Report
from cam.evaluation.shipped import shipped_evaluation
from ui.shared import shared


@shared()
def evaluation(name: str) -> Report | None:
    """The shipped evaluation of this name, a study's own or a further one; None where there is none.

    Raises:
        ValueError: the evaluation cannot be read.
    """
    return shipped_evaluation(name)
