"""Photographs with maps for figures."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from cam.comparison import Comparison
from models.costs import network_cost
from models.scaling import SCALINGS
from tests.cam.figures.drawing import SCALING_OF, comparison_of


@pytest.fixture(scope="module")
def photographs() -> Comparison:
    """Two real photographs, with smooth signed maps on the grids of all five variants."""
    pictures = [Image.fromarray(picture).resize((224, 224)) for picture in (data.chelsea(), data.coffee())]
    maps = {}
    for shift, key in enumerate(SCALING_OF):
        y = np.linspace(-1, 1, network_cost(SCALINGS[SCALING_OF[key]]).grid)
        bump = 20 * np.exp(-4 * ((y[:, None] - 0.1 * shift) ** 2 + (y[None] + 0.2) ** 2)) - 4
        maps[key] = np.stack([bump, 2 * bump.T]).astype(np.float32)
    return comparison_of(np.stack([np.asarray(picture) for picture in pictures]), maps)
