"""FinerCAM, ShapleyCAM and KPCA-CAM against the grad-cam library, at the last convolution and at earlier layers."""

import numpy as np
import pytest
import pytorch_grad_cam as library
import torch
from PIL import Image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from cam import METHODS, compare
from cam.maps.layers import features_and_gradients, run_maps
from cam.maps.methods import lead_over_similar
from models import Network, Scaling, efficientnet

TINY = Scaling(0.25, 0.25, 96)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)
LIBRARY = {"finercam": library.FinerCAM, "shapleycam": library.ShapleyCAM, "kpcacam": library.KPCA_CAM}


@pytest.fixture(scope="module")
def network():
    """A network with random weights, whose BatchNorm statistics keep signals from vanishing before the head."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        made = efficientnet(TINY, 6)
        for layer in made.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
        made.train()(torch.randn(8, 3, 96, 96))
        made.classifier[-1].weight.mul_(20)
    return Network(made.eval(), scaling=TINY, family="b", categories=list("abcdef"), label="Tiny", device="cpu")


@pytest.fixture(scope="module")
def images(network):
    return torch.stack([network.transform(Image.fromarray(pixels)) for pixels in PIXELS])


def of_library(name, network, images, place, classes):
    """The library's raw maps, before it scales and resizes them; FinerCAM gets the class, and one image per call."""
    found, model = [], network.model
    for image, class_idx in zip(images, classes, strict=True):
        cam = LIBRARY[name](model, [model.features[place]])
        inner, kept = getattr(cam, "base_cam", cam), []
        original = inner.get_cam_image
        inner.get_cam_image = lambda *a, original=original, kept=kept, **k: kept.append(original(*a, **k)) or kept[-1]
        if name == "finercam":
            cam(image[None], target_idx=class_idx)
        else:
            cam(image[None], [ClassifierOutputTarget(class_idx)])
        inner.activations_and_grads.release()
        found.append(kept[0][0])
    return np.stack(found)


def alike(ours, theirs, either_sign=False):
    """Whether each pair of maps agrees within 1e-4 of its range, up to a positive factor."""
    for one, other in zip(ours, theirs, strict=True):
        one, other = one / np.abs(one).max(), other / np.abs(other).max()
        off = min(np.abs(one - sign * other).max() for sign in ((1, -1) if either_sign else (1,)))
        assert off < 1e-4


@pytest.mark.parametrize("name", LIBRARY)
def test_at_the_last_convolution_the_closed_form_is_the_librarys(name, network, images):
    ours = compare({"tiny": network}, PIXELS, name, [1, 4]).maps["tiny"]
    alike(ours, of_library(name, network, images, 8, [1, 4]), either_sign=name == "kpcacam")


@pytest.mark.parametrize("name", ["finercam", "shapleycam"])
@pytest.mark.parametrize("stage", [3, 6])
def test_before_it_the_maps_are_the_librarys(name, stage, network, images):
    ours = run_maps(network, images, np.array([1, 4]), name, (f"stage {stage}",))
    alike(ours, of_library(name, network, images, stage, [1, 4]))


def test_curvature_matters_before_the_last_convolution_and_not_at_it(network):
    def difference(layer):
        one, other = (
            compare({"t": network}, PIXELS, name, 1, layer=layer).maps["t"] for name in ("gradcam", "shapleycam")
        )
        return np.abs(one - other).max() / np.ptp(one)

    assert difference("head") < 1e-6
    assert difference("stage 4") > 1e-3


def test_finercam_holds_the_class_against_the_three_nearest():
    """By hand, without gradients of the weights: the nearest classes are those with the nearest logits, higher or lower."""
    logits = torch.tensor([[5.0, 4.0, 7.0, 0.0, 5.5]], dtype=torch.float64)
    p = logits.softmax(1)[0]
    near = [4, 1, 2]
    expected = sum(p[k] * (5 - logits[0, k]) for k in near) / sum(p[k] for k in near)
    torch.testing.assert_close(lead_over_similar(logits, torch.tensor([0]))[0], expected)
    alone = torch.tensor([[2.0]])
    torch.testing.assert_close(lead_over_similar(alone, torch.tensor([0])), alone[0])


def test_at_the_head_both_ways_agree(network, images):
    """The closed form and the formula for any layer give the same maps, with the same unit."""
    for name in ("finercam", "shapleycam"):
        entry = METHODS[name]
        found = features_and_gradients(*network.split("head"), images, torch.tensor([1, 4]), entry.score, entry.curved)
        expected = entry.anywhere(*found).numpy()
        ours = compare({"tiny": network}, PIXELS, name, [1, 4]).maps["tiny"]
        np.testing.assert_allclose(ours, expected, atol=1e-4 * np.ptp(expected))
