"""Classifiers with one linear layer and with several: how much each pooled feature contributes to a class's logit."""

import pytest
import torch
from torch import nn

from models import CheckpointError, Network, Scaling, efficientnet, grow, load_checkpoint, save_checkpoint
from models.classifier import class_weights, hidden_classifier, hidden_widths, only_linear_layer
from models.costs import network_cost

TINY = Scaling(0.25, 0.25, 64)


def deep_model(classes=3, hidden=(16,)):
    torch.manual_seed(0)
    model = efficientnet(TINY, classes)
    model.classifier = hidden_classifier(320, hidden, classes, 0.2)
    return model.eval()


def test_two_layers_weigh_features_by_the_product_of_those_units_that_are_awake():
    """The Jacobian by hand: rows of the second layer times those rows of the first whose output is above 0."""
    head = hidden_classifier(5, (7,), 4, 0.5).double().eval()
    pooled, classes = torch.randn(6, 5, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 0, 1])
    awake = (head[1](pooled) > 0).double()
    expected = (head[3].weight[classes] * awake) @ head[1].weight
    torch.testing.assert_close(class_weights(head, pooled[..., None, None], classes), expected)
    assert not head[1].weight.grad
    with torch.inference_mode():
        torch.testing.assert_close(class_weights(head, pooled[..., None, None].clone(), classes), expected)


def test_one_layer_weighs_them_by_the_classes_row():
    head, classes = nn.Sequential(nn.Dropout(0.2), nn.Linear(5, 4)), torch.tensor([3, 0])
    torch.testing.assert_close(class_weights(head, torch.randn(2, 5, 1, 1), classes), head[1].weight.detach()[classes])


@pytest.mark.parametrize("hidden", [(16,), (32, 8)])
def test_costs_count_every_layer_of_the_head(hidden):
    model = deep_model(hidden=hidden)
    assert network_cost(TINY, 3, "b", hidden).params == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("names", [("1", "4"), ("0", "3"), ("fc1", "fc2"), ("9", "12")])
def test_a_head_of_two_layers_loads_under_any_names(tmp_path, names):
    model, images = deep_model(), torch.randn(2, 3, 64, 64)
    renames = {"classifier.1.": f"classifier.{names[0]}.", "classifier.3.": f"classifier.{names[1]}."}
    tensors = model.state_dict()
    for ours, theirs in renames.items():
        tensors = {
            name.replace(ours, theirs) if ours in name else name: tensor for name, tensor in reversed(tensors.items())
        }
    torch.save(tensors, tmp_path / "model.pth")
    found = load_checkpoint(tmp_path / "model.pth")
    assert (found.num_classes, found.hidden) == (3, (16,))
    assert found.notes == ("its head has 2 linear layers; ReLU between them is assumed, no tensor says so",)
    with torch.no_grad():
        torch.testing.assert_close(found.network()(images), model(images))


def test_it_is_saved_and_read_again_and_is_run_as_it_is(tmp_path):
    model, images = deep_model(hidden=(32, 8)), torch.randn(2, 3, 64, 64)
    save_checkpoint(tmp_path / "deep.safetensors", model, scaling=TINY, family="b")
    found = load_checkpoint(tmp_path / "deep.safetensors")
    network = Network(found.network(), scaling=TINY, family="b", categories=["a", "b", "c"], label="Deep", device="cpu")
    with torch.no_grad():
        torch.testing.assert_close(network.logits(network.features(images)), model(images), rtol=1e-4, atol=1e-5)
    assert network.params == sum(p.numel() for p in model.parameters())
    with pytest.raises(ValueError, match="a classifier of 3 linear layers; expected one"):
        _ = network.classifier


def test_what_needs_one_linear_layer_says_so():
    model = deep_model()
    assert hidden_widths(model.classifier) == (16,)
    for refused in (lambda: grow(model, Scaling(0.5, 0.5)), lambda: only_linear_layer(model.classifier)):
        with pytest.raises(ValueError, match="a classifier of 2 linear layers; expected one: train a linear one"):
            refused()
    assert issubclass(CheckpointError, ValueError)
