"""Scenes of a lecture: a TOML file of titles, sentences, notes and links into the app.

title = "Compound scaling"

[[scenes]]
title = "Two spaniels, five networks"
text = "Which of them sees both dogs?"
link = "/?images=spaniels"           # copied from the address bar
show = "photographs"                 # composed for the screen; without it the page itself is shown
notes = "For the speaker's view."
"""

import argparse
import stat
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

EXAMPLE = Path(__file__).with_name("example.toml")
RESERVED = ("mode", "scene", "build", "hall", "live")
EXPECTED = "expected title, text and link or show, each in quotes"
MOST_BYTES = 2**20
SHOWS = ("claim", "cells", "growth", "curves", "photographs", "rather", "guess", "answer", "home")


@dataclass(frozen=True)
class Scene:
    """One step of a lecture.

    Attributes:
        title: large, at the top.
        text: a sentence or two below it, may be "".
        page: the last part of the page's address; "" for Compare.
        state: parameters of the link, which restore what the page shows.
        show: name of the composed scene, one of ``SHOWS``; "" where the page itself is shown.
        notes: for the speaker's view.
        points: sentences of the scene "home", shown one after the other.
        linked: whether the scene has a link to a page.
    """

    title: str
    text: str
    page: str
    state: dict[str, str]
    show: str = ""
    notes: str = ""
    points: tuple[str, ...] = field(default=())
    linked: bool = True

    @property
    def photographs(self) -> list[str]:
        """Names of the sample photographs that the link asks for."""
        return [name for name in self.state.get("images", "").split(",") if name]


def scenes_file(words: Sequence[str] | None = None) -> Path:
    """The file named by ``streamlit run app.py -- --scenes FILE.toml``, else the example that comes with the project.

    Args:
        words: arguments of the command; default those of this process.

    Raises:
        ValueError: ``--scenes`` has no file name.
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--scenes", type=Path, default=EXAMPLE)
    try:
        return parser.parse_known_args(sys.argv[1:] if words is None else words)[0].scenes
    except argparse.ArgumentError as error:
        raise ValueError(
            "the server was started without the name of a scenes file; see Lectures in the guide"
        ) from error


def read_scenes(path: Path, pages: Collection[str]) -> list[Scene]:
    """The scenes of a file, in order.

    Args:
        path: of the file.
        pages: addresses of the app's pages, "" for the first.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a TOML file of at most ``MOST_BYTES``, has no scenes, or a scene is not understood.
    """
    name = path.name  # messages do not show visitors the server's folders
    try:
        document = msgspec.toml.decode(_content(path), type=dict[str, Any])
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"there is no file of scenes {name}; whoever started the server should check its name"
        ) from error
    except (ValueError, RecursionError, OSError) as error:
        why = f" ({error})" if isinstance(error, ValueError) else ""
        raise ValueError(f"the scenes {name} cannot be read{why}; correct the file") from error
    tables = document.get("scenes")
    if not isinstance(tables, list) or not tables:
        raise ValueError(f"{name} has no scenes; expected a table [[scenes]] with title, text and link for each")
    return [_scene(table, f"scene {place} of {name}", pages) for place, table in enumerate(tables, 1)]


def _content(path: Path) -> bytes:
    """The bytes of a regular file; ``models.files.read_file``, which reads files from outside, comes with PyTorch.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no regular file, or larger than ``MOST_BYTES``.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("not a regular file")
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES / 2**20:g} MiB")
    return content


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    """A table [[scenes]] of the file."""

    title: str
    text: str = ""
    link: str | None = None
    show: str | None = None
    notes: str = ""
    points: tuple[str, ...] = ()


def _scene(table: object, name: str, pages: Collection[str]) -> Scene:
    try:
        found = msgspec.convert(table, _Table)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} is not understood; {EXPECTED}") from error
    if found.link is None and found.show is None:
        raise ValueError(f"{name} is not understood; {EXPECTED}")
    if found.show is not None and found.show not in SHOWS:
        raise ValueError(f"{name} shows {found.show!r}, which is unknown; expected one of {', '.join(SHOWS)}")
    page, state = _address("/" if found.link is None else found.link, name, pages)
    notes, linked = " ".join(found.notes.split()), found.link is not None
    return Scene(found.title, found.text, page, state, found.show or "", notes, found.points, linked)


def _address(link: str, name: str, pages: Collection[str]) -> tuple[str, dict[str, str]]:
    """The page that a link names, and what it asks that page to show."""
    address = urlsplit(link)
    page = address.path.strip("/")
    if page not in pages:
        known = ", ".join(f"/{one}" for one in pages)
        raise ValueError(f"{name} links to {link!r}, which is not a page; expected one of {known}, then ? and choices")
    query = parse_qsl(address.query, keep_blank_values=True)
    return page, {key: value for key, value in query if key not in RESERVED}
