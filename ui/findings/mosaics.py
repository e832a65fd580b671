"""The grid pointing game to look at: a mosaic, whose evidence should lie on its own tile, and where it lies."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from cam.evaluation.rows import column
from cam.pointing import LAYOUTS, plan_mosaics
from cam.pointing_game import PointingGame
from ui import session
from ui.findings.data import ask_for_folder, choices, class_of, opened, within_study
from ui.findings.words import number
from ui.lesson.address import choose
from ui.palette import COLOURS
from ui.session import Photograph

HERE = Path(__file__).parent
LAYOUT_WORDS = {"2x2": "2 × 2", "1x2": "1 × 2"}
RULE = (
    "Photographs of different classes are laid out as a mosaic, and each class is explained on all of it. A network that "
    "looks at the right place puts the class’s positive evidence on the class’s own tile. Click on a tile to explain it."
)
_MOSAIC = st.components.v2.component(
    "compound_cam_mosaic",
    **{kind: (HERE / f"mosaic.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")},
)
Round = tuple[list[str], list[Photograph]]


def show_mosaics(report: dict[str, Any] | None, study: str) -> None:
    """A mosaic of the evaluation, or of the samples where its photographs are not here."""
    st.markdown(RULE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        layout = choose("Layout", "layout", LAYOUT_WORDS, "2x2")
        folder = ask_for_folder(report) if report and report.get("rows") else None
        chosen = _of_report(report, layout, folder) if folder else _of_samples(study, layout)
    if chosen is None:
        st.info("There is no mosaic: too few photographs of different classes.", icon=":material/info:")
        return
    names, photographs = chosen
    method, view = (report["method"], report["view"]) if report else ("cam", "square")
    with st.spinner("Looking at the mosaic"):
        loaded, failed = session.networks(choices(study))
        if not loaded:
            raise next(iter(failed.values()))
        kinds = tuple(class_of(name, study, one) for name, one in zip(names, photographs, strict=True))
        digests = tuple(one.digest for one in photographs)
        game = session.pointing_game(tuple(loaded), digests, kinds, layout, method, view, tuple(photographs))
    labels = {key: one.label for key, one in session.study_named(study).variants.items()}
    _MOSAIC(data=packed(game, labels), key="mosaic")


def _of_report(report: dict[str, Any], layout: str, folder: Path) -> Round | None:
    """One of the evaluation's mosaics, chosen by its tiles and scores."""
    part = report["rows"]["mosaics"].get(layout)
    if not part:
        return None
    first, last = (column(part, f"pointing-{layout}|{key}|own") for key in (report["baseline"], _last(report)))

    def words(row: int) -> str:
        tiles = ", ".join(Path(name).stem if "/" not in name else name for name in part["tiles"][row])
        return f"{row + 1}: {tiles} ({number(first[row])} → {number(last[row])})"

    count = len(part["tiles"])
    row = st.selectbox(
        "Mosaic", range(count), key=f"mosaic-{layout}", format_func=words, width=560,
        help="In brackets the mean share on the own tile, of the baseline and of the last variant",
    )  # fmt: skip
    found = [opened(folder, name) for name in part["tiles"][row]]
    if missing := [name for name, one in zip(part["tiles"][row], found, strict=True) if one is None]:
        raise FileNotFoundError(f"there is no {missing[0]} in {folder}; restore it or choose another mosaic")
    return part["tiles"][row], [one for one in found if one is not None]


def _last(report: dict[str, Any]) -> str:
    return list(report["rows"]["photographs"]["right"])[-1]


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
    rows, columns = LAYOUTS[game.layout]
    return {
        "rows": rows,
        "columns": columns,
        "classes": game.classes,
        "picture": session.data_url(np.asarray(game.image)),
        "variants": [
            {
                "label": labels.get(key, key),
                "colour": COLOURS.get(key, "#8A929A"),
                "pictures": [session.data_url(one) for one in game.pictures[key]],
                "shares": game.shares[key].tolist(),
            }
            for key in game.pictures
        ],
    }
