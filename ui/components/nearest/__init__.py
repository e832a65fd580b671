"""Sample photographs with the maps of one network below those of another: nearest.html, nearest.css, nearest.js."""

from typing import Any

from ui.components.loader import component

_nearest = component("nearest")


def nearest_maps(data: dict[str, Any], key: str = "nearest") -> None:
    """Draw ``photographs`` with the maps of the networks ``shown``, places in ``columns``, one row for each."""
    _nearest(data=data, key=key)
