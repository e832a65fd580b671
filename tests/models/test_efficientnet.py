"""Networks compared with torchvision's, and cell centres with gradients."""

import itertools

import pytest
import torch
import torchvision
from torch import nn
from torchvision.ops.misc import SqueezeExcitation

from models import SCALINGS, Scaling, efficientnet
from models.efficientnet import SameConv2d, cell_centres, family_of


def test_family_b_computes_what_torchvision_computes():
    ours, theirs = efficientnet(SCALINGS["b0"], 10).eval(), torchvision.models.efficientnet_b0(num_classes=10).eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, 96, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images))


@pytest.mark.parametrize("family", ["b", "tf", "tv", "lite"])
def test_family_is_told_from_the_layers(family):
    assert family_of(efficientnet(Scaling(0.25, 0.25), 2, family)) == family


def test_a_network_of_no_family_is_named():
    network = efficientnet(Scaling(0.25, 0.25), 2, "lite")
    network.features[0][1].eps = 0.5
    with pytest.raises(ValueError, match=r"no squeeze-excite gate, relu6, same padding and BatchNorm eps 0.5"):
        family_of(network)


@pytest.mark.parametrize(("size", "kernel", "stride"), [(7, 3, 2), (8, 3, 2), (8, 5, 2), (9, 5, 2), (10, 3, 1)])
def test_same_padding_is_tensorflows(size, kernel, stride):
    """TensorFlow's rule written out: pad so that ceil(size / stride) windows fit; an odd pixel is added after the image."""
    layer = SameConv2d(1, 1, kernel, stride, bias=False)
    x = torch.randn(1, 1, size, size)
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    padded = torch.zeros(1, 1, size + total, size + total)
    padded[..., total // 2 : total // 2 + size, total // 2 : total // 2 + size] = x
    expected = torch.nn.functional.conv2d(padded, layer.weight, stride=stride)
    torch.testing.assert_close(layer(x), expected)
    assert layer(x).shape[-1] == outputs


def uniform(network):
    """Make a network linear with equal positive weights, so that a cell's input gradient weights its receptive field."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, (nn.SiLU, nn.ReLU6, nn.Sigmoid, nn.BatchNorm2d, SqueezeExcitation)):
                setattr(parent, name, nn.Identity())
            elif isinstance(child, nn.Conv2d):
                nn.init.constant_(child.weight, 1 / child.weight[0].numel())
    return network.eval().double()


@pytest.mark.parametrize("family", ["b", "lite"])
@pytest.mark.parametrize("resolution", [224, 300, 448])
@pytest.mark.parametrize("stages", [9, 5])
def test_centres_are_where_the_gradient_lies(family, resolution, stages):
    """For a cell in the middle of a large image, the centroid of its input gradient is its centre.

    The image is enlarged by whole strides, so that no receptive field is cut off and the paddings stay the same. It is a
    strip: all weights of a kernel are equal, so the gradient is a product of its rows' and its columns' and has the same
    profile at any height.
    """
    network = uniform(efficientnet(Scaling(0.25, 1.0), 2, family)).features[:stages]
    size = resolution + 1024
    centres = cell_centres(network, size)
    image = torch.ones(1, 3, 64, size, dtype=torch.float64, requires_grad=True)
    cell = len(centres) // 2
    network(image).sum(dim=1)[0, 0, cell].backward()
    profile = image.grad.sum(dim=(0, 1, 2))
    centroid = (profile * torch.arange(size)).sum() / profile.sum()
    assert abs(centroid.item() - centres[cell]) < 1e-6
    steps = {b - a for a, b in itertools.pairwise(centres)}
    assert steps == {centres[1] - centres[0]}
    offset = cell_centres(network, resolution)[0]
    assert centres[0] == offset


@pytest.mark.parametrize(
    ("family", "resolution", "first", "cells"),
    [
        ("b", 224, 0, 7),
        ("b", 300, 0, 10),
        ("b", 448, 0, 14),
        ("lite", 224, 31, 7),
        ("lite", 448, 31, 14),
        ("tf", 300, 11, 10),
    ],
)
def test_known_centres(family, resolution, first, cells):
    centres = cell_centres(efficientnet(Scaling(0.25, 0.25), 2, family).features, resolution)
    assert centres == [first + 32 * cell for cell in range(cells)]


@pytest.mark.parametrize("arguments", [{"family": "c"}, {"num_classes": 0}])
def test_impossible_networks_are_refused(arguments):
    with pytest.raises(ValueError, match=r"unknown family 'c'; choose from b, tf|num_classes is 0; expected"):
        efficientnet(SCALINGS["b0"], **arguments)
