"""The figure as files: pictures, raw maps, and a page that needs no server."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from cam import METHODS, Comparison
from ui import session
from ui.components.viewer import interactive_page, likely_classes
from ui.pages.compare.controls import Selection, choices
from ui.session import Photograph

STYLE_WORDS = {"overlay": "Overlay", "paper": "Paper style"}
SCALE_WORDS = {"map": "Each map", "row": "Row"}
FIGURES = {".png": "image/png", ".pdf": "application/pdf", ".svg": "image/svg+xml"}
MAPS = "application/octet-stream"
INTERACTIVE_HELP = (
    "One HTML file with the photographs and the values of the maps, also of the other classes that the networks guess. "
    "It opens in any browser, from a disk or a course's site."
)
Row = tuple[Photograph, Comparison]


def downloads(rows: list[Row], settings: Selection) -> None:
    """Files of the figure, made when they are asked for."""
    with st.popover("Download", icon=":material/download:", disabled=not rows):
        if not rows:
            return
        comparisons = [row for _, row in rows]
        style = st.segmented_control(
            "Style",
            list(STYLE_WORDS),
            default="overlay",
            required=True,
            key="style",
            format_func=STYLE_WORDS.__getitem__,
        )
        shareable = comparisons[0].unit == "logit" and style == "overlay"
        scale = st.segmented_control(
            "Scale",
            list(SCALE_WORDS),
            default="map",
            required=True,
            key="scale",
            disabled=not shareable,
            format_func=SCALE_WORDS.__getitem__,
        )
        scale = scale if shareable else "map"
        with st.container(horizontal=True, gap="small"):
            for suffix, mime in FIGURES.items():
                _button(suffix[1:].upper(), suffix, partial(_file, comparisons, suffix, scale, style), mime)
        with st.container(horizontal=True, gap="small"):
            _button("Interactive page", ".html", partial(_page, rows, settings), "text/html", INTERACTIVE_HELP)
            _button("Raw maps", ".npz", partial(_file, comparisons, ".npz", scale, style), MAPS)
        st.caption("Raw maps (.npz) can be drawn again with `python -m cam render`.")
        st.markdown("Cite this figure")
        st.code(citation(comparisons, settings), language=None, wrap_lines=True)


def citation(rows: list[Comparison], settings: Selection) -> str:
    """What a caption or a list of references says of the figure: how it was made, from which weights, by which method."""
    method = METHODS[settings.question.method]
    weights = ", ".join(f"{one.label} {one.fingerprint[:12]}" for one in rows[0].variants.values())
    return (
        f"Class activation maps by {method.label} ({method.reference.rstrip('.')}), drawn with Compound CAM. "
        f"Study: {session.study_named(settings.study).title}. Weights (sha256): {weights}."
    )


def _button(label: str, suffix: str, data: Callable[[], str | bytes], mime: str, words: str | None = None) -> None:
    name = f"compound-cam{suffix}"
    st.download_button(label, data, name, mime, key=f"download{suffix}", on_click="ignore", help=words)


def _file(comparisons: list[Comparison], suffix: str, scale: str, style: str) -> bytes:
    return session.figure_file(Comparison.stack(comparisons), suffix, scale, style)


def _page(rows: list[Row], settings: Selection) -> str:
    """The page with the maps that are shown and, where they cost no pass of a network, those of the other likely classes."""
    comparisons = [row for _, row in rows]
    question = settings.question
    others: list[list[Comparison]] = []
    if question.from_features and not question.flip:
        loaded, keys = tuple(session.networks(choices(settings))[0]), tuple(comparisons[0].variants)
        targets: list[str | int] = ["own", *likely_classes(comparisons)]
        for target in targets:
            asked = replace(question, target=target)
            others.append([session.explained(loaded, keys, one.digest, asked, one) for one, _ in rows])
    pictures = [session.picture(photograph.digest, question.view, photograph) for photograph, _ in rows]
    order = list(session.study_named(settings.study).variants)
    return interactive_page(comparisons, others, [photograph.digest for photograph, _ in rows], pictures, order)
