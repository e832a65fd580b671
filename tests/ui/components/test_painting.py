"""The viewer and the figure's files paint the same: every display choice, pixel by pixel, Python's beside the browser's."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from cam.comparison import Comparison
from cam.figures.display import Display, Swipe
from cam.figures.panels import Painter
from models.costs import network_cost
from models.scaling import SCALINGS
from tests.cam.figures.drawing import SCALING_OF, comparison_of
from tests.ui.node import NODE, require_equal
from ui.components.loader import HERE
from ui.components.viewer.packing import pack, packed

GRID = 256  # the viewer's
LOOKS = {
    "as it comes": ({}, Display()),
    "other colours": ({"colours": "viridis", "opacity": 0.9}, Display(colours="viridis", opacity=0.9)),
    "diverging": ({"colours": "diverging"}, Display(colours="diverging")),
    "hidden": ({"hidden": True}, Display(opacity=0)),
    "one scale": ({"scale": "row", "colours": "cividis"}, Display("row", colours="cividis")),
    "signed": ({"signed": True}, Display(signed=True)),
    "signed, one scale": ({"signed": True, "scale": "row"}, Display("row", signed=True)),
    "a difference": ({"difference": True}, Display(difference="baseline", signed=True)),
    "a difference of cells": (
        {"difference": True, "cells": True, "scale": "row"},
        Display("row", difference="baseline", signed=True, cells=True),
    ),
    "cells": ({"cells": True}, Display(cells=True)),
    "nominal": ({"placement": "nominal"}, Display(placement="nominal")),
    "half-pixel": ({"placement": "half-pixel", "cells": True}, Display(placement="half-pixel", cells=True)),
    "a contour": ({"contour": 0.5, "colours": "jet"}, Display(contour=0.5, colours="jet")),
    "a contour of cells": ({"contour": 0.35, "cells": True}, Display(contour=0.35, cells=True)),
    "paper": ({"paper": True, "contour": 0.5}, Display(style="paper", contour=0.5)),
    "paper, cells": (
        {"paper": True, "cells": True, "scale": "row", "colours": "jet"},
        Display(style="paper", cells=True),
    ),
}


def comparison() -> Comparison:
    """A real photograph under maps of all five grids that lean, as trained kernels do."""
    picture = np.asarray(Image.fromarray(data.chelsea()).resize((GRID, GRID)))
    random, maps = np.random.default_rng(0), {}
    for key, name in SCALING_OF.items():
        cells = network_cost(SCALINGS[name]).grid
        maps[key] = (10 * random.normal(size=(1, cells, cells)) + 4).astype(np.float32)
    found = comparison_of(picture[None], maps)
    for place, facts in enumerate(found.variants.values()):
        object.__setattr__(facts, "offset", (2.5 * place, 9.0 - 3 * place))
    return found


def numbers() -> dict:
    found = comparison()
    painted = []
    for name, (look, display) in LOOKS.items():
        painter = Painter(found, list(found.variants), display)
        panels = [painter.panel(key, 0) for key in found.variants]
        painted.append(
            {
                "name": name,
                "look": look,
                "display": {field: getattr(display, field) for field in told(display)},
                "panels": [packed(panel.pixels, "u1") for panel in panels],
                "lines": [[line.tolist() for line in panel.lines] for panel in panels],
                "limits": [painter.limits(key, 0) for key in found.variants],
            }
        )
    photograph = packed(found.images[0], "u1")
    return {"data": pack([found], ["0"], [""], {}, list(found.variants)), "photograph": photograph, "painted": painted}


def told(display: Display) -> tuple[str, ...]:
    """What the viewer tells: in the paper style the choices that it leaves."""
    left = ("style", "contour", "cells", "swipe")
    return left if display.paper else tuple(name for name in vars(display) if name != "style")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_browser_paints_what_the_files_hold(tmp_path):
    require_equal(HERE.parents[1] / "tests" / "ui" / "components" / "painting.test.js", numbers(), tmp_path)


def test_every_choice_of_the_record_is_among_them():
    """But the swipe, which is of two panels: tests/browser/test_downloads.py."""
    usual = vars(Display(swipe=Swipe("", "")))
    varied = {
        name for _, display in LOOKS.values() for name in usual if getattr(display, name) != getattr(Display(), name)
    }
    assert varied == set(usual) - {"swipe"}
