"""What the site's own modules compute in the browser, compared with Python's numbers by node."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cam.maps.targets import shared_class
from models import open_image
from models.costs import network_cost
from models.home import SAMPLES
from models.images import VIEWS, view_box, view_image
from models.out_of_class import ScoreScale, out_of_class
from models.outputs import probabilities
from models.scaling import SCALINGS, Scaling, round_channels
from tests.ui.node import NODE, require_equal
from ui.components.viewer.packing import packed
from ui.site.lesson import family

SIDES = (224, 300)


def photographs() -> dict[str, Image.Image]:
    """A photograph, and noise: larger and smaller than a network's input, strips, and on both sides of the height above which
    Pillow resamples columns first."""
    random = np.random.default_rng(0)
    noise = {
        "noise": (401, 523),
        "little": (37, 90),
        "little and tall": (290, 61),
        "a row": (1, 700),
        "a column": (700, 1),
        "tall": (640, 427),
        "just tall for 224": (500, 361),
        "not quite tall for 224": (500, 362),
    }
    made = {name: Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8)) for name, size in noise.items()}
    return {"a photograph": open_image(SAMPLES / "cat.jpg")} | made


def views() -> list[dict]:
    return [
        {
            "name": name,
            "width": image.width,
            "height": image.height,
            "rgb": packed(np.asarray(image), "u1"),
            "view": view,
            "side": side,
            "seen": packed(np.asarray(view_image(image, view, side)), "u1"),
        }
        for name, image in photographs().items()
        for view in VIEWS
        for side in SIDES
    ]


SCALE = ScoreScale("max logit", 3.0, 0.8, -1.0)


def answers() -> list[dict]:
    """Logits of five networks on ten photographs; on the last five the votes are tied."""
    random = np.random.default_rng(1)
    logits = random.normal(size=(5, 10, 20)).astype(np.float32)
    for photograph in range(5, 10):
        for network, top in enumerate((3, 3, 11, 11, 7)):
            logits[network, photograph, top] = 4 + random.random()
    of_each = {f"network {place}": one for place, one in enumerate(logits)}
    shared, outside = shared_class(of_each), out_of_class(of_each, dict.fromkeys(of_each, SCALE))
    assert outside is not None
    assert len(set(outside)) == 2
    return [
        {
            "logits": [packed(one[place]) for one in logits],
            "shared": int(shared[place]),
            "outside": outside[place],
            "probabilities": packed(probabilities(logits[0, place])),
        }
        for place in range(10)
    ]


def costs() -> list[dict]:
    scalings = [*SCALINGS.values(), Scaling(1.7, 3.3, 300), Scaling(4.9, 1.0, 668), Scaling(1.05, 7.9, 228)]
    found = []
    for one in scalings:
        cost = network_cost(one)
        stages = cost.stages[1:-2]
        found.append(
            {
                "depth": one.depth_mult,
                "width": one.width_mult,
                "pixels": one.input_size,
                "params": cost.params,
                "macs": cost.macs,
                "grid": cost.grid,
                "layers": [stage.layers for stage in stages],
                "channels": [stage.channels for stage in stages],
            }
        )
    return found


def numbers() -> dict:
    sizes = [(640, 480), (480, 641), (3, 3)]
    return {
        "views": views(),
        "boxes": [
            {"width": width, "height": height, "view": view, "box": view_box(width, height, view)}
            for width, height in sizes
            for view in VIEWS
        ],
        "answers": answers(),
        "scales": {
            f"network {place}": {"mean": SCALE.mean, "deviation": SCALE.deviation, "threshold": SCALE.threshold}
            for place in range(5)
        },
        "family": family(),
        "costs": costs(),
        "rounded": [(channels / 10, round_channels(channels / 10)) for channels in range(10, 4000, 7)],
    }


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_browsers_numbers_are_pythons(tmp_path):
    require_equal(Path(__file__).with_name("parts.test.js"), numbers(), tmp_path)
