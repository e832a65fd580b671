"""A folder of html, css and ES modules becomes a component.

Streamlit takes one style sheet and one module for each component, so what these import is put in front of them, once.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODULE = re.compile(r'^import \{[^}]+\} from "(\.[^"]+)"\n', re.MULTILINE)
SHEET = re.compile(r'^@import "(\.[^"]+)";\n', re.MULTILINE)
NAMED_EXPORT = re.compile(r"^export (?=(?:async )?function \w|const |class )", re.MULTILINE)
DECLARED = re.compile(r"^(?:export (?:default )?)?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


def component(name: str) -> Callable[..., Any]:
    """The component in the folder ``name``, of the html, css and js files in it that are called like it.

    Streamlit comes in when it is first drawn: what only packs data for a component runs where there is none.
    """
    return lambda **arguments: _registered(name)(**arguments)


@cache
def _registered(name: str) -> Callable[..., Any]:
    import streamlit as st

    folder = HERE / name
    html = folder.joinpath(f"{name}.html").read_text(encoding="utf-8")
    css, js = joined(folder / f"{name}.css", SHEET), joined(folder / f"{name}.js", MODULE)
    return st.components.v2.component(f"compound_cam_{name}", html=html, css=css, js=js)


def joined(path: Path, imports: re.Pattern[str]) -> str:
    """A file after all that it imports, directly or not, each file once.

    Modules keep their names, because they share one scope here: an import cannot rename.

    Raises:
        ValueError: two modules declare the same name.
    """
    texts: dict[Path, str] = {}
    _collect(path.resolve(), imports, texts)
    if imports is MODULE:
        _require_own_names(texts)
        return "\n".join(NAMED_EXPORT.sub("", text) for text in texts.values())
    return "\n".join(texts.values())


def _collect(
    path: Path, imports: re.Pattern[str], texts: dict[Path, str], begun: frozenset[Path] = frozenset()
) -> None:
    """Put a file into ``texts`` behind what it imports; modules may import one another in a circle."""
    text = path.read_text(encoding="utf-8")
    for name in imports.findall(text):
        other = (path.parent / name).resolve()
        if other not in texts and other not in begun:
            _collect(other, imports, texts, begun | {path})
    if path not in texts:
        texts[path] = imports.sub("", text)


def _require_own_names(texts: dict[Path, str]) -> None:
    places: dict[str, Path] = {}
    for path, text in texts.items():
        for name in DECLARED.findall(text):
            if name in places:
                raise ValueError(f"{path.name} and {places[name].name} both declare {name!r}; rename one of them")
            places[name] = path
