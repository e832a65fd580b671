"""Makes a component of a folder of html, css and ES modules.

Streamlit accepts one style sheet and one module for each component, so imported files are put in front of them, each once.
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
    """The component in the folder ``name``, made of the html, css and js files there that have the folder's name.

    Streamlit is imported when the component is first drawn, so code that only packs data for it runs without Streamlit.
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
    """The text of a file after the texts of all files that it imports, directly or not, each once.

    The modules share one scope here, so an import cannot rename.

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
    """Put a file into ``texts`` after the files that it imports; circular imports are allowed."""
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
