"""A comparison for those who look at it: words, one overlay, the likeliest classes, and a picture for notebooks."""

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from cam.figures.drawing import draw_pillow
from cam.figures.figure import figure_layout
from cam.figures.panels import Painter
from cam.saved import KINDS

if TYPE_CHECKING:
    from cam.comparison import Comparison

NOTEBOOK_DPI = 110
Guess = tuple[str, float]


def words_of(comparison: "Comparison") -> str:
    """One line: how many images, which variants, what was asked."""
    question, count = comparison.question, len(comparison.names)
    return (
        f"<Comparison of {', '.join(comparison.variants)} on {count} image{'s' if count != 1 else ''}: "
        f"{question.method} of {question.target_words}, {question.layer}, {question.view} view>"
    )


def png_of(comparison: "Comparison") -> bytes:
    """The figure, as notebooks show it."""
    file = io.BytesIO()
    draw_pillow(figure_layout(comparison), NOTEBOOK_DPI).save(file, "PNG")
    return file.getvalue()


def overlay_of(comparison: "Comparison", key: str, image: int) -> Image.Image:
    """One variant's map over one image, as the figure draws it.

    Raises:
        ValueError: no such variant or image.
    """
    _check(comparison, key, image)
    return Image.fromarray(Painter(comparison, [key]).panel(key, image).pixels)


def top_of(comparison: "Comparison", count: int, image: int) -> dict[str, list[Guess]]:
    """For each variant its likeliest classes in one image, each with its probability, the likeliest first.

    Raises:
        ValueError: no such image, or no class is asked for.
    """
    if count < 1:
        raise ValueError(f"{count} classes asked for; expected 1 or more")
    found = {}
    for key in comparison.variants:
        _check(comparison, key, image)
        row = comparison.probabilities(key)[image]
        best = np.argsort(-row, kind="stable")[:count]
        found[key] = [(comparison.categories[index], float(row[index])) for index in best]
    return found


def _check(comparison: "Comparison", key: str, image: int) -> None:
    if key not in comparison.variants:
        raise ValueError(f"unknown variant {key!r}; choose from {', '.join(comparison.variants)}")
    if not -len(comparison.names) <= image < len(comparison.names):
        raise ValueError(f"there is no image {image}; the comparison has {len(comparison.names)}, counted from 0")


def same(one: "Comparison", other: "Comparison") -> bool:
    """Whether two comparisons say the same of the same images; features kept for other classes do not count."""
    plain = ("names", "categories", "question", "variants", "outputs")
    if any(getattr(one, name) != getattr(other, name) for name in plain) or not np.array_equal(
        one.images, other.images
    ):
        return False
    return all(_alike(getattr(one, name), getattr(other, name)) for name in KINDS)


def _alike(one: dict[str, np.ndarray] | None, other: dict[str, np.ndarray] | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)
