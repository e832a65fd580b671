"""Every gradient method is exact for a head with several layers, whose weights depend on the image; autograd is the oracle."""

import numpy as np
import pytest
import torch
from PIL import Image

from cam import METHODS, compare
from cam.maps.layers import features_and_gradients
from models import Network, Scaling, efficientnet
from models.classifier import hidden_classifier

TINY = Scaling(0.25, 0.25, 96)
RANDOM = np.random.default_rng(0)
PICTURES = [Image.fromarray(RANDOM.integers(0, 255, (90, 90, 3), dtype=np.uint8)) for _ in range(3)]
CLOSED = [name for name, entry in METHODS.items() if entry.closed_form and entry.anywhere]


@pytest.fixture(scope="module")
def deep():
    torch.manual_seed(1)
    model = efficientnet(TINY, 4)
    model.classifier = hidden_classifier(320, (24,), 4, 0.2)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):  # as in a trained network, so that images differ
            layer.running_var.fill_(0.02)
    return Network(model, scaling=TINY, family="b", categories=list("abcd"), label="Deep", device="cpu")


def by_autograd(network, method, classes):
    """The method's formula with features and the logits' gradients, computed by autograd through the network's own layers."""
    images = torch.stack([network.transform(picture) for picture in PICTURES])
    asked = METHODS[method].score, METHODS[method].curved
    return METHODS[method].anywhere(*features_and_gradients(*network.split("head"), images, classes, *asked)).numpy()


@pytest.mark.parametrize("method", CLOSED)
def test_every_gradient_method_equals_autograd(deep, method):
    found = compare({"deep": deep}, PICTURES, method, ["a", "c", "b"])
    expected = by_autograd(deep, method, torch.tensor([0, 2, 1]))
    span = np.ptp(expected)
    assert span > 0
    np.testing.assert_allclose(found.maps["deep"] / span, expected / span, atol=1e-4)


def test_images_of_one_class_have_weights_of_their_own(deep):
    """Neither a row of the last layer nor one Jacobian for all images would be right."""
    images = torch.stack([deep.transform(picture) for picture in PICTURES])
    weights = deep.class_weights(deep.features(images), torch.zeros(3, dtype=torch.int64))
    assert (weights[0] - weights[1]).abs().max() > 1e-3 * weights.abs().max()


def test_other_classes_need_no_other_pass(deep):
    seen = compare({"deep": deep}, PICTURES, "layercam", "a").explain("d", "gradcam")
    expected = by_autograd(deep, "gradcam", torch.full((3,), 3))
    np.testing.assert_allclose(seen.maps["deep"], expected, atol=1e-4 * np.ptp(expected))


def test_ablation_runs_the_head_without_each_channel(deep):
    seen = compare({"deep": deep}, PICTURES[:1], "ablationcam", "b")
    with torch.no_grad():
        features = deep.features(deep.transform(PICTURES[0])[None])
        logit = deep.logits(features)[0, 1]
        lost = []
        for channel in range(features.shape[1]):
            without = features.clone()
            without[:, channel] = 0
            lost.append((logit - deep.logits(without)[0, 1]) / logit)
        expected = torch.einsum("c,chw->hw", torch.stack(lost), features[0]).numpy()
    np.testing.assert_allclose(seen.maps["deep"][0], expected, atol=1e-4 * np.ptp(expected))


def test_cam_itself_says_what_it_needs(deep):
    words = "method 'cam' needs a head of one linear layer, and that of 'deep' has 2; choose from gradcam, "
    with pytest.raises(ValueError, match=words):
        compare({"deep": deep}, PICTURES)
    with pytest.raises(ValueError, match="method 'ablationcam' needs a head of one linear layer"):
        compare({"deep": deep}, PICTURES[:1], "gradcam").explain(method="ablationcam")
