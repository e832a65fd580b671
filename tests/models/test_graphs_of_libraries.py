"""Graphs of networks with every padding and activation against PyTorch, on all sample photographs; takes minutes.

``pytest -m slow -s tests/models/test_graphs_of_libraries.py``
"""

import pytest
import torch
from torch import nn

from models import SCALINGS, Network, efficientnet, load_study, open_image
from models.graph_agreement import agreement
from models.graphs.graph import onnx_graph
from models.input_check import photographs_of
from models.normalisation import IMAGENET

NAMES = [f"torchvision {size}" for size in ("b0", "b3")] + [f"tf {size}" for size in ("b0", "b3")]
NAMES += [f"lite {key}" for key in ("lite0", "lite1", "lite2")]
NAMES += [f"photographs {key}" for key in ("baseline", "depth", "width", "resolution", "compound")]


def random_network(size, family, photographs):
    """A network with random weights, BatchNorm statistics of the photographs, and a classifier of 1000 different classes."""
    torch.manual_seed(0)
    scaling = SCALINGS[size]
    model = efficientnet(scaling, 1000, family).train()
    nn.init.normal_(model.classifier[-1].weight, std=0.1)
    network = Network(
        model,
        scaling=scaling,
        family=family,
        categories=[str(n) for n in range(1000)],
        label=size,
        device="cpu",
        normalisation=IMAGENET,
    )
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.features(torch.stack([network.transform(photograph) for photograph in photographs[:8]]))
    model.eval()
    return network


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_maps_of_all_classes_are_pytorchs(name, samples):
    """They differ by at most 1e-4 of the map's maximum, and the first class is the same on every photograph."""
    kind, which = name.split()
    photographs = [open_image(path) for path in photographs_of(samples)]
    family = {"torchvision": "b", "tf": "tf"}.get(kind)
    network = random_network(which, family, photographs) if family else load_study(kind).load(which, "cpu")
    side, normalisation = network.scaling.input_size, network.normalisation
    graph = onnx_graph(network.model, side, normalisation=normalisation).SerializeToString()
    found = agreement(graph, network, photographs)
    print(
        f"\n{name}: maps {found.maps:.1e}, logits {found.logits:.1e}, the same class in {found.same} of {found.photographs}"
    )
    assert found.holds
    assert found.photographs == 17
