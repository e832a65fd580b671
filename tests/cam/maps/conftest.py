"""Small networks with random weights."""

import pytest
import torch
from torch import nn

from models import Scaling, efficientnet
from models.network import Network


@pytest.fixture(scope="module")
def random_network():
    """A network in float64 with random statistics, whose SiLU features have both signs."""
    torch.manual_seed(0)
    model = efficientnet(Scaling(0.25, 0.25, 64), 5).double()
    for norm in (module for module in model.modules() if isinstance(module, nn.BatchNorm2d)):
        nn.init.normal_(norm.bias, 0, 0.3)
        nn.init.uniform_(norm.running_var, 0.5, 1.5)
    nn.init.normal_(model.classifier[-1].weight, 0, 3)
    return model.eval()


@pytest.fixture(scope="module")
def small():
    """A network with random weights at 64 pixels."""
    torch.manual_seed(1)
    scaling = Scaling(0.25, 0.25, 64)
    model = efficientnet(scaling, 3, "lite")
    return Network(model, scaling=scaling, family="lite", categories=list("abc"), label="Small", device="cpu")
