"""Files as libraries and trainers write them: each loads as what it is, with the library's own logits, or is refused.

``pytest -m slow -s tests/models/checkpoints/test_any_file.py`` prints the whole table.
"""

import argparse
import copy
import json
import math
from functools import cache, partial
from typing import NamedTuple

import pytest
import safetensors.torch
import torch
from torch import nn
from torchvision.models import efficientnet as tv

from models.checkpoints.loading import CheckpointError, load_checkpoint
from models.normalisation import HALF, IMAGENET
from models.scaling import UNRECORDED

CLASSES = 7
NARROW = (0.25, 0.3)


class Library(NamedTuple):
    """How a library builds a network, and what must be found of its files."""

    build: object
    key_style: str
    family: str
    scaling: tuple[float, float] = NARROW
    architecture: str = ""  # in a config.json beside the file
    normalisation: object = IMAGENET


def torchvision_network(width, depth):
    settings, _ = tv._efficientnet_conf("efficientnet_b0", width_mult=width, depth_mult=depth)
    return tv.EfficientNet(settings, 0.2, num_classes=CLASSES, last_channel=round(1280 * width))


def timm_network(width, depth, maker="_gen_efficientnet", **options):
    efficientnets = pytest.importorskip("timm.models.efficientnet")
    variant = "efficientnet_lite0" if "lite" in maker else "efficientnet_b0"
    return getattr(efficientnets, maker)(variant, width, depth, num_classes=CLASSES, **options)


def lukemelas_network(width, depth):
    library = pytest.importorskip("efficientnet_pytorch")
    options = {"width_coefficient": width, "depth_coefficient": depth, "image_size": None, "num_classes": CLASSES}
    return library.EfficientNet(*library.utils.get_model_params("efficientnet-b0", options))


def transformers_network(width, depth):
    library = pytest.importorskip("transformers")
    config = library.EfficientNetConfig(
        width_coefficient=width,
        depth_coefficient=depth,
        hidden_dim=round(1280 * width),
        num_labels=CLASSES,
        depthwise_padding=[],
    )
    return library.EfficientNetForImageClassification(config)


TF = {"pad_type": "same", "bn_eps": 1e-3}
LITE_MAKER = {"maker": "_gen_efficientnet_lite"}
LIBRARIES = {
    "torchvision": Library(partial(torchvision_network, *NARROW), "torchvision", "b"),
    "torchvision b0": Library(partial(torchvision_network, 1.0, 1.0), "torchvision", "b", (1.0, 1.0)),
    "timm": Library(partial(timm_network, *NARROW), "timm", "b", NARROW, "efficientnet_custom", HALF),
    "timm tf": Library(partial(timm_network, *NARROW, **TF), "timm", "tf", NARROW, "tf_efficientnet_custom", HALF),
    "timm tf b0": Library(partial(timm_network, 1.0, 1.0, **TF), "timm", "tf", (1.0, 1.0), "tf_efficientnet_b0", HALF),
    "timm lite": Library(
        partial(timm_network, 1.0, 1.0, **LITE_MAKER), "timm", "lite-b", (1.0, 1.0), "efficientnet_lite0", HALF
    ),
    "timm tf lite": Library(
        partial(timm_network, 1.0, 1.0, **LITE_MAKER, **TF), "timm", "lite", (1.0, 1.0), "tf_efficientnet_lite0", HALF
    ),
    "lukemelas": Library(partial(lukemelas_network, *NARROW), "efficientnet_pytorch", "tf"),
    "transformers": Library(partial(transformers_network, *NARROW), "transformers", "tf"),
}


def randomised(network):
    """The network in eval mode, no two of its tensors alike, so that swapping any two changes the logits."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var") or (tensor.ndim == 1 and name.endswith("weight")):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.ndim == 1:
            tensor.uniform_(-0.3, 0.3, generator=generator)
        elif tensor.ndim > 1:
            tensor.normal_(0, math.sqrt(2 / tensor[0].numel()), generator=generator)
    return network.eval()


@cache
def made(library):
    """A library's network, pictures, and its own logits of them in double precision."""
    network = randomised(LIBRARIES[library].build())
    coarse = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    pictures = 2 * nn.functional.interpolate(coarse, size=(96, 64), mode="bilinear")
    with torch.no_grad():
        logits = copy.deepcopy(network).double()(pictures.double())
    return network, pictures, getattr(logits, "logits", logits)


class Loss(nn.Module):
    """Of a program that is not here when the file is read."""


