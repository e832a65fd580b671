"""Compound CAM: where do scaled EfficientNets look? Entry of the Streamlit app."""

from pathlib import Path

import streamlit as st

import ui
from ui.address import page_file
from ui.holding import guard
from ui.lecture.stage import lecturing, stage

ICON = Path(ui.__file__).with_name("icon.svg")
st.set_page_config(page_title="Compound CAM", page_icon=ICON, layout="wide")

guard()
PAGES = {
    "story": ":material/auto_stories:",
    "compare": ":material/compare:",
    "scaling": ":material/open_in_full:",
    "evidence": ":material/balance:",
    "export": ":material/folder_zip:",
}
pages = [st.Page(page_file(name), title=name.capitalize(), icon=icon, url_path=name) for name, icon in PAGES.items()]
page = st.navigation(pages, position="hidden" if lecturing() else "top")
if page is pages[0] and st.query_params:  # a link from before there was a story, or a lecture's: it names no page
    st.switch_page(pages[1], query_params={key: st.query_params.get_all(key) for key in st.query_params})
if lecturing():
    stage([one.url_path for one in pages])
page.run()
