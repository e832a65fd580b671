"""Methods at earlier layers, by masking and over all layers, against the grad-cam library and against the closed forms."""

import itertools
from copy import copy

import cv2
import numpy as np
import pytest
import pytorch_grad_cam as library
import torch
from PIL import Image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from cam import METHODS, compare
from cam.maps.channel_masking import ablationcam, scorecam
from cam.maps.closed_forms import weights_at
from cam.maps.fullgrad import terms
from cam.maps.layers import centres_at, chosen_layers, features_and_gradients, run_maps
from models import open_image
from models.efficientnet import LAYERS
from models.network import folded
from models.placement import Placement
from tests.cam.maps.small_networks import GRADIENT, SIZE, halves, images_of, scaled


def of_library(name, model, layers, images, class_idx):
    """Raw maps as the library computes them before it scales and resizes, one per layer, and its final answer."""
    kept, cam = [], GRADIENT[name](model=model, target_layers=layers)
    original = cam.get_cam_image

    def keeping(*args, **kwargs):
        kept.append(original(*args, **kwargs))
        return kept[-1]

    cam.get_cam_image = keeping
    answer = cam(input_tensor=images, targets=[ClassifierOutputTarget(int(index)) for index in class_idx])
    cam.activations_and_grads.release()
    return kept, answer


@pytest.mark.parametrize("name", GRADIENT)
@pytest.mark.parametrize("place", [1, 2, 5, 8])
def test_formulas_equal_the_library_at_every_kind_of_layer(name, place, random_network):
    images, class_idx = images_of(), torch.tensor([1, 3])
    (theirs,), _ = of_library(name, random_network, [random_network.features[place]], images, class_idx)
    features, gradients = features_and_gradients(*halves(random_network, place), images, class_idx)
    ours = METHODS[name].anywhere(features, gradients).numpy()
    assert ours.shape == theirs.shape == (2, *features.shape[2:])
    for one, other in zip(ours, theirs, strict=True):
        one, other = one / np.abs(one).max(), other / np.abs(other).max()
        differences = [np.abs(one - sign * other).max() for sign in (1, -1)]
        assert (min(differences) if "eigen" in name else differences[0]) < 1e-6


@pytest.mark.parametrize("name", GRADIENT)
def test_at_the_head_the_formulas_are_the_closed_forms_to_the_unit(name, random_network):
    images, class_idx = images_of(), torch.tensor([1, 3])
    features, gradients = features_and_gradients(*halves(random_network, 8), images, class_idx)
    weights = random_network.classifier[-1].weight.detach()[class_idx]
    expected = METHODS[name].closed_form(features, weights, torch.ones(2))
    torch.testing.assert_close(METHODS[name].anywhere(features, gradients), expected, rtol=1e-6, atol=1e-8)


def test_scorecam_equals_the_librarys(random_network):
    """With masks resized with aligned corners, as in the library, however few masks exist at a time."""
    image = images_of(1)
    model = random_network.float()
    cam = library.ScoreCAM(model=model, target_layers=[model.features[3]])
    features = model.features[:4](image.float()).detach()
    weights = cam.get_cam_weights(
        image.float(), model.features[3], [lambda logits: logits[3] / 30], features.numpy(), None
    )
    expected = (weights[:, :, None, None] * features.numpy()).sum(axis=1)[0]
    cam.activations_and_grads.release()
    rows, columns = (
        torch.from_numpy(weights_at(np.linspace(0, size - 1, cells).tolist(), np.arange(size)))
        for size, cells in zip(SIZE, features.shape[2:], strict=True)
    )
    with torch.no_grad():
        for at_once in (1, 7, 1000):
            ours = scorecam(lambda x: model(x)[:, 3] / 30, image[0].float(), features[0], rows, columns, at_once)
            np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5 * np.abs(expected).max())
    random_network.double()


