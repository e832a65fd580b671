"""Photographs that a report speaks of, or that a visitor brought: found, opened, and what they are known to show."""

from pathlib import Path
from typing import Any

import streamlit as st

from cam import METHODS
from cam.evaluation.measurements import Photograph as Known
from ui import session
from ui.session import Choice, Photograph

QUICK = [name for name, method in METHODS.items() if method.closed_form is not None]  # one forward pass each


def choices(study: str) -> list[Choice]:
    """The networks of a study that have weights, on the best device."""
    return [Choice(study, key, "auto") for key, one in session.study_named(study).variants.items() if one.available]


def ask_for_folder(report: dict[str, Any]) -> Path | None:
    """Where the report's photographs lie: the samples, or a folder that a visitor of this machine names."""
    if report["data"] == session.SAMPLE_FOLDER.name:
        return session.SAMPLE_FOLDER
    if not session.serves_this_machine_only():
        st.caption(f"The photographs of {report['data']} are not shown here.")
        return None
    asked = st.text_input(
        "Folder of the photographs", key="folder", placeholder=f"where {report['data']} lies on this machine",
        persist_state="session",
    ).strip()  # fmt: skip
    first = report["rows"]["photographs"]["name"][0]
    if asked and not Path(asked, first).is_file():
        raise FileNotFoundError(f"there is no {first} in {asked}; name the folder that was evaluated")
    return Path(asked) if asked else None


def opened(folder: Path | None, name: str) -> Photograph | None:
    """A photograph of the evaluation; a sample is the one that Compare offers. None where it is not here."""
    if folder == session.SAMPLE_FOLDER:
        return session.sample_photographs().get(Path(name).stem)
    path = folder / name if folder else None
    inside = path is not None and path.resolve().is_relative_to(folder.resolve())
    return Photograph.of(path.name, path.read_bytes()) if inside and path.is_file() else None


def known(photograph: Photograph, study: str) -> Known:
    """What a photograph shows: a sample's masks say it, of another what most networks of the study take it for."""
    mask = session.sample_masks(study).get(photograph.name) if photograph.sample else None
    if mask is not None and mask.kinds():
        return Known(photograph.name, Path(photograph.name), tuple(mask.kinds()), mask)
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
