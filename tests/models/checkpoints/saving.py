"""Shared by the tests of checkpoint files."""

import torch
from torch import nn

from models.scaling import Scaling

SCALING = Scaling(0.4, 0.3, 96, 0.1)


METADATA = {"categories": ["ant", "bee", "cat"], "accuracy": {"top1": 0.75}, "provenance": "made for a test"}


def images(count=2, seed=0):
    """Images that differ from each other even when pooled, unlike plain noise."""
    coarse = torch.randn(count, 3, 5, 5, generator=torch.Generator().manual_seed(seed))
    return 2 * nn.functional.interpolate(coarse, size=(75, 64), mode="bilinear")
