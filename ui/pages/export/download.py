"""The ZIP of a finished export on its way to a browser."""

from functools import partial

import streamlit as st

from models.files import read_file
from ui import holding, session
from ui.messages import plain
from ui.pages.export import jobs
from ui.pages.export.jobs import Job

LARGEST_ZIP = 256 << 20  # bytes that are sent to a browser: the server holds them in memory until its visitor leaves
ENTRY = 512  # bytes that a ZIP needs for a file besides its content


def download(job: Job) -> None:
    """One button; it says how large the file is before anybody waits for it."""
    size = sum(path.stat().st_size + ENTRY for path in job.out.rglob("*") if path.is_file())
    if size > LARGEST_ZIP:
        st.caption(_too_large(job, size))
        return
    if not holding.has_room(size):
        st.caption(
            "The server holds as many downloads as it can. Open this page again when other visitors have theirs."
        )
        return
    st.download_button(
        f"Download ({_size_words(size)})",
        partial(_content, job),
        "compound-cam.zip",
        "application/zip",
        type="primary",
        icon=":material/folder_zip:",
        on_click="ignore",
        key="zip",
    )


def _too_large(job: Job, size: int) -> str:
    """What to do with an export that no browser gets; where it lies only for those who may name folders of this machine."""
    words = f"{_size_words(size)} are more than a browser gets at once ({_size_words(LARGEST_ZIP)})."
    if session.local_files_allowed():
        return f"{words} The export lies in {plain(job.out)}."
    return f"{words} Export fewer photographs or fewer kinds of files at a time, or run `python -m cam export` on your machine."


def _content(job: Job) -> bytes:
    """The ZIP, read when the button is pressed.

    Raises:
        ValueError: it is too large after all, or others have taken the room meanwhile.
    """
    content = jobs.zipped(job)
    if not holding.has_room(content.stat().st_size):
        raise ValueError("the server holds as many downloads as it can; try again when other visitors have theirs")
    return read_file(content, LARGEST_ZIP)


def _size_words(size: int) -> str:
    return f"{size / 2**20:.0f} MB" if size >= 2**20 else f"{max(1, size // 2**10)} KB"