def test_scorecam_never_holds_a_mask_for_every_channel():
    """A forward pass gets no more images than the limit."""
    seen, features = [], torch.rand(50, 2, 2)

    def scores(images):
        seen.append(len(images))
        return images.sum(dim=(1, 2, 3))

    weights = torch.from_numpy(weights_at([16, 48], np.arange(64)))
    scorecam(scores, torch.rand(3, 64, 64), features, weights, weights, 8)
    assert seen == [8] * 6 + [2]


def test_ablation_at_the_head_is_its_closed_form(random_network):
    images, class_idx = images_of(1), torch.tensor([2])
    before, after = halves(random_network, 8)
    with torch.no_grad():
        features = before(images)
        logit = after(features)[:, 2]
        ours = ablationcam(lambda x: after(x)[:, 2], features[0], 100)
    weights = random_network.classifier[-1].weight.detach()[class_idx]
    expected = METHODS["ablationcam"].closed_form(features, weights, logit)[0]
    torch.testing.assert_close(ours, expected, rtol=1e-8, atol=1e-10)


def test_ablation_at_a_stage_is_running_the_rest_without_each_channel(random_network):
    before, after = halves(random_network, 4)
    with torch.no_grad():
        features = before(images_of(1))
        logit = after(features)[0, 2]
        expected = torch.zeros_like(features[0, 0])
        for k in range(features.shape[1]):
            without = features.clone()
            without[0, k] = 0
            expected += (logit - after(without)[0, 2]) / logit * features[0, k]
        ours = ablationcam(lambda x: after(x)[:, 2], features[0], 3)
    torch.testing.assert_close(ours, expected)


def test_fullgrad_equals_the_librarys(random_network):
    """Terms are resized as in the library; our biases come from folded convolutions, the library's from BatchNorm."""
    images, class_idx = images_of(), torch.tensor([1, 3])
    cam = library.FullGrad(model=random_network, target_layers=[])
    expected = cam(input_tensor=images, targets=[ClassifierOutputTarget(int(index)) for index in class_idx])
    cam.activations_and_grads.release()
    network = nn.Sequential(folded(random_network.features), *halves(random_network, 8)[1])
    hooks = sum(len(module._forward_hooks) for module in network.modules())
    ours = sum(
        np.stack([cv2.resize(one.astype(np.float32), SIZE[::-1]) for one in term.numpy()])
        for term in terms(network, images, class_idx)
    )
    assert hooks == sum(len(module._forward_hooks) for module in network.modules()) == 0
    np.testing.assert_allclose(scaled(ours), expected, atol=1e-5)


def test_fullgrad_terms_add_up_to_the_logit():
    """Completeness: with ReLU and no gates, input times gradient plus bias times gradient is the whole logit."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 5, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(1),
        nn.Linear(5, 2, bias=False),
    ).double()
    image = images_of(1, (8, 8))
    with torch.enable_grad():
        x = image.clone().requires_grad_(True)
        first = network[0](x)
        second = network[2](first.relu())
        logit = network[3:](second)[0, 1]
        gradients = torch.autograd.grad(logit, [x, first, second])
    whole = (gradients[0] * image).sum()
    for layer, gradient in ((network[0], gradients[1]), (network[2], gradients[2])):
        whole = whole + (gradient * layer.bias[:, None, None]).sum()
    torch.testing.assert_close(whole, logit)
    found = terms(network, image, torch.tensor([1]))
    for term, product in zip(
        found,
        (
            gradients[0] * image,
            gradients[1] * network[0].bias[:, None, None],
            gradients[2] * network[2].bias[:, None, None],
        ),
        strict=True,
    ):
        size = product.abs().detach()
        expected = sum((one - one.min()) / (1e-7 + (one - one.min()).max()) for one in size[0])
        torch.testing.assert_close(term[0], expected)


def test_several_layers_are_the_librarys_mean(lite, samples):
    """Stage 7 and head have the same grid, so the library's mean of enlarged maps is our mean, enlarged."""
    network, image = copy(lite["baseline"]), open_image(samples / "kitten.jpg")
    network.placement = Placement(0.0, 0.0)  # the library does not support it
    images = network.transform(image)[None]
    features = network.model.features
    _, expected = of_library("layercam", network.model, [features[7], features[8]], images, [282])
    ours = run_maps(network, images, np.array([282]), "layercam", ("stage 7", "head"))[0]
    enlarged = cv2.resize(ours, (224, 224))
    np.testing.assert_allclose(scaled(enlarged), expected[0], atol=1e-3)


