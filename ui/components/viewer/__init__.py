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
files.js         files of the figure as it is seen when they are asked for
large.js         one photograph, large
apart.js         one of its maps taken apart, cell by cell
paper_figure.js  the paper's own Figure 7
viewer.js        entry point for Streamlit
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from cam.figures.display import DISPLAY, Display
from ui.components.loader import component
from ui.components.viewer.interactive import interactive_page, likely_classes
from ui.components.viewer.packing import pack, packed_paper, packed_parts

__all__ = ["Shown", "interactive_page", "likely_classes", "pack", "packed_paper", "packed_parts", "shown_by", "viewer"]

_viewer = component("viewer")


Turn = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]  # as a browser counts


class Shown(msgspec.Struct):
    """What a visitor chose in the viewer: ``look`` as links have it, and ``display``, which figures are drawn with.

    ``turn`` is its number, by which the viewer knows the buttons that draw it.
    """

    look: dict[str, float | str | bool | None]
    display: Display
    turn: Turn = 0


class _Told(msgspec.Struct):
    """What is kept of choices that cannot be used."""

    turn: Turn = 0


def viewer(
    data: dict[str, Any],
    on_remove: Callable[[], None],
    on_study: Callable[[], None],
    on_apart: Callable[[], None],
    key: str = "viewer",
) -> None:
    """Draw the data of ``pack``; callbacks find the visitor's request in the state.

    Args:
        data: of ``pack``.
        on_remove: a row is closed; ``remove`` is its photograph's digest.
        on_study: another study is to be shown; ``study`` is its name.
        on_apart: a map is to be taken apart; ``apart`` is its photograph's ``digest`` and its variant's ``key``.
        key: of the component's state, in which ``shown`` is what ``shown_by`` reads.
    """
    _viewer(
        data=data,
        key=key,
        on_remove_change=on_remove,
        on_study_change=on_study,
        on_apart_change=on_apart,
        on_shown_change=lambda: None,
    )


def shown_by(state: Any) -> Shown:
    """The display choices that the viewer told, the defaults where it has told none; it comes from a browser.

    Defaults for choices that cannot be used have their turn all the same: the viewer waits for the buttons of that turn.

    Args:
        state: of the component.
    """
    told = getattr(state, "shown", None)
    try:
        return msgspec.convert(told, Shown)
    except msgspec.ValidationError:
        return Shown({}, DISPLAY, _turn_of(told))


def _turn_of(told: Any) -> int:
    try:
        return msgspec.convert(told, _Told).turn
    except msgspec.ValidationError:
        return 0
