"""Loaded networks: the fast inference copy computes what the plain model computes."""

import pytest
import torch

from models import Scaling, efficientnet
from models.network import Network, choose_device, folded


def small(family="b", **changes):
    torch.manual_seed(0)
    scaling = Scaling(0.5, 0.5, 64)
    model = efficientnet(scaling, 3, family)
    for norm in (module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.running_var, 0.5, 2)
        torch.nn.init.normal_(norm.running_mean, 0, 0.3)
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.3)
    settings = {"scaling": scaling, "family": family, "categories": ["a", "b", "c"], "label": "Small", "device": "cpu"}
    return Network(model, **(settings | changes))


@pytest.mark.parametrize("family", ["b", "tf", "lite"])
def test_folding_changes_nothing(family):
    features = small(family).model.features.double()
    images = torch.randn(2, 3, 64, 96, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(folded(features)(images), features(images), rtol=1e-10, atol=1e-10)


def test_folding_leaves_no_batchnorm_and_the_model_alone():
    network = small()
    before = {name: tensor.clone() for name, tensor in network.model.state_dict().items()}
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded(network.model.features).modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.model.state_dict().items())


def test_real_features_equal_the_plain_models(lite, samples):
    from models import open_image

    for network in (lite["baseline"], lite["compound"]):
        image = network.transform(open_image(samples / "cat.jpg"))[None]
        with torch.no_grad():
            plain = network.model.features(image)
        torch.testing.assert_close(network.features(image), plain, rtol=1e-3, atol=1e-4)


def test_model_allows_gradients_and_is_in_eval_mode():
    network = small()
    images = torch.randn(1, 3, 64, 64, requires_grad=True)
    network.model(images).sum().backward()
    assert images.grad.abs().sum() > 0
    assert not network.model.training


def test_fingerprint_depends_on_every_weight_and_on_nothing_else():
    first, second, other = small(), small(label="Another"), small()
    with torch.no_grad():
        other.model.classifier[-1].bias[1] += 1e-6
    assert first.fingerprint == second.fingerprint != other.fingerprint
    assert small(scaling=Scaling(0.5, 0.5, 96)).fingerprint != first.fingerprint


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "gpu 1", "meta"])
def test_unknown_devices_are_one_sentence(device):
    with pytest.raises(ValueError, match=r"unknown device|this machine has no device"):
        choose_device(device)


def test_auto_takes_the_best_there_is():
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert choose_device("auto").type == expected
