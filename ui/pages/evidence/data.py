"""Photographs that a report speaks of, or that a visitor brought: found, opened, and what they are known to show."""

from pathlib import Path

from cam import METHODS
from cam.evaluation.records import Report
from cam.evaluation.scoring import Photograph as Known
from ui import session
from ui.session import Choice, Photograph

QUICK = [name for name, method in METHODS.items() if method.closed_form is not None]  # one forward pass each


def choices(study: str) -> list[Choice]:
    """The networks of a study that have weights, on the best device."""
    return [Choice(study, key, "auto") for key, one in session.study_named(study).variants.items() if one.available]


def folder_of(report: Report | None) -> Path | None:
    """Where the report's photographs lie, if they came along: those of the samples do."""
    there = report is not None and report.about.data == session.SAMPLE_FOLDER.name
    return session.SAMPLE_FOLDER if there else None


def opened(folder: Path | None, name: str) -> Photograph | None:
    """A sample of that name, the one that Compare offers; None for a photograph that did not come along."""
    return session.sample_photographs().get(Path(name).stem) if folder == session.SAMPLE_FOLDER else None


def known(photograph: Photograph, study: str) -> Known:
    """What a photograph shows: a sample's masks say it, of another what most networks of the study take it for."""
    mask = session.sample_masks(study).get(photograph.name) if photograph.sample else None
    if mask is not None and mask.kinds():
        kinds = tuple(mask.kinds())
        return Known(photograph.name, Path(photograph.name), kinds, mask, session.categories(study)[kinds[0][0]])
    return Known(photograph.name, Path(photograph.name), ((session.seen_class(study, photograph),),))


def class_of(name: str, study: str, photograph: Photograph) -> tuple[int, ...]:
    """The class that the pointing game explains on a photograph: its folder's, its mask's first, else the networks' guess."""
    categories = session.categories(study)
    parent = Path(name).parent.name
    return (categories.index(parent),) if parent in categories else known(photograph, study).kinds[0]


def within_study(study: str) -> list[Photograph]:
    """Samples that show classes of the study."""
    masks = session.sample_masks(study)
    return [one for name, one in session.sample_photographs().items() if name in masks and masks[name].kinds()]
