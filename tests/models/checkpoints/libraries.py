"""Networks of commonly used libraries, and the ways in which their trainers save them."""

import argparse
import copy
import math
from functools import cache, partial
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torchvision.models import efficientnet as tv

from models.normalisation import HALF, IMAGENET

CLASSES = 7


NARROW = (0.25, 0.3)


class Library(NamedTuple):
    """How a library builds a network, and what must be recognised in its files."""

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


def randomised(network, seed=0):
    """The network in eval mode with all tensors different, so that swapping any two changes the logits."""
    generator = torch.Generator().manual_seed(seed)
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
    """A library's network, pictures, and its logits for them in double precision."""
    network = randomised(LIBRARIES[library].build())
    coarse = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    pictures = 2 * nn.functional.interpolate(coarse, size=(96, 64), mode="bilinear")
    with torch.no_grad():
        logits = copy.deepcopy(network).double()(pictures.double())
    return network, pictures, getattr(logits, "logits", logits)


class Loss(nn.Module):
    """A class of a program that is not installed where the file is read."""


def prefixed(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def disturbed(tensors):
    """Other weights of the same shapes, which must not be chosen."""
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
