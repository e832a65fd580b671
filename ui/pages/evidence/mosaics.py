"""The grid pointing game to look at: in a mosaic, the evidence for a class should lie on the class's own tile."""

from typing import Any

import numpy as np
import streamlit as st

from cam.evaluation.pointing_game import PointingGame
from cam.evaluation.records import Report
from cam.measures.pointing import LAYOUTS, plan_mosaics
from cam.question import QUESTION, Question
from ui import session
from ui.address import choose
from ui.components.mosaic import mosaic_viewer
from ui.messages import inform
from ui.pages.evidence.data import choices, class_of, within_study
from ui.palette import colours_of
from ui.photographs import Photograph, data_url

LAYOUT_WORDS = {"2x2": "2 × 2", "1x2": "1 × 2"}
RULE = (
    "Photographs of different classes are laid out as a mosaic, and each class gets a map of the whole mosaic. A network that "
    "looks at the right place puts the class’s positive evidence on the class’s own tile. Click on a tile to explain it."
)
Round = tuple[list[str], list[Photograph]]


def show_mosaics(report: Report | None, study: str) -> None:
    """A mosaic of the samples, whose tiles can be clicked."""
    st.markdown(RULE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        layout = choose("Layout", "layout", LAYOUT_WORDS, "2x2")
        chosen = _of_samples(study, layout)
    if chosen is None:
        inform("There is no mosaic: too few photographs of different classes.")
        return
    names, photographs = chosen
    question = Question(report.method, view=report.view) if report else QUESTION
    with st.spinner("Looking at the mosaic"):
        loaded, failed = session.networks(choices(study))
        if not loaded:
            raise next(iter(failed.values()))
        kinds = tuple(class_of(name, study, one) for name, one in zip(names, photographs, strict=True))
        digests = tuple(one.digest for one in photographs)
        game = session.pointing_game(tuple(loaded), digests, kinds, layout, question, tuple(photographs))
    labels = {key: one.label for key, one in session.study_named(study).variants.items()}
    mosaic_viewer(data=packed(game, labels), key="mosaic")


def _of_samples(study: str, layout: str) -> Round | None:
    """A mosaic of sample photographs that show classes of the study."""
    samples = within_study(study)
    classes = [class_of(one.name, study, one) for one in samples]
    try:
        plan = plan_mosaics(classes, layout)
    except ValueError:
        return None
    words = [", ".join(samples[place].name.replace("-", " ") for place in tiles) for tiles in plan]
    row = st.selectbox("Mosaic", range(len(plan)), key=f"mosaic-{layout}", format_func=words.__getitem__, width=560)
    found = [samples[place] for place in plan[row]]
    return [one.name for one in found], found


def packed(game: PointingGame, labels: dict[str, str]) -> dict[str, Any]:
    """What the component draws."""
    (rows, columns), colours = LAYOUTS[game.layout], colours_of(game.pictures)
    return {
        "rows": rows,
        "columns": columns,
        "classes": game.classes,
        "picture": data_url(np.asarray(game.image)),
        "variants": [
            {
                "label": labels.get(key, key),
                "colour": colours[key],
                "pictures": [data_url(one) for one in game.pictures[key]],
                "shares": game.shares[key].tolist(),
            }
            for key in game.pictures
        ],
    }
