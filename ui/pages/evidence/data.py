"""Photographs of a report or of a visitor: where they are, opening them, and the classes that they are known to show."""

from pathlib import Path

from cam import METHODS
from cam.evaluation.records import Report
from cam.evaluation.scoring import Scored
from models.home import SAMPLES as SAMPLE_FOLDER
from ui import session
from ui.photographs import Photograph, sample_photographs
from ui.session import Choice

QUICK = [name for name, method in METHODS.items() if method.closed_form is not None]  # one forward pass each


def choices(study: str) -> list[Choice]:
    """The networks of a study whose weights are available, on the best device."""
    return [Choice(study, key, "auto") for key, one in session.study_named(study).variants.items() if one.available]


def folder_of(report: Report | None) -> Path | None:
    """The folder of the report's photographs, if they come with the project: only the samples do."""
    there = report is not None and report.about.data == SAMPLE_FOLDER.name
    return SAMPLE_FOLDER if there else None


def opened(folder: Path | None, name: str) -> Photograph | None:
    """The sample of that name, the same that Compare offers; None for a photograph that does not come with the project."""
    return sample_photographs().get(Path(name).stem) if folder == SAMPLE_FOLDER else None


def known(photograph: Photograph, study: str) -> Scored:
    """A photograph with its classes: from a sample's masks, for any other the class that most networks of the study see."""
    mask = session.sample_masks(study).get(photograph.name) if photograph.sample else None
    if mask is not None and mask.kinds():
        kinds = tuple(mask.kinds())
        return Scored(photograph.name, Path(photograph.name), kinds, mask, session.categories(study)[kinds[0][0]])
    return Scored(photograph.name, Path(photograph.name), ((session.seen_class(study, photograph),),))


def class_of(name: str, study: str, photograph: Photograph) -> tuple[int, ...]:
    """The class that the pointing game explains: the folder's, else the first one of ``known``."""
    categories = session.categories(study)
    parent = Path(name).parent.name
    return (categories.index(parent),) if parent in categories else known(photograph, study).kinds[0]


def within_study(study: str) -> list[Photograph]:
    """Samples that show classes of the study."""
    masks = session.sample_masks(study)
    return [one for name, one in sample_photographs().items() if name in masks and masks[name].kinds()]
