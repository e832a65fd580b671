"""Methods at earlier layers, by masking and over all layers, against the grad-cam library and against the closed forms."""

import itertools
import threading
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
from cam.maps.closed_forms import mirrored, weights_at
from cam.maps.fullgrad import terms
from cam.maps.layers import centres_at, chosen_layers, features_and_gradients, run_maps
from models import Scaling, efficientnet, open_image
from models.efficientnet import LAYERS
from models.network import Network, folded
from models.placement import Placement

GRADIENT = {
    "gradcam": library.GradCAM,
    "hirescam": library.HiResCAM,
    "xgradcam": library.XGradCAM,
    "layercam": library.LayerCAM,
    "gradcam++": library.GradCAMPlusPlus,
    "gradcam-elementwise": library.GradCAMElementWise,
    "fem": library.FEM,
    "eigencam": library.EigenCAM,
    "eigengradcam": library.EigenGradCAM,
}
SIZE = (96, 160)


@pytest.fixture(scope="module")
def random_network():
    """float64, random statistics, SiLU features of both signs."""
    torch.manual_seed(0)
    model = efficientnet(Scaling(0.25, 0.25, 64), 5).double()
    for norm in (module for module in model.modules() if isinstance(module, nn.BatchNorm2d)):
        nn.init.normal_(norm.bias, 0, 0.3)
        nn.init.uniform_(norm.running_var, 0.5, 1.5)
    nn.init.normal_(model.classifier[-1].weight, 0, 3)
    return model.eval()


@pytest.fixture(scope="module")
def small():
    """A network of random weights at 64 pixels."""
    torch.manual_seed(1)
    scaling = Scaling(0.25, 0.25, 64)
    model = efficientnet(scaling, 3, "lite")
    return Network(model, scaling=scaling, family="lite", categories=list("abc"), label="Small", device="cpu")


def images_of(count=2, size=SIZE):
    return torch.randn(count, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def halves(model, place):
    after = nn.Sequential(*model.features[place + 1 :], nn.AdaptiveAvgPool2d(1), nn.Flatten(1), model.classifier[-1])
    return model.features[: place + 1], after


def scaled(maps):
    maps = np.maximum(maps, 0)
    maps = maps - maps.min(axis=(-2, -1), keepdims=True)
    return maps / (1e-7 + maps.max(axis=(-2, -1), keepdims=True))


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
    """With masks spread corner to corner, as it spreads them; and however few masks exist at a time."""
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
    """The pass sees no more images than it may."""
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
    """Every term drawn as the library draws it; ours come from folded convolutions, its from BatchNorm."""
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
    """Its completeness: with ReLU and no gates, input times gradient and bias times gradient are the whole logit."""
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
    """Stage 7 and head have one grid, so that the library's enlarged mean is our mean, enlarged."""
    network, image = copy(lite["baseline"]), open_image(samples / "kitten.jpg")
    network.placement = Placement(0.0, 0.0)  # the library knows of none
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
    """Real weights: more of the positive evidence than chance in the mask, at stage 5 and in FullGrad."""
    mask = np.asarray(Image.open(samples / "kitten.png").resize((448, 448), Image.Resampling.NEAREST)) == 1
    network = {"baseline": lite["baseline"]}
    for options in ({"method": "layercam", "layer": "stage 5"}, {"method": "fullgrad"}):
        seen = compare(network, [samples / "kitten.jpg"], target="tabby", **options)
        facts = seen.variants["baseline"]
        drawn = facts.grid.drawn(seen.maps["baseline"], 448)[0].clip(min=0)
        assert (drawn * mask).sum() / drawn.sum() > 1.2 * mask.mean()


# ------------------------------------------------------------------------------------------------------------ mirroring


def test_a_mirrored_map_is_turned_back_at_the_true_centres(lite, samples):
    """The value that its row has, interpolated, at the place that a cell's place has in the mirror."""
    network = {"baseline": lite["baseline"]}
    image = open_image(samples / "crab.jpg")
    plain, both = (compare(network, [image], target="rock crab", flip=flip) for flip in (False, True))
    other = compare(network, [image.transpose(0)], target="rock crab")
    facts = plain.variants["baseline"]
    assert facts.offset[0] != 0
    places = np.asarray(facts.centres) + facts.offset[0]
    turned = [np.interp(223 - places, places, row) for row in other.maps["baseline"][0]]
    np.testing.assert_allclose(both.maps["baseline"][0], (plain.maps["baseline"][0] + turned) / 2, atol=1e-3)
    naive = (plain.maps["baseline"] + other.maps["baseline"][..., ::-1])[0] / 2
    assert np.abs(both.maps["baseline"][0] - naive).max() > 1


def test_mirroring_keeps_a_ramp_in_its_place():
    """A map that is linear in the place it looks at is the same ramp from both sides, between the outermost centres."""
    centres, resolution = [31.0 + 32 * cell for cell in range(7)], 224
    ramp = np.tile(np.array(centres), (7, 1))[None]
    of_mirrored = resolution - 1 - ramp
    np.testing.assert_allclose(mirrored(of_mirrored, centres, resolution)[..., :-1], ramp[..., :-1], atol=1e-4)


@pytest.mark.parametrize(
    "options", [{"method": "gradcam", "layer": "stage 4"}, {"method": "fullgrad"}, {"method": "fem"}]
)
def test_mirroring_works_with_every_kind_of_method(options, small):
    image = picture_of(7)
    plain, both = (compare({"small": small}, [image], target=0, flip=flip, **options) for flip in (False, True))
    other = compare({"small": small}, [image.transpose(0)], target=0, **options)
    turned = mirrored(other.maps["small"], plain.variants["small"].centres, 64)
    np.testing.assert_allclose(both.maps["small"], (plain.maps["small"] + turned) / 2, atol=1e-4, rtol=1e-3)
    np.testing.assert_array_equal(both.logits["small"], plain.logits["small"])


def picture_of(seed):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8))


