"""Photographs to click on: picker.html, picker.css, picker.js."""

from collections.abc import Callable

from ui.components.loader import component

_gallery = component("picker")


def gallery(
    thumbnails: list[dict[str, str]], chosen: list[str], on_toggle: Callable[[], None], key: str = "gallery"
) -> None:
    """Photographs to click on; ``on_toggle`` finds the name of the clicked one in the state's ``toggle``."""
    _gallery(data={"thumbnails": thumbnails, "chosen": chosen}, key=key, on_toggle_change=on_toggle)
