"""What the page shows before PyTorch and the networks are loaded: its layout, its introduction, and an earlier figure."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.address import HOME, lecturing

FIGURE = HOME / "docs" / "figure.webp"
ONE_LINE = "Each photograph with a map for every network; bright places speak for the class."
DRAWN_EARLIER = (
    "Drawn earlier by the same networks, which are being loaded. The figure that you can explore comes next."
)
STYLE = """<style>
[data-testid=stMainBlockContainer] { padding-inline: clamp(1rem, 2vw, 2rem) }
.st-key-introduction :is(h1, p) { margin: 0; padding: 0; line-height: 1.3 }
.st-key-introduction { padding-bottom: 0.4rem }
</style>"""
HIDDEN = "<style>.st-key-controls, .st-key-answers { display: none }</style>"


class Places(NamedTuple):
    """The parts of the page, from top to bottom.

    Attributes:
        tools: the row of controls; in a lecture it is at the bottom and hidden, because its widgets hold the link's choices.
        messages: errors and notes.
        waiting: shown until the figure is ready.
        figure: the viewer.
        answers: the networks' first guesses for a photograph.
    """

    tools: DeltaGenerator
    messages: DeltaGenerator
    waiting: DeltaGenerator
    figure: DeltaGenerator
    answers: DeltaGenerator


def lay_out() -> Places:
    """Lay out the page's parts, all of them empty except the introduction."""
    lecture = lecturing()
    if not lecture:
        introduction()
        tools = toolbar_place()
    messages, waiting, figure, answers = st.container(), st.empty(), st.container(), st.container(key="answers")
    if lecture:
        tools = toolbar_place()
    st.html(STYLE + HIDDEN * lecture)
    return Places(tools, messages, waiting, figure, answers)


def toolbar_place() -> DeltaGenerator:
    """The row that holds the controls."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls")


def introduction() -> None:
    """The heading and one sentence on what the page shows."""
    with st.container(key="introduction", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("# Where do scaled EfficientNets look?", width="content")
        st.markdown(ONE_LINE, width="content")


def first_sight(place: DeltaGenerator) -> None:
    """Show an earlier figure of the default photographs; where the link asks for anything else, a grey placeholder."""
    if "looked" in st.session_state:
        return
    if FIGURE.is_file() and not st.query_params:
        place.image(FIGURE.read_bytes(), caption=DRAWN_EARLIER, width="stretch", alt=ONE_LINE)
    else:
        place.skeleton(height=420)