# ------------------------------------------------------------------------------------------------- what is left behind


def state_of(network):
    return (
        [module.training for module in network.model.modules()],
        [(p.requires_grad, p.grad, p._version) for p in network.model.parameters()],
        [b._version for b in network.model.buffers()],
        [
            (dict(m._forward_hooks), dict(m._backward_hooks), dict(m._forward_pre_hooks))
            for m in network.model.modules()
        ],
    )


RUNS = [("gradcam", ("stage 3",)), ("fullgrad", ("all",)), ("scorecam", ("stage 5",)), ("ablationcam", ("stage 6",))]


@pytest.mark.parametrize(("method", "layers"), RUNS)
def test_a_network_is_left_as_it_was(method, layers, small):
    """In training mode, with frozen parameters, gradients and hooks of others: all of it stays."""
    parameters = list(small.model.parameters())
    small.features(torch.rand(1, 3, 64, 64))
    calls = []
    handle = small.model.features[2].register_forward_hook(lambda *args: calls.append(1))
    parameters[0].requires_grad_(False)
    parameters[1].grad = torch.ones_like(parameters[1])
    small.model.train()
    try:
        before = state_of(small)
        run_maps(small, torch.rand(2, 3, 64, 64), np.array([0, 1]), method, layers)
        assert state_of(small) == before
        assert not calls
    finally:
        handle.remove()
        small.model.eval()
        parameters[0].requires_grad_(True)
        parameters[1].grad = None


@pytest.mark.parametrize(("method", "layers"), RUNS)
def test_an_error_on_the_way_leaves_nothing_either(method, layers, small, monkeypatch):
    """A layer near the end fails, as when memory runs out: the next map is what it was."""
    images, class_idx = torch.rand(1, 3, 64, 64), np.array([2])
    expected, before = run_maps(small, images, class_idx, method, layers), state_of(small)
    with monkeypatch.context() as patch:

        def fail(*args):
            raise MemoryError

        patch.setattr(small._inference_copy[1][0], "forward", fail)
        with pytest.raises(MemoryError):
            run_maps(small, images, class_idx, method, layers)
    assert state_of(small) == before
    assert not any(m._forward_hooks or m._backward_hooks for part in small._inference_copy for m in part.modules())
    np.testing.assert_array_equal(run_maps(small, images, class_idx, method, layers), expected)


def test_it_works_inside_inference_mode(small):
    images, class_idx = torch.rand(1, 3, 64, 64), np.array([2])
    expected = run_maps(small, images, class_idx, "gradcam", ("stage 3",))
    with torch.inference_mode():
        np.testing.assert_array_equal(run_maps(small, images, class_idx, "gradcam", ("stage 3",)), expected)


def test_threads_do_not_meet(small):
    """Eight threads, four methods, one network: all maps are the serial ones."""
    images = torch.rand(8, 1, 3, 64, 64)
    expected = [[run_maps(small, image, np.array([1]), *run) for run in RUNS] for image in images]
    wrong = []

    def work(place):
        for run, map_ in zip(RUNS, expected[place], strict=True):
            if not np.array_equal(run_maps(small, images[place], np.array([1]), *run), map_):
                wrong.append((place, run))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


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
