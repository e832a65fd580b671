"""A small network and its checkpoints."""

import pytest
import torch
from torch import nn

from models.checkpoints.loading import save_checkpoint
from models.efficientnet import efficientnet
from tests.models.checkpoints.saving import METADATA, SCALING, images


@pytest.fixture(scope="module")
def network():
    """A complete but tiny network with BatchNorm statistics as after training, so that its logits depend on the image."""
    torch.manual_seed(0)
    network = efficientnet(SCALING, 3, "tf")
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the statistics become the mean over all batches
    for seed in range(10):
        network(images(8, seed))
    nn.init.normal_(network.classifier[-1].weight, std=0.3)
    logits = network.eval()(images())
    assert (logits[0] - logits[1]).abs().max() > 0.1
    return network


@pytest.fixture
def saved(network, tmp_path):
    """The same network in this project's file format."""
    path = tmp_path / "saved.safetensors"
    save_checkpoint(path, network, scaling=SCALING, family="tf", metadata=METADATA)
    return path


@pytest.fixture
def pickled(network, tmp_path):
    """The same network as a state dict written by torch.save."""
    torch.save(network.state_dict(), tmp_path / "pickled.pth")
    return tmp_path / "pickled.pth"
