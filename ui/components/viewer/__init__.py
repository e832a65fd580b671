"""The figure in the browser.

packing.py       a comparison as plain data for the viewer
interactive.py   the viewer with its data as one HTML file
maps.js          resampling and colours
state.js         what is shown, and how
elements.js      pieces of the figure
figure.js        heads, rows and captions
painting.js      photographs, maps, contours and scales
pointing.js      cross-hair, zoom and pan
keys.js          keyboard shortcuts
tools.js         display choices, and the link that keeps them
large.js         one photograph, large
apart.js         one of its maps taken apart, cell by cell
paper_figure.js  the paper's own Figure 7
viewer.js        entry point for Streamlit
"""

from collections.abc import Callable
from typing import Any

from ui.components.loader import component
from ui.components.viewer.interactive import interactive_page, likely_classes
from ui.components.viewer.packing import pack, packed_paper, packed_parts

__all__ = ["interactive_page", "likely_classes", "pack", "packed_paper", "packed_parts", "viewer"]

_viewer = component("viewer")


def viewer(
    data: dict[str, Any],
    on_remove: Callable[[], None],
    on_study: Callable[[], None],
    on_apart: Callable[[], None],
    key: str = "viewer",
) -> None:
    """Draw the data of ``pack``; callbacks find the visitor's request in the state.

    Args:
        data: from ``pack``.
        on_remove: called to close a row; ``remove`` is its photograph's digest.
        on_study: called to show another study; ``study`` is its name.
        on_apart: called to take a map apart; ``apart`` holds its photograph's ``digest`` and its variant's ``key``.
        key: of the component's state.
    """
    _viewer(data=data, key=key, on_remove_change=on_remove, on_study_change=on_study, on_apart_change=on_apart)
