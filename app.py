"""Compound CAM: where do scaled EfficientNets look? Entry of the Streamlit app."""

from pathlib import Path

import streamlit as st

from ui.lecture.stage import lecturing, stage

here = Path(__file__).parent
st.set_page_config(page_title="Compound CAM", page_icon=here / "ui" / "icon.svg", layout="wide")

PAGES = [
    ("ui/compare.py", "Compare", ":material/compare:"),
    ("ui/scaling.py", "Scaling", ":material/open_in_full:"),
    ("ui/evidence.py", "Evidence", ":material/balance:"),
    ("ui/export.py", "Export", ":material/folder_zip:"),
]
pages = [st.Page(path, title=title, icon=icon) for path, title, icon in PAGES if (here / path).is_file()]
page = st.navigation(pages, position="hidden" if lecturing() else "top")
if lecturing():
    stage([one.url_path for one in pages])
page.run()
