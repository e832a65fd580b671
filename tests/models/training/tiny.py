"""A training small enough for tests: 24 photographs, three categories, a network of 64 pixels."""

import numpy as np
import torch
from PIL import Image

from models import Scaling
from models.normalisation import LITE
from models.training.datasets import labelled, list_names
from models.training.lineage import draw
from models.training.recipe import Phase, Recipe
from models.training.run import TrainingRun

CPU = torch.device("cpu")


TINY = Scaling(0.25, 0.5, 64)


RECIPE = Recipe(
    "tiny",
    phases=(Phase(2, 0.5), Phase(1, frozen=2)),
    batch_size=4,
    ema_epochs=0.5,
    policy="trivial",
    erase=0.2,
    mixup=0.2,
    cutmix=1.0,
    mix_probability=0.7,
    clip_norm=5.0,
)


def write_photographs(folder, categories=("ant", "bee", "cow"), count=8):
    """Write photographs whose categories differ in colour."""
    random = np.random.default_rng(0)
    for index, category in enumerate(categories):
        (folder / category).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 120, (5, 7, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
            pixels[..., index] += 110
            Image.fromarray(pixels).save(folder / category / f"image_{number:04}.png")
    return folder


def tiny_run(data, out, recipe=RECIPE, seed=3):
    photographs = labelled(data, list_names(data), ["ant", "bee", "cow"])
    return TrainingRun(draw(TINY, 3, "tf", seed), photographs, recipe, 64, LITE, seed, CPU, out / "tiny")


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
