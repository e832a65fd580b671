"""How maps are drawn, as one record: what is chosen in the viewer, on the command line, for a figure or for an export."""

from collections.abc import Collection
from dataclasses import dataclass, fields

from cam.figures.colours import COLOUR_MAPS
from cam.maps.closed_forms import PLACEMENTS

SCALES = ("map", "row")
STYLES = ("overlay", "paper")
PAPERS_OWN = ("scale", "colours", "opacity", "signed", "difference", "placement")
TOPS = {"inferno": "yellow", "viridis": "yellow", "cividis": "yellow", "diverging": "red", "jet": "dark red"}
PLACEMENT_WORDS = {"nominal": "cells where strides and paddings put them", "half-pixel": "cells spread evenly"}


@dataclass(frozen=True)
class Swipe:
    """Two panels of a photograph in the place of one: up to the share ``divide`` of its width the left one.

    ``left`` and ``right`` are keys of variants; "" is the photograph.

    Raises:
        ValueError: ``divide`` is not a share.
    """

    left: str
    right: str
    divide: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.divide <= 1:
            raise ValueError(f"divide is {self.divide}; expected a share from 0 to 1")


@dataclass(frozen=True)
class Display:
    """Display choices; validated when they are made.

    Attributes:
        scale: ``"map"`` draws every map from 0 to its own maximum, ``"row"`` all maps of a row from 0 to their common
            one, with a colour bar.
        style: ``"overlay"`` lays maps over the picture; ``"paper"`` redraws the look of Figure 7: jet without picture,
            min-max of each map with its negative values, half-pixel placement.
        colours: name in ``COLOUR_MAPS``.
        opacity: share of the colour where a map is strongest, in [0, 1].
        signed: 0 in the middle of diverging colours, so that evidence against the class shows.
        difference: key of the variant whose map is taken from every other, at the same places, signed; "" for none.
        contour: where a line is drawn, as a share of the largest value; 0 for none.
        cells: the cells of a map as they are, without smoothing.
        placement: where cells are drawn, see ``resample``.
        swipe: the two panels that a figure shows in the place of all; None for all.

    Raises:
        ValueError: a choice is unknown, or one that the paper style makes itself.
    """

    scale: str = "map"
    style: str = "overlay"
    colours: str = "inferno"
    opacity: float = 0.7
    signed: bool = False
    difference: str = ""
    contour: float = 0.0
    cells: bool = False
    placement: str = "registered"
    swipe: Swipe | None = None

    def __post_init__(self) -> None:
        known = {"scale": SCALES, "style": STYLES, "colours": COLOUR_MAPS, "placement": PLACEMENTS}
        for name, options in known.items():
            if getattr(self, name) not in options:
                raise ValueError(f"unknown {name} {getattr(self, name)!r}; choose from {', '.join(options)}")
        for name in ("opacity", "contour"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a share from 0 to 1")
        for field in fields(self) if self.paper else ():
            if field.name in PAPERS_OWN and getattr(self, field.name) != field.default:
                raise ValueError(
                    f"the paper style gives every map its own scale, with colours and places of its own; "
                    f"leave out {field.name}, or choose style 'overlay'"
                )

    def require_possible(self, keys: Collection[str], unit: str, method: str) -> None:
        """Refuse choices that no figure of these networks can show.

        Args:
            keys: of the variants that are compared.
            unit: of their maps, ``"logit"`` or "".
            method: that makes the maps.

        Raises:
            ValueError: a shared scale or a difference without a shared unit, or a variant that is not compared.
        """
        if unit != "logit" and (self.difference or self.scale == "row"):
            way = "leave the difference out, or choose" if self.difference else "choose scale 'map', or"
            raise ValueError(
                f"maps of {method!r} have no unit that variants could share; {way} a method in logits such as 'cam'"
            )
        pair = (self.swipe.left, self.swipe.right) if self.swipe else ()
        for key in (self.difference, *pair):
            if key and key not in keys:
                raise ValueError(f"unknown variant {key!r}; choose from {', '.join(keys)}")

    @property
    def paper(self) -> bool:
        """The look of Figure 7."""
        return self.style == "paper"

    @property
    def symmetric(self) -> bool:
        """0 lies in the middle between the two ends of the colours."""
        return self.signed or bool(self.difference)

    @property
    def two_sided(self) -> bool:
        """Colours diverge: what is negative is drawn too."""
        return not self.paper and (self.symmetric or self.colours == "diverging")

    @property
    def colour_map(self) -> str:
        """Name in ``matplotlib.colormaps``."""
        return "jet" if self.paper else COLOUR_MAPS["diverging" if self.symmetric else self.colours]

    def words(self, against: str) -> list[str]:
        """How to read maps that are drawn so.

        Args:
            against: label of the variant that the others are compared with; "" where they are not.
        """
        said = [f"each map less that of {against} at the same place"] if self.difference else []
        said.append(self._scale_words())
        if self.contour:
            said.append(f"line at {100 * self.contour:.0f} % of the maximum")
        if self.cells:
            said.append("cells without smoothing")
        return [*said, *([PLACEMENT_WORDS[self.placement]] if self.placement in PLACEMENT_WORDS else [])]

    def _scale_words(self) -> str:
        if not self.opacity:
            return "maps not coloured"
        scale = "one scale per row" if self.scale == "row" else "each map on its own scale"
        if self.symmetric:
            more, less = ("more", "less") if self.difference else ("for the class", "against it")
            return f"{scale}: 0 clear, {more} red, {less} blue"
        if self.colours == "diverging":
            return f"{scale}: 0 clear, its maximum red, negative evidence blue"
        return scale if self.scale == "row" else f"{scale}: 0 clear, its maximum {TOPS[self.colours]}"


DISPLAY = Display()
