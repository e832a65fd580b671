"""A network small enough for every test, whose features differ between images."""

import torch
from torch import nn

from models import Scaling, efficientnet

TINY = Scaling(0.25, 0.25, 96)


def tiny_model(scaling: Scaling = TINY, classes: int = 3, family: str = "b", seed: int = 0) -> nn.Module:
    """A model with random weights, whose BatchNorm statistics keep signals from vanishing before the head."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        made = efficientnet(scaling, classes, family)
        for layer in made.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
        made.train()(torch.randn(8, 3, 96, 96))
    return made.eval()
