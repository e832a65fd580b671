"""Scenes of a lecture: a TOML file of titles, sentences and links into the app.

title = "Compound scaling"

[[scenes]]
title = "Two spaniels, five networks"
text = "Which of them sees both dogs?"
link = "/?images=spaniels"           # copied from the address bar
"""

import argparse
import sys
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

EXAMPLE = Path(__file__).with_name("example.toml")
RESERVED = ("mode", "scene")
FIELDS = ("title", "text", "link")


@dataclass(frozen=True)
class Scene:
    """One step of a lecture.

    Attributes:
        title: large, above the page.
        text: a sentence or two below it, may be "".
        page: the last part of the page's address; "" for Compare.
        state: parameters of the link, which restore what the page shows.
    """

    title: str
    text: str
    page: str
    state: dict[str, str]


def scenes_file(words: Sequence[str] | None = None) -> Path:
    """The file named by ``streamlit run app.py -- --scenes FILE.toml``, else the example that comes along.

    Args:
        words: arguments of the command; default those of this process.
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--scenes", type=Path, default=EXAMPLE)
    try:
        return parser.parse_known_args(sys.argv[1:] if words is None else words)[0].scenes
    except argparse.ArgumentError as error:
        raise ValueError("--scenes names no file; expected --scenes FILE.toml") from error


def read_scenes(path: Path, pages: Collection[str]) -> list[Scene]:
    """The scenes of a file, in order.

    Args:
        path: of the file.
        pages: addresses of the app's pages, "" for the first.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no TOML, has no scenes, or one is not understood.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file of scenes {path}; check the path after --scenes")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"the scenes {path.name} cannot be read ({error}); mend the file") from error
    tables = document.get("scenes")
    if not isinstance(tables, list) or not tables:
        raise ValueError(f"{path.name} has no scenes; expected a table [[scenes]] with title, text and link for each")
    return [_scene(table, f"scene {place} of {path.name}", pages) for place, table in enumerate(tables, 1)]


def _scene(table: object, name: str, pages: Collection[str]) -> Scene:
    words = table if isinstance(table, dict) else {}
    if not {"title", "link"} <= words.keys() <= set(FIELDS) or not all(isinstance(one, str) for one in words.values()):
        raise ValueError(f"{name} is not understood; expected title, text and link, each in quotes")
    address = urlsplit(words["link"])
    page = address.path.strip("/")
    if page not in pages:
        known = ", ".join(f"/{one}" for one in pages)
        raise ValueError(
            f"{name} links to {words['link']!r}, which is not a page; expected one of {known}, then ? and choices"
        )
    state = {key: value for key, value in parse_qsl(address.query, keep_blank_values=True) if key not in RESERVED}
    return Scene(words["title"], words.get("text", ""), page, state)
