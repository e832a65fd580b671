"""Closed forms against the grad-cam library, which runs hooks and backward passes, and against their definitions."""

import numpy as np
import pytest
import pytorch_grad_cam as library
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from cam import METHODS
from models import Scaling, efficientnet, open_image
from tests.cam.maps.small_networks import GRADIENT

SIGNLESS = ("eigencam", "eigengradcam")


def scaled(maps):
    """The library's own scaling: negative values are set to 0, then the range from minimum to maximum becomes [0, 1]."""
    maps = np.maximum(maps, 0)
    return (maps - maps.min()) / (1e-7 + (maps - maps.min()).max())


def closed(name, model, images, class_idx):
    with torch.no_grad():
        features = model.features(images)
        logits = model.classifier(features.mean(dim=(2, 3)))
    weights = model.classifier[-1].weight.detach()[class_idx]
    return METHODS[name].closed_form(features, weights, logits.gather(1, class_idx[:, None])[:, 0]).numpy()


def theirs(name, model, images, class_idx):
    """The library's maps at the size of the grid, scaled, before it resizes them."""
    cam = GRADIENT[name](model=model, target_layers=[model.features[-1]])
    cam(input_tensor=images, targets=[ClassifierOutputTarget(int(index)) for index in class_idx])
    activations, gradients = cam.activations_and_grads.activations[0], None
    if cam.uses_gradients:
        gradients = cam.activations_and_grads.gradients[0].cpu().numpy()
    targets = [ClassifierOutputTarget(int(index)) for index in class_idx]
    maps = cam.get_cam_image(
        images, model.features[-1], targets, activations.detach().cpu().numpy(), gradients, eigen_smooth=False
    )
    cam.activations_and_grads.release()
    return maps


@pytest.fixture(scope="module")
def random_network():
    """A network in float64 with random statistics, whose SiLU features have both signs."""
    torch.manual_seed(0)
    model = efficientnet(Scaling(0.5, 0.5, 64), 5).double()
    for norm in (module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        torch.nn.init.normal_(norm.bias, 0, 0.3)
        torch.nn.init.uniform_(norm.running_var, 0.5, 1.5)
    torch.nn.init.normal_(model.classifier[-1].weight, 0, 100)  # large maps: the library's 1e-7 does not show
    return model.eval()


def assert_equal_up_to_sign(name, ours, reference):
    for one, other in zip(ours, reference, strict=True):
        close = np.abs(scaled(one) - scaled(other)).max()
        if name in SIGNLESS:
            close = min(close, np.abs(scaled(one) - scaled(-other)).max())
        assert close < 1e-5


@pytest.mark.parametrize("name", GRADIENT)
def test_closed_forms_equal_the_library_on_a_random_network(name, random_network):
    images = torch.randn(2, 3, 96, 160, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    class_idx = torch.tensor([1, 3])
    ours = closed(name, random_network, images, class_idx)
    assert ours.shape == (2, 3, 5)
    assert_equal_up_to_sign(name, ours, theirs(name, random_network, images, class_idx))


SLOW = {
    ("compound", name) for name in SIGNLESS
}  # the library takes seconds for the principal components of a larger grid
REAL = [
    pytest.param(key, name, marks=pytest.mark.slow if (key, name) in SLOW else ())
    for key in ("baseline", "compound")
    for name in GRADIENT
]


@pytest.mark.parametrize(("key", "name"), REAL)
def test_closed_forms_equal_the_library_on_real_weights(key, name, lite, samples):
    network = lite[key]
    images = torch.stack([network.transform(open_image(samples / file)) for file in ("cat.jpg", "meerkats.jpg")])
    class_idx = torch.tensor([285, 299])
    ours = closed(name, network.model, images, class_idx)
    assert_equal_up_to_sign(name, ours, theirs(name, network.model, images, class_idx))


def test_the_librarys_whole_call_gives_the_same_picture(lite, samples):
    """From an image to the upsampled and scaled map, exactly as users call the library."""
    import cv2

    model, network = lite["baseline"].model, lite["baseline"]
    images = network.transform(open_image(samples / "kitten.jpg"))[None]
    with library.GradCAM(model=model, target_layers=[model.features[-1]]) as cam:
        reference = cam(input_tensor=images, targets=[ClassifierOutputTarget(282)])[0]
    ours = cv2.resize(scaled(closed("gradcam", model, images, torch.tensor([282]))[0]), (224, 224))
    np.testing.assert_allclose(scaled(ours), reference, atol=1e-5)


def test_ablation_is_removing_channels_one_by_one(random_network):
    images = torch.randn(1, 3, 64, 96, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        features = random_network.features(images)
        logit = random_network.classifier(features.mean(dim=(2, 3)))[0, 2]
        expected = torch.zeros(features.shape[2:], dtype=torch.float64)
        for k in range(features.shape[1]):
            without = features.clone()
            without[:, k] = 0
            dropped = random_network.classifier(without.mean(dim=(2, 3)))[0, 2]
            expected += (logit - dropped) / logit * features[0, k]
    ours = closed("ablationcam", random_network, images, torch.tensor([2]))[0]
    np.testing.assert_allclose(ours, expected.numpy(), atol=1e-10)


def test_gradcam_is_cam_and_carries_logit_units(random_network):
    """Gradients contain 1 / (h w); times h w they are the classifier's weights, whatever the grid."""
    images = torch.randn(1, 3, 96, 160, dtype=torch.float64)
    features = random_network.features(images).detach().requires_grad_(True)
    logit = random_network.classifier(features.mean(dim=(2, 3)))[0, 1]
    (gradient,) = torch.autograd.grad(logit, features)
    expected = (gradient.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1)[0] * features[0, 0].numel()
    np.testing.assert_allclose(closed("gradcam", random_network, images, torch.tensor([1]))[0], expected.detach())


def test_eigencams_sign_is_a_rule_not_an_accident(random_network):
    """More activation is positive: for every image and grid, the map correlates with the mean feature."""
    for height, width in ((64, 64), (96, 160), (128, 64)):
        images = torch.randn(3, 3, height, width, dtype=torch.float64)
        maps = closed("eigencam", random_network, images, torch.zeros(3, dtype=torch.int64))
        mean = random_network.features(images).mean(dim=1).detach().numpy()
        for one, other in zip(maps, mean, strict=True):
            assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.closed_form])
def test_signed_and_unit_are_what_the_maps_are(name, random_network):
    images = torch.randn(4, 3, 96, 96, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    once = closed(name, random_network, images, torch.arange(4))
    assert np.isfinite(once).all()
    if not METHODS[name].signed and name != "layercam" and name != "gradcam++" and name != "fem":
        assert once.min() >= 0