def prefixed(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def disturbed(tensors):
    """Other weights of the same shapes, which must not be taken."""
    return {name: tensor * 1.1 + 0.1 if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def optimised(network):
    return torch.optim.SGD(network.parameters(), 0.1, momentum=0.9).state_dict()


WRAPPERS = {
    "state dict": lambda network, t: t,
    "safetensors": lambda network, t: t,
    "state_dict entry": lambda network, t: {"state_dict": t, "epoch": 3, "best_acc1": torch.tensor(77.1)},
    "net entry": lambda network, t: {"net": t, "acc": 91.2},
    "entry of any name": lambda network, t: {"my network": {"weights": t}},
    "DataParallel": lambda network, t: prefixed("module.", t),
    "compiled DataParallel": lambda network, t: {"model": prefixed("_orig_mod.module.", t)},
    "backbone of a module": lambda network, t: prefixed("encoder.backbone.", t),
    "torchvision's trainer": lambda network, t: {
        "model": t,
        "optimizer": optimised(network),
        "lr_scheduler": {"last_epoch": 3},
        "epoch": 3,
        "args": argparse.Namespace(lr=0.5, model="efficientnet_b0"),
        "model_ema": {"n_averaged": torch.tensor(32), **prefixed("module.", t)},
    },
    "timm's trainer": lambda network, t: {
        "epoch": 13,
        "arch": "efficientnet_b0",
        "state_dict": disturbed(t),
        "state_dict_ema": t,
        "optimizer": optimised(network),
        "args": argparse.Namespace(aa="rand-m9"),
        "metric": 77.0,
    },
    "Lightning": lambda network, t: {
        "state_dict": {**prefixed("net.", t), "loss.weight": torch.ones(3)},
        "hyper_parameters": {"loss": Loss(), "lr": 1e-3},
        "optimizer_states": [optimised(network)],
        "pytorch-lightning_version": "2.4.0",
    },
    "student and average": lambda network, t: {**prefixed("student.", disturbed(t)), **prefixed("student_ema.", t)},
    "a whole module": lambda network, t: network,
}


def written(library, wrapper, folder):
    """The file that such a program leaves, with its configuration beside it where there is one."""
    network, _, _ = made(library)
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    path = folder / ("model.safetensors" if wrapper == "safetensors" else "model.pth")
    if wrapper == "safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(WRAPPERS[wrapper](network, tensors), path)
    if architecture := LIBRARIES[library].architecture:
        known = {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, 288, 288]}
        names = [f"name {index}" for index in range(CLASSES)]
        config = {"architecture": architecture, "num_classes": CLASSES, "label_names": names, "pretrained_cfg": known}
        (folder / "config.json").write_text(json.dumps(config))
    return path


def check(library, wrapper, folder):
    """Load what was written, compare everything, and return the row of the table."""
    expected = LIBRARIES[library]
    checkpoint = load_checkpoint(written(library, wrapper, folder))
    assert (checkpoint.key_style, checkpoint.family) == (expected.key_style, expected.family)
    assert (checkpoint.scaling.width_mult, checkpoint.scaling.depth_mult) == expected.scaling
    assert checkpoint.scaling.resolution == (288 if expected.architecture else UNRECORDED)
    assert checkpoint.normalisation == expected.normalisation
    assert ("categories" in checkpoint.metadata) == bool(expected.architecture)
    _, pictures, logits = made(library)
    with torch.no_grad():
        off = float((checkpoint.network().double()(pictures.double()) - logits).abs().max())
    assert off < 1e-9 < 1e-6 < (logits[0] - logits[1]).abs().max()
    width, depth = expected.scaling
    return (
        f"| {library} | {wrapper} | loads | {checkpoint.family} | {checkpoint.normalisation.name} | {width:g}, {depth:g} "
        f"| {checkpoint.scaling.resolution} | {off:.0e} |"
    )


TURNS = list(zip(LIBRARIES, WRAPPERS, strict=False)) + [("torchvision", wrapper) for wrapper in list(WRAPPERS)[1:]]


@pytest.mark.parametrize(("library", "wrapper"), TURNS)
def test_a_file_loads_as_what_it_is(library, wrapper, tmp_path):
    """Every library once, every wrapper at least once."""
    check(library, wrapper, tmp_path)


@pytest.mark.slow
def test_every_file_loads_as_what_it_is(tmp_path):
    """All libraries in all wrappers, and the table of what was found."""
    rows = []
    for library in LIBRARIES:
        for wrapper in WRAPPERS:
            folder = tmp_path / f"{library} {wrapper}"
            folder.mkdir()
            rows.append(check(library, wrapper, folder))
    print("\n| library | file | | family | normalisation | width, depth | resolution | logits off |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))
    assert len(rows) >= 100


def saved(tensors, path):
    torch.save(tensors, path)
    return path


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("classifier.1", "classifier"),
        lambda name: name.replace("classifier.1", "fc"),
        lambda name: name.replace("classifier.1", "classifier.1.2.0"),
        lambda name: f"net.{name}".replace("net.classifier.1", "head.fc"),
    ],
)
def test_a_classifier_of_any_name(rename, tmp_path):
    network, pictures, logits = made("torchvision")
    path = saved({rename(name): tensor for name, tensor in network.state_dict().items()}, tmp_path / "model.pth")
    with torch.no_grad():
        torch.testing.assert_close(load_checkpoint(path).network().double()(pictures.double()), logits)


