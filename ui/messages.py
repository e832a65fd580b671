"""What the page says: errors as sentences, and whatever comes from outside as text, which Markdown never reads.

Streamlit reads every message and label as Markdown, so a link could show a stranger's picture. Links, names of files
and classes, titles, metadata and the words of errors go through ``plain``; nothing else calls ``st.error`` and its like.
"""

import errno
import html
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

EXPECTED = (
    ValueError,
    FileNotFoundError,
    IsADirectoryError,
)  # StudyError, ImageError and CheckpointError are ValueErrors
LONGEST = 600  # characters of a message
MEANT = re.compile(r"([\\`*_\[\]<>&$~#|]|:(?=\S))")  # what Markdown or one of Streamlit's additions reads anywhere
AT_START = re.compile(r"^([-+=]|\d+(?=[.)]))")  # lists and underlined headings
ADDRESSES = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)  # become links without any mark
APART = "\u2060"  # takes no room
NO_ROOM = "The server's disk is full. What is written is whole; somebody has to make room there before more can be."
UNEXPECTED = "Something went wrong here, and it is not your doing. The server's log says more."


class Said(Exception):
    """Why something does not show stands on the page already."""


def sentence(error: Exception) -> str:
    """The words of an expected error as a sentence; for any other, the system's own among them, a short one, and its
    traceback to the log."""
    words, number = str(error).strip(), getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return NO_ROOM
    if (
        not isinstance(error, EXPECTED) or not words or number is not None
    ):  # the system's words name files of the server
        logging.getLogger(__name__).error("unexpected error on the page", exc_info=error)
        return UNEXPECTED
    return words[0].upper() + words[1:] + ("" if words[-1] in ".?!" else ".")


def plain(text: object, longest: int = LONGEST) -> str:
    """Markdown that shows a text as it is, on one line: no link, picture, formula, colour or icon comes of it."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    words = words if len(words) <= longest else f"{words[:longest]}…"
    words = MEANT.sub(r"\\\1", ADDRESSES.sub(APART, words))
    return AT_START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", words)


def drawn(text: object, longest: int = LONGEST) -> str:
    """A text for a chart, where angle brackets and ampersands mean what they do in HTML, and a dollar begins a formula."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    words = words if len(words) < longest else f"{words[: longest - 2]}…"
    return html.escape(words, quote=False).replace("$", "＄")


def complain(words: str, icon: str = ":material/error:") -> None:
    """Say what could not be done."""
    st.error(plain(words), icon=icon)


def warn(words: str, icon: str = ":material/info:") -> None:
    """Say what to mind."""
    st.warning(plain(words), icon=icon)


def inform(words: str, icon: str = ":material/info:") -> None:
    """Say something of use."""
    st.info(plain(words), icon=icon)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Say errors of the block on the page, and go on after it."""
    try:
        yield
    except Said:
        pass
    except Exception as error:  # Streamlit's own stop and rerun are no Exceptions and pass
        complain(sentence(error))


def say_later(words: str) -> None:
    """Say something at the next opportunity; for callbacks, whose own output has no place on the page."""
    st.session_state.setdefault("pending", []).append(words)


@contextmanager
def said_later() -> Iterator[None]:
    """Say errors of the block at the next opportunity; for callbacks."""
    try:
        yield
    except Exception as error:
        say_later(sentence(error))


def say_what_is_pending() -> None:
    """Say what callbacks and the link left to say, once."""
    if pending := st.session_state.pop("pending", []):
        st.warning("\n\n".join(map(plain, pending)), icon=":material/info:")
