"""The figure as files: pictures, raw maps, and a page that needs no server."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from cam import METHODS, Comparison
from cam.figures.display import Display
from ui import session
from ui.components.viewer import Shown, interactive_page, likely_classes, shown_by
from ui.pages.compare.controls import Selection, choices
from ui.photographs import Photograph, picture

FIGURES = {".png": "image/png", ".pdf": "application/pdf", ".svg": "image/svg+xml"}
MAPS = "application/octet-stream"
INTERACTIVE_HELP = (
    "One HTML file with the photographs and the values of the maps, also of the other classes that the networks guess. "
    "It opens in any browser, from a disk or a course's site."
)
Row = tuple[Photograph, Comparison]


def downloads(rows: list[Row], settings: Selection) -> None:
    """Files of the figure as it is shown, made when they are asked for."""
    place = st.popover("Download", icon=":material/download:", disabled=not rows, key="downloads", on_change="rerun")
    with place:
        st.caption("Drawn as you see the maps: colours, scale, contour, cells and the rest.")
        if rows and place.open:
            _files(rows, settings, shown_by(st.session_state.get("viewer")))


def _files(rows: list[Row], settings: Selection, shown: Shown) -> None:
    comparisons = [row for _, row in rows]
    display = _swiped_or_all(comparisons[0], shown.display)
    with st.container(horizontal=True, gap="small"):
        for suffix, mime in FIGURES.items():
            _button(suffix[1:].upper(), suffix, partial(_file, comparisons, suffix, display), mime, shown.turn)
    with st.container(horizontal=True, gap="small"):
        page = partial(_page, rows, settings, json.dumps(shown.look))
        _button("Interactive page", ".html", page, "text/html", shown.turn, INTERACTIVE_HELP)
        _button("Raw maps", ".npz", partial(_file, comparisons, ".npz", display), MAPS, shown.turn)
    st.caption("Raw maps (.npz) can be drawn again with `python -m cam render`.")
    st.markdown("Cite this figure")
    st.code(citation(comparisons, settings), language=None, wrap_lines=True)


def _swiped_or_all(row: Comparison, display: Display) -> Display:
    """Where a visitor swipes between two panels, these two may stand for all."""
    swipe = display.swipe
    if swipe is None or not {swipe.left, swipe.right} - {""} <= row.variants.keys():
        return replace(display, swipe=None)
    pair = " | ".join(row.variants[key].label if key else "Photograph" for key in (swipe.left, swipe.right))
    words = {"all": "All", "pair": f"{pair}, swiped"}
    chosen = st.segmented_control(
        "Panels", list(words), default="all", required=True, key="panels", format_func=words.__getitem__
    )
    return display if chosen == "pair" else replace(display, swipe=None)


def citation(rows: list[Comparison], settings: Selection) -> str:
    """What a caption or a list of references says of the figure: how it was made, from which weights, by which method."""
    method = METHODS[settings.question.method]
    weights = ", ".join(f"{one.label} {one.fingerprint[:12]}" for one in rows[0].variants.values())
    return (
        f"Class activation maps by {method.label} ({method.reference.rstrip('.')}), drawn with Compound CAM. "
        f"Study: {session.study_named(settings.study).title}. Weights (sha256): {weights}."
    )


def _button(
    label: str, suffix: str, data: Callable[[], str | bytes], mime: str, turn: int, words: str | None = None
) -> None:
    """The button of a file; its key says which turn of the viewer the file shows (ui/components/viewer/files.js)."""
    name, key = f"compound-cam{suffix}", f"download-{suffix[1:]}-{turn}"
    st.download_button(label, data, name, mime, key=key, on_click="ignore", help=words)


def _file(comparisons: list[Comparison], suffix: str, display: Display) -> bytes:
    return session.figure_file(Comparison.stack(comparisons), suffix, display)


def _page(rows: list[Row], settings: Selection, look: str) -> str:
    """The page with the maps that are shown and, where they cost no pass of a network, those of the other likely classes."""
    comparisons = [row for _, row in rows]
    question = settings.question
    others: list[list[Comparison]] = []
    networks, keys = session.networks(choices(settings))[0], tuple(comparisons[0].variants)
    shown = {choice.key: network for choice, network in networks.items() if choice.key in keys}
    if not session.runs_again(shown, question):
        loaded = tuple(networks)
        targets: list[str | int] = ["own", *likely_classes(comparisons)]
        for target in targets:
            asked = replace(question, target=target)
            others.append([session.explained(loaded, keys, one.digest, asked, one) for one, _ in rows])
    pictures = [picture(photograph.digest, question.view, photograph) for photograph, _ in rows]
    order = list(session.study_named(settings.study).variants)
    return interactive_page(comparisons, others, [photograph.digest for photograph, _ in rows], pictures, order, look)
