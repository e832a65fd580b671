"""The ten maps of the EfficientNet paper's own Figure 7, only for showing beside other maps."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from cam.figures.colours import coloured
from cam.maps.cells import CellGrid

FILE = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class PaperMap:
    """One map as the figure shows it. It is neither an array nor a raw map, because its zero, sign and unit are lost in print.

    Attributes:
        levels: values as drawn, float32 (side, side) in [0, 1], read-only; 0 and 1 are the map's own minimum and maximum.
    """

    levels: np.ndarray

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        """Always raises, so that no function of raw maps takes one by accident."""
        raise TypeError(
            "a map printed in the paper has lost its zero and unit; show its levels, do not compute with it"
        )

    @property
    def side(self) -> int:
        """Cells along an axis."""
        return len(self.levels)

    def drawn(self, size: int) -> np.ndarray:
        """The levels spread over ``size`` x ``size`` pixels as in the paper (bilinear, half-pixel), float32 in [0, 1]."""
        return CellGrid.even(self.side).drawn(self.levels[None], size)[0].clip(0, 1)

    def picture(self, size: int, colour_map: str = "jet") -> np.ndarray:
        """The panel of the paper, uint8 (size, size, 3)."""
        return coloured(self.drawn(size), colour_map)


@dataclass(frozen=True)
class PaperFigure:
    """Figure 7: the maps of two photographs, which are not included, by five networks. For display only.

    Attributes:
        source: where the maps come from and how they were read, one sentence.
        titles: variant -> the paper's words for it, in the figure's order.
        maps: class of the photograph (``"bakeshop"``, ``"maze"``) -> variant -> its map.

    References:
        Tan & Le, ICML 2019, Figure 7, https://arxiv.org/abs/1905.11946
    """

    source: str
    titles: Mapping[str, str]
    maps: Mapping[str, Mapping[str, PaperMap]]

    @property
    def classes(self) -> list[str]:
        """Classes of the photographs, from top to bottom."""
        return list(self.maps)


@cache
def paper_figure() -> PaperFigure:
    """The figure, read once."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    maps = {
        name: MappingProxyType({key: _map(rows) for key, rows in row.items()}) for name, row in document["maps"].items()
    }
    return PaperFigure(document["source"], MappingProxyType(document["titles"]), MappingProxyType(maps))


def _map(rows: list[list[float]]) -> PaperMap:
    levels = np.array(rows, dtype=np.float32)
    levels.flags.writeable = False
    return PaperMap(levels)
