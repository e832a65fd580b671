"""One round of the grid pointing game, to look at: a mosaic, the maps of every class on it, and where the evidence lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cam.compare import ask
from cam.evaluation.scoring import classes_explained
from cam.figures.colours import display_scale, overlay, scaled
from cam.measures.pointing import mosaic, tile_shares
from cam.question import QUESTION, Question
from models.network import Network

COLOUR_MAP, OPACITY = "inferno", 0.75


@dataclass(frozen=True)
class PointingGame:
    """The networks' maps of one mosaic.

    Attributes:
        image: the mosaic.
        layout: name in ``cam.measures.pointing.LAYOUTS``.
        classes: name of the class on each tile, row by row.
        shares: network -> share of the positive evidence for the class of one tile (rows) that lies on each tile
            (columns), (tiles, tiles); the diagonal is what the game scores.
        pictures: network -> the map of each tile's class, drawn over the mosaic, uint8 (size, size, 3).
    """

    image: Image.Image
    layout: str
    classes: list[str]
    shares: dict[str, np.ndarray]
    pictures: dict[str, list[np.ndarray]]


def play(
    networks: Mapping[str, Network],
    pictures: Sequence[Image.Image],
    kinds: Sequence[Sequence[int]],
    layout: str,
    question: Question = QUESTION,
    size: int = 384,
) -> PointingGame:
    """Lay photographs out as a mosaic and explain the class of each one on it.

    Args:
        networks: key -> network, of one label set.
        pictures: one for each tile, row by row.
        kinds: for each picture, the class indices that it counts as; the most probable one is explained.
        layout: name in ``cam.measures.pointing.LAYOUTS``.
        question: the method and view.
        size: side of the pictures in pixels.

    Raises:
        ValueError: unknown layout, another number of pictures than tiles, or no network.
    """
    image = mosaic(pictures, layout)
    seen = ask(networks, [image], question)
    small = np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))
    shares: dict[str, list[np.ndarray]] = {key: [] for key in networks}
    drawn: dict[str, list[np.ndarray]] = {key: [] for key in networks}
    explained = [classes_explained(seen.logits, [kind], networks, seen.outputs)[0] for kind in kinds]
    for class_idx in explained:
        round_ = seen.explain(class_idx)
        for key in networks:
            maps, grid = round_.maps[key], round_.grid(key)
            shares[key].append(tile_shares(maps, grid, layout)[0])
            values = scaled(grid.drawn(maps, size)[0], *display_scale(maps[0], "map"))
            drawn[key].append(overlay(small, values, COLOUR_MAP, OPACITY))
    names = [seen.categories[class_idx] for class_idx in explained]
    return PointingGame(image, layout, names, {key: np.stack(one) for key, one in shares.items()}, drawn)
