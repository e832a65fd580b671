"""Fixtures for the tests of evaluate: a small study, a folder per class, and photographs with masks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models import Scaling, efficientnet, save_checkpoint
from tests.cam.commands.evaluating import CATEGORIES


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Two small random networks at 64 and 96 pixels, recorded as trained, and one from another seed."""
    folder = tmp_path_factory.mktemp("study")
    for seed, (name, side) in enumerate({"baseline": 64, "compound": 96, "baseline-seed1": 64}.items()):
        torch.manual_seed(seed)
        scaling = Scaling(0.35, 0.4, side, 0.2)
        model = efficientnet(scaling, len(CATEGORIES), "b")
        torch.nn.init.normal_(model.classifier[-1].weight)
        metadata = {"categories": CATEGORIES}
        save_checkpoint(folder / f"{name}.safetensors", model, scaling=scaling, family="b", metadata=metadata)
    tables = [f'[variants.{key}]\nsource = {{ file = "{key}.safetensors" }}\n' for key in ("baseline", "compound")]
    (folder / "small.toml").write_text('retrained = ["baseline-seed1.safetensors"]\n' + "".join(tables))
    return folder / "small.toml"


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Five photographs of each of four classes."""
    folder, generator = tmp_path_factory.mktemp("tree"), np.random.default_rng(0)
    for category in CATEGORIES:
        (folder / category).mkdir()
        for row in range(5):
            Image.fromarray(generator.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(
                folder / category / f"{row}.png"
            )
    return folder


@pytest.fixture(scope="module")
def masked(tmp_path_factory) -> Path:
    folder, generator = tmp_path_factory.mktemp("masked"), np.random.default_rng(1)
    rows = ""
    for name in ("a", "b"):
        Image.fromarray(generator.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(folder / f"{name}.jpg")
        mask = np.zeros((40, 50), dtype=np.uint8)
        mask[5:15, 5:15], mask[20:35, 25:45], mask[0], mask[18:20] = 1, 2, 255, 3
        Image.fromarray(mask).save(folder / f"{name}.png")
        rows += f'[{name}.instances]\n1 = {{ small = ["ant", "bee"] }}\n2 = {{ small = ["ant", "bee"] }}\n'
        rows += '3 = { small = ["dog"] }\n'
    (folder / "masks.toml").write_text(rows)
    return folder
