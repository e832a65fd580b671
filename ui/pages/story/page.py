"""The page that opens first: what the paper claims, what a map is, and what was measured, in one scroll."""

import streamlit as st

from ui.components.story import story
from ui.pages.drawn import story_data

STYLE = """<style>
[data-testid=stMainBlockContainer] { padding-inline: clamp(1rem, 2vw, 2rem) }
</style>"""
LINKS = {
    "compare": "compare",
    "scaling": "scaling",
    "evidence": "evidence",
    "export": "export",
    "lecture": "?mode=lecture",
}

st.html(STYLE)
story(story_data(LINKS))
