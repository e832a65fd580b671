"""Errors as sentences: what a visitor can mend is said on the page, anything else goes to the log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

EXPECTED = (
    ValueError,
    FileNotFoundError,
    IsADirectoryError,
)  # StudyError, ImageError and CheckpointError are ValueErrors
UNEXPECTED = "Something went wrong here, and it is not your doing. The server's log says more."


def sentence(error: Exception) -> str:
    """The words of an expected error as a sentence; for any other a short one, and its traceback to the log."""
    words = str(error).strip()
    if not isinstance(error, EXPECTED) or not words:
        logging.getLogger(__name__).error("unexpected error on the page", exc_info=error)
        return UNEXPECTED
    return words[0].upper() + words[1:] + ("" if words[-1] in ".?!" else ".")


@contextmanager
def said() -> Iterator[None]:
    """Say errors of the block on the page, and go on after it."""
    try:
        yield
    except Exception as error:  # Streamlit's own stop and rerun are no Exceptions and pass
        st.error(sentence(error), icon=":material/error:")


def say_later(words: str) -> None:
    """Say something at the next opportunity; for callbacks, whose own output has no place on the page."""
    st.session_state.setdefault("pending", []).append(words)


def say_what_is_pending() -> None:
    """Say what callbacks and the link left to say, once."""
    if pending := st.session_state.pop("pending", []):
        st.warning("\n\n".join(pending), icon=":material/info:")
