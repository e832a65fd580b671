"""Compound CAM: where do scaled EfficientNets look? Entry of the Streamlit app."""

from pathlib import Path

import streamlit as st

import ui
from ui.address import mode, page_file
from ui.holding import guard
from ui.lecture.stage import stage

ICON = Path(ui.__file__).with_name("icon.svg")
MODES = ("lecture", "speaker", "handout", "vote")
READABLE = """<style>
[data-selected=true] [data-testid=stMarkdownContainer] p, [data-testid=stSliderThumbValue] p {
  color: light-dark(#9c2a62, #e06395);
}
[data-testid=stBaseButton-primary]:enabled { background: light-dark(#9c2a62, #c23a72); border-color: transparent }
[data-testid=stCaptionContainer] code { background: none; color: inherit }
</style>"""  # Streamlit's primary colour has too little contrast on the dark theme, below 4.5:1
st.set_page_config(page_title="Compound CAM", page_icon=ICON, layout="wide")

guard()
st.html(READABLE)
PAGES = {
    "story": ":material/auto_stories:",
    "compare": ":material/compare:",
    "scaling": ":material/open_in_full:",
    "evidence": ":material/balance:",
    "export": ":material/folder_zip:",
}
pages = [st.Page(page_file(name), title=name.capitalize(), icon=icon, url_path=name) for name, icon in PAGES.items()]
page = st.navigation(pages, position="hidden" if mode() in MODES else "top")
if mode() in MODES and stage([one.url_path for one in pages]):
    st.stop()
if page is pages[0] and st.query_params:  # a lecture's link, or one older than the story: it names no page
    st.switch_page(pages[1], query_params={key: st.query_params.get_all(key) for key in st.query_params})
page.run()
