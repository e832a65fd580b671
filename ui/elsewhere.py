"""For a photograph that may show none of a study's classes: which other study has a class for it, and which class.

Studies with the same body differ only in their classifier, so features already computed serve both: no network runs again.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from torch import nn

from cam.evidence import Evidence
from cam.maps.targets import resolve_target
from models import Study, StudyError
from models.checkpoints.loading import CheckpointError
from models.other_rows import OtherRows
from models.out_of_class import ScoreScale, out_of_class
from ui import session
from ui.photographs import Photograph
from ui.session import Choice
from ui.shared import shared


class Answer(NamedTuple):
    """A study, its title, and the class that most of its networks see."""

    study: str
    title: str
    seen: str


class Reader(NamedTuple):
    """What a network needs beside a body's features."""

    head: nn.Module
    scale: ScoreScale | None
    other_rows: OtherRows | None
    categories: list[str]


def known_elsewhere(choices: Sequence[Choice], view: str, photograph: Photograph) -> Answer | None:
    """The first other study with the same bodies whose classes fit the photograph; None where there is none.

    Args:
        choices: networks that have looked at the photograph already, all of one study.
        view: the view in which they saw it.
        photograph: one that may show none of that study's classes.
    """
    chosen = tuple(choices)
    features = session.comparison(chosen, photograph.digest, view, photograph).evidence
    for name in session.STUDIES:
        if name == chosen[0].study or not (same := _same_bodies(session.study_named(name), chosen)):
            continue
        try:
            readers = {choice.key: reader(name, choice.key, choice.device) for choice in same}
        except (StudyError, CheckpointError):
            continue
        seen = _seen({key: features[key] for key in readers}, readers)
        if seen:
            return Answer(name, session.study_named(name).title, seen)
    return None


@shared()
def reader(study: str, key: str, device: str) -> Reader:
    """The classifier of a variant, without its body, which is not kept in memory."""
    network = session.study_named(study).load(key, device)
    return Reader(network.head, network.score_scale, network.other_rows, network.categories)


def _same_bodies(other: Study, choices: Sequence[Choice]) -> list[Choice]:
    """The chosen networks whose weights the other study loads from the same file."""

    def source(study: Study, key: str) -> Any:
        variant = study.variants.get(key)
        return variant and variant.sha256 and (variant.source, variant.sha256, variant.scaling, variant.normalisation)

    return [
        one
        for one in choices
        if not one.checkpoint
        and (mine := source(session.study_named(one.study), one.key))
        and mine == source(other, one.key)
    ]


def _seen(evidence: dict[str, Evidence], readers: dict[str, Reader]) -> str | None:
    """The class that most networks see; None unless the classes fit the photograph."""
    logits = {
        key: replace(one, head=readers[key].head).logits(one.features).cpu().numpy() for key, one in evidence.items()
    }
    others = {
        key: one.other_rows.energy(evidence[key].features).cpu().numpy()
        for key, one in readers.items()
        if one.other_rows
    }
    if out_of_class(logits, {key: one.scale for key, one in readers.items()}, others) != [False]:
        return None
    categories = next(iter(readers.values())).categories
    return categories[int(next(iter(resolve_target("shared", logits, categories).class_idx.values()))[0])]
