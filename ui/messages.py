"""Messages on the page: errors as sentences, and text from outside escaped, so that it is never read as Markdown.

Streamlit reads every message and label as Markdown, so a link could show a stranger's picture. Links, names of files
and classes, titles, metadata and the text of errors go through ``plain``; only this file calls ``st.error`` and its like.
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
MEANT = re.compile(r"([\\`*_\[\]<>&$~#|]|:(?=\S))")  # has a meaning anywhere in Markdown or Streamlit's additions
AT_START = re.compile(r"^([-+=]|\d+(?=[.)]))")  # lists and underlined headings
ADDRESSES = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)  # would become links without any markup
APART = "\u2060"  # a joiner without width
NO_ROOM = (
    "The server's disk is full. Files that were finished are whole; somebody must make room before more can be written."
)
UNEXPECTED = "Something went wrong here, and it is not your doing. The server's log says more."


class Said(Exception):
    """Something cannot be shown, and the page already says why."""


def sentence(error: Exception) -> str:
    """The text of an expected error as a sentence; for any other error a short sentence, and its traceback in the log.

    Errors of the system are not expected: their text names files of the server.
    """
    words, number = str(error).strip(), getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return NO_ROOM
    if not isinstance(error, EXPECTED) or not words or number is not None:
        logging.getLogger(__name__).error("unexpected error on the page", exc_info=error)
        return UNEXPECTED
    return words[0].upper() + words[1:] + ("" if words[-1] in ".?!" else ".")


def plain(text: object, longest: int = LONGEST) -> str:
    """Markdown that shows a text as it is, on one line, without links, pictures, formulas, colours or icons."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    words = words if len(words) <= longest else f"{words[:longest]}…"
    words = MEANT.sub(r"\\\1", ADDRESSES.sub(APART, words))
    return AT_START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", words)


def drawn(text: object, longest: int = LONGEST) -> str:
    """A text escaped for a chart, which reads angle brackets and ampersands as HTML, and a dollar as the start of a formula."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    words = words if len(words) < longest else f"{words[: longest - 2]}…"
    return html.escape(words, quote=False).replace("$", "＄")


def complain(words: str, icon: str = ":material/error:") -> None:
    """Show an error: something could not be done."""
    st.error(plain(words), icon=icon)


def warn(words: str, icon: str = ":material/info:") -> None:
    """Show a warning."""
    st.warning(plain(words), icon=icon)


def inform(words: str, icon: str = ":material/info:") -> None:
    """Show a note."""
    st.info(plain(words), icon=icon)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error of the block on the page, and go on after it."""
    try:
        yield
    except Said:
        pass
    except Exception as error:  # Streamlit's own stop and rerun are not of class Exception and pass
        complain(sentence(error))


def say_later(words: str) -> None:
    """Keep a message for the next rerun; for callbacks, whose own output has no place on the page."""
    st.session_state.setdefault("pending", []).append(words)


@contextmanager
def said_later() -> Iterator[None]:
    """Keep an error of the block for the next rerun; for callbacks."""
    try:
        yield
    except Exception as error:
        say_later(sentence(error))


def say_what_is_pending() -> None:
    """Show the messages that callbacks and the link left, once."""
    if pending := st.session_state.pop("pending", []):
        st.warning("\n\n".join(map(plain, pending)), icon=":material/info:")
