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
import sys
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

EXAMPLE = Path(__file__).with_name("example.toml")
RESERVED = ("mode", "scene", "build", "hall", "live")
WORDS = ("title", "text", "link", "show", "notes")
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
        ValueError: the file is not TOML, has no scenes, or a scene is not understood.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file of scenes {path.name}; whoever started the server should check its name"
        )
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        why = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""  # others name the server's folders
        raise ValueError(f"the scenes {path.name} cannot be read{why}; correct the file") from error
    tables = document.get("scenes")
    if not isinstance(tables, list) or not tables:
        raise ValueError(f"{path.name} has no scenes; expected a table [[scenes]] with title, text and link for each")
    return [_scene(table, f"scene {place} of {path.name}", pages) for place, table in enumerate(tables, 1)]


def _scene(table: object, name: str, pages: Collection[str]) -> Scene:
    words = dict(table) if isinstance(table, dict) else {}
    points = words.pop("points", [])
    understood = words.keys() <= set(WORDS) and "title" in words and (words.keys() & {"link", "show"})
    texts = [*words.values(), *points] if isinstance(points, list) else [None]
    if not understood or not all(isinstance(one, str) for one in texts):
        raise ValueError(f"{name} is not understood; expected title, text and link or show, each in quotes")
    show = words.get("show", "")
    if "show" in words and show not in SHOWS:
        raise ValueError(f"{name} shows {show!r}, which is unknown; expected one of {', '.join(SHOWS)}")
    page, state = _address(words.get("link", "/"), name, pages)
    notes = " ".join(words.get("notes", "").split())
    return Scene(words["title"], words.get("text", ""), page, state, show, notes, tuple(points), "link" in words)


def _address(link: str, name: str, pages: Collection[str]) -> tuple[str, dict[str, str]]:
    """The page that a link names, and what it asks that page to show."""
    address = urlsplit(link)
    page = address.path.strip("/")
    if page not in pages:
        known = ", ".join(f"/{one}" for one in pages)
        raise ValueError(f"{name} links to {link!r}, which is not a page; expected one of {known}, then ? and choices")
    query = parse_qsl(address.query, keep_blank_values=True)
    return page, {key: value for key, value in query if key not in RESERVED}