def test_a_classifier_without_bias(tmp_path):
    network, pictures, _ = made("torchvision")
    tensors = {name: tensor for name, tensor in network.state_dict().items() if name != "classifier.1.bias"}
    with torch.no_grad():
        expected = network.avgpool(network.features(pictures)).flatten(1) @ tensors["classifier.1.weight"].T
        found = load_checkpoint(saved(tensors, tmp_path / "model.pth")).network()(pictures)
    torch.testing.assert_close(found, expected)


def test_a_stem_of_one_channel_sees_the_picture_in_grey(tmp_path):
    """The same function of the grey picture, with the colours weighed as Pillow weighs them."""
    network, pictures, _ = made("torchvision")
    tensors = dict(network.state_dict())
    tensors["features.0.0.weight"] = tensors["features.0.0.weight"][:, :1]
    checkpoint = load_checkpoint(saved(tensors, tmp_path / "model.pth"))
    assert checkpoint.notes == ("its stem takes one channel: it sees the picture in grey",)
    grey = (pictures * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    theirs = torchvision_network(*NARROW)
    theirs.features[0][0] = nn.Conv2d(1, len(tensors["features.0.0.weight"]), 3, 2, 1, bias=False)
    theirs.load_state_dict(tensors)
    with torch.no_grad():
        torch.testing.assert_close(checkpoint.network()(pictures), theirs.eval()(grey))


def timm_tensors(name):
    timm = pytest.importorskip("timm")
    with torch.device("meta"):
        tensors = timm.create_model(name).state_dict()
    return {key: torch.zeros(tensor.shape, dtype=tensor.dtype) for key, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("efficientnetv2_rw_t", "an EfficientNetV2"),
        ("tf_efficientnetv2_s", "an EfficientNetV2"),
        ("efficientnet_es", "an EfficientNet-EdgeTPU"),
        ("efficientnet_cc_b0_4e", "conditional convolutions"),
        ("efficientnet_b1_pruned", "a pruned EfficientNet"),
        ("efficientnet_b0_gn", "a network without BatchNorm"),
        ("resnet18", "a ResNet"),
        ("vit_tiny_patch16_224", "a vision transformer"),
    ],
)
def test_other_architectures_are_refused_by_their_name(name, message, tmp_path):
    with pytest.raises(CheckpointError, match=rf"model\.pth: .*{message}.*; expected a scaling of EfficientNet-B0"):
        load_checkpoint(saved(timm_tensors(name), tmp_path / "model.pth"))


def test_torchvisions_other_networks_are_refused_by_their_name(tmp_path):
    from torchvision.models import efficientnet_v2_s, mobilenet_v2, mobilenet_v3_small

    for build, name in (
        (efficientnet_v2_s, "an EfficientNetV2"),
        (mobilenet_v2, "a MobileNetV2"),
        (mobilenet_v3_small, "a MobileNetV3"),
    ):
        with pytest.raises(CheckpointError, match=f"{name}.*; expected a scaling of EfficientNet-B0"):
            load_checkpoint(saved(build().state_dict(), tmp_path / "model.pth"))


def with_head(tensors, names=("classifier.1", "classifier.4"), inner=16, **more):
    """With two linear layers of these names, the second of which takes in ``inner`` values of the first's 16."""
    one, two = names
    tensors = {name: tensor for name, tensor in tensors.items() if "classifier" not in name}
    head = {f"{one}.weight": torch.ones(16, 320), f"{one}.bias": torch.ones(16)}
    return {**tensors, **head, **more, f"{two}.weight": torch.ones(3, inner), f"{two}.bias": torch.ones(3)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: with_head(t, inner=8), "a head of 2 linear layers, .* does not take in what another gives"),
        (
            lambda t: with_head(t, ("classifier.1", "classifier.2")),
            "'classifier.1', 'classifier.2' have nothing between",
        ),
        (
            lambda t: with_head(t, **{"classifier.3.weight": torch.ones(16)}),
            "layers beside its linear ones, 'classifier.3.weight'",
        ),
        (
            lambda t: with_head(t, **{"classifier.2.weight": torch.ones(16)}),
            "tensors of no EfficientNet of family b: 'classifier.2.weight'",
        ),
        (
            lambda t: {**t, "features.0.0.weight": torch.ones(8, 4, 3, 3)},
            r"its stem takes 4 channels; expected .* 3 channels",
        ),
        (lambda t: {n: v for n, v in t.items() if "classifier" not in n}, "no linear classifier"),
        (
            lambda t: {**t, "attention.scale": torch.ones(3)},
            "tensors of no EfficientNet of family b: 'attention.scale'",
        ),
    ],
)
def test_what_would_be_another_function_is_refused(change, message, tmp_path):
    tensors = change(dict(made("torchvision")[0].state_dict()))
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(saved(tensors, tmp_path / "model.pth"))
