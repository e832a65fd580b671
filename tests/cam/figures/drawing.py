"""Comparisons made without networks, drawn by both back ends."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cam.comparison import Comparison, VariantFacts
from cam.figures.drawing import draw_matplotlib, draw_pillow
from cam.question import Question
from models.costs import network_cost
from models.scaling import SCALINGS

ROOT = Path(__file__).parents[3]


SCALING_OF = {
    "baseline": "b0",
    "depth": "depth",
    "width": "width",
    "resolution": "resolution",
    "compound": "compound",
}


CATEGORIES = ["tabby", "tiger cat", "American Staffordshire terrier", "espresso"]


NOTE = "grown, not trained: computes the baseline's function"


DPI = 200


def facts(key: str, offset: float = 0.0) -> VariantFacts:
    scaling = SCALINGS[SCALING_OF[key]]
    cost = network_cost(scaling)
    centres = tuple(32.0 * i + offset for i in range(cost.grid))
    note = NOTE if key == "depth" else ""
    return VariantFacts(key, "made for a test", note, scaling, "b", cost.params, cost.macs, "0" * 64, centres)


def comparison_of(images: np.ndarray, maps: dict[str, np.ndarray], offset: float = 0.0, **fields) -> Comparison:
    """A comparison in which every variant sees and explains a tabby in every image (logit 2, the three others 0)."""
    count = len(images)
    logits = {key: np.tile(np.float32([2, 0, 0, 0]), (count, 1)) for key in maps}
    class_idx = {key: np.zeros(count, np.int64) for key in maps}
    names = [f"image {i}.png" for i in range(count)]
    variants = {key: facts(key, offset) for key in maps}
    whole = Comparison(variants, names, images, CATEGORIES, Question(), maps, logits, class_idx)
    return replace(whole, **fields)


def grey(count: int = 1, size: int = 224) -> np.ndarray:
    return np.full((count, size, size, 3), 128, np.uint8)


def hot(key: str, row: int, column: int, value: float = 10.0, count: int = 1) -> np.ndarray:
    cells = network_cost(SCALINGS[SCALING_OF[key]]).grid
    maps = np.full((count, cells, cells), -1, np.float32)
    maps[:, row, column] = value
    return maps


def pixels_pillow(layout) -> np.ndarray:
    return np.asarray(draw_pillow(layout, DPI)).astype(int)


def pixels_matplotlib(layout) -> np.ndarray:
    canvas = FigureCanvasAgg(draw_matplotlib(layout, DPI))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def panel(page: np.ndarray, layout, index: int) -> np.ndarray:
    left, top, width, height = (round(length * DPI / 72) for length in layout.pictures[index].box)
    return page[top : top + height, left : left + width]


def words_of(layout) -> list[str]:
    return [text.words for text in layout.texts]
