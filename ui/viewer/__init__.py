"""The figure in the browser, and the gallery: two components whose html, css and js lie beside this file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from ui.viewer.packing import pack, packed_paper

__all__ = ["gallery", "pack", "packed_paper", "viewer"]

HERE = Path(__file__).parent


def _component(name: str, *scripts: str) -> Callable[..., Any]:
    """A component from ``name``.html and .css; its scripts, joined, are one module."""
    html, css = (HERE.joinpath(f"{name}.{suffix}").read_text(encoding="utf-8") for suffix in ("html", "css"))
    js = "\n".join(HERE.joinpath(script).read_text(encoding="utf-8") for script in scripts)
    return st.components.v2.component(f"compound_cam_{name}", html=html, css=css, js=js)


_viewer = _component("viewer", "maps.js", "elements.js", "theirs.js", "viewer.js")
_gallery = _component("gallery", "gallery.js")


def viewer(data: dict[str, Any], on_remove: Callable[[], None], key: str = "viewer") -> None:
    """Draw what ``pack`` packed; when a row is closed, ``on_remove`` finds its digest in the state's ``remove``."""
    _viewer(data=data, key=key, on_remove_change=on_remove)


def gallery(
    thumbnails: list[dict[str, str]], chosen: list[str], on_toggle: Callable[[], None], key: str = "gallery"
) -> None:
    """Photographs to click on; ``on_toggle`` finds the name of the one clicked in the state's ``toggle``."""
    _gallery(data={"thumbnails": thumbnails, "chosen": chosen}, key=key, on_toggle_change=on_toggle)