def test_layers_of_different_grids_meet_on_the_finest(small):
    images = torch.rand(1, 3, 64, 64)
    both = run_maps(small, images, np.array([1]), "hirescam", ("stage 2", "stage 5"))
    fine, coarse = (run_maps(small, images, np.array([1]), "hirescam", (layer,)) for layer in ("stage 2", "stage 5"))
    assert both.shape == fine.shape == (1, 16, 16)
    assert coarse.shape == (1, 4, 4)
    places = np.asarray(small.cell_centres("stage 2"))
    moved = np.array([[np.interp(x, small.cell_centres("stage 5"), row) for x in places] for row in scaled(coarse)[0]])
    moved = np.array([[np.interp(y, small.cell_centres("stage 5"), column) for y in places] for column in moved.T]).T
    np.testing.assert_allclose(both[0], (scaled(fine)[0] + moved) / 2, atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_has_the_centres_of_its_cells(layer, small):
    maps = run_maps(small, torch.rand(1, 3, 64, 64), np.array([0]), "gradcam", (layer,))
    centres = centres_at(small, (layer,))
    assert maps.shape == (1, len(centres), len(centres))
    assert all(later - earlier == 64 / len(centres) for earlier, later in itertools.pairwise(centres))


def test_the_map_of_the_kitten_lies_on_it_at_earlier_layers(lite, samples):
    """With real weights, the mask holds more of the positive evidence than by chance, at stage 5 and with FullGrad."""
    mask = np.asarray(Image.open(samples / "kitten.png").resize((448, 448), Image.Resampling.NEAREST)) == 1
    network = {"baseline": lite["baseline"]}
    for options in ({"method": "layercam", "layer": "stage 5"}, {"method": "fullgrad"}):
        seen = compare(network, [samples / "kitten.jpg"], target="tabby", **options)
        facts = seen.variants["baseline"]
        drawn = facts.grid.drawn(seen.maps["baseline"], 448)[0].clip(min=0)
        assert (drawn * mask).sum() / drawn.sum() > 1.2 * mask.mean()


# ------------------------------------------------------------------------------------------------------------- choices


def test_layers_are_named_in_any_way_and_come_in_the_networks_order():
    assert chosen_layers(None, "cam") == chosen_layers("head", "cam") == ("head",)
    assert (
        chosen_layers("head, stage 5", "layercam")
        == chosen_layers(["stage 5", "head"], "layercam")
        == ("stage 5", "head")
    )
    assert chosen_layers(None, "fullgrad") == chosen_layers("all", "fullgrad") == ("all",)


@pytest.mark.parametrize(
    ("layer", "method", "words"),
    [
        ("stage 8", "gradcam", "unknown layer 'stage 8'; choose from stage 1, .*head"),
        ("features.5", "gradcam", "unknown layer 'features.5'"),
        ("stage 5", "cam", "method 'cam' is defined at the head only, not at 'stage 5'; choose from gradcam"),
        ("stage 5, head", "cam", "method 'cam' is defined at the head only"),
        ("stage 5", "fullgrad", "method 'fullgrad' takes every layer at once, not 'stage 5'; leave the layer out"),
        ("stage 5,stage 5", "gradcam", "a layer is named twice"),
        ("", "gradcam", "unknown layer ''"),
        (None, "magic", "unknown method 'magic'"),
    ],
)
def test_layers_that_cannot_be_had_are_one_sentence(layer, method, words):
    with pytest.raises(ValueError, match=words):
        chosen_layers(layer, method)
