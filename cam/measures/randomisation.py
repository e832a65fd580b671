"""Sanity check of a method: do its maps change when the network forgets what it learned?"""

import copy
import hashlib

import numpy as np
import torch
from torch import Tensor, nn

from cam.maps.methods import closed_form_of, method_named
from cam.measures.similarity import spearman
from models.classifier import only_linear_layer
from models.efficientnet import efficientnet
from models.network import Network

NOISE_IMAGES = 4


def control_seed(draw: int = 0) -> int:
    """A seed that no training uses: trainings count from 0, while this is a hash of the word "control" and the draw.

    Networks whose first weights were drawn from the same seed stay alike however long they are trained: a "random" head
    from a training's own seed correlates at 0.8 with the trained one.
    """
    return int.from_bytes(hashlib.sha256(f"control {draw}".encode()).digest()[:4], "big")


def random_network(network: Network, seed: int | None = None) -> Network:
    """The same architecture, freshly initialised: the control for "the network has learned to look there".

    Args:
        network: the network whose architecture is used.
        seed: by default ``control_seed()``.
    """
    return _like(
        network, _initialised(network, control_seed() if seed is None else seed), f"{network.label}, random weights"
    )


def cascading_randomisation(
    network: Network, images: Tensor, class_idx: np.ndarray, method: str = "cam", seed: int | None = None
) -> dict[str, np.ndarray]:
    """Reinitialise a network part by part, from the classifier down to the stem, and compare its maps.

    A method whose maps barely change explains the image, not the network. Never used to rank networks.

    Args:
        network: a trained network; not changed.
        images: its input, (N, 3, r, r).
        class_idx: class explained in each image, (N,).
        method: name in ``METHODS``.
        seed: of the initialisation; by default ``control_seed()``.

    Returns:
        Part of the network, from ``classifier``, ``head`` and ``stage 7`` to ``stage 1`` and ``stem`` -> rank correlation of
        each image's map with the trained network's when this part and all parts above it are random, (N,).

    Raises:
        ValueError: unknown method.

    References:
        Adebayo et al., NeurIPS 2018, https://arxiv.org/abs/1810.03292
    """
    fresh, model = _initialised(network, control_seed() if seed is None else seed), copy.deepcopy(network.model)
    trained = _maps(network, images, class_idx, method)
    correlations = {}
    for name, part in _parts(model).items():
        part.load_state_dict(_parts(fresh)[name].state_dict())
        randomised = _like(network, copy.deepcopy(model), name)
        correlations[name] = spearman(trained, _maps(randomised, images, class_idx, method))
    return correlations


def _parts(model: nn.Module) -> dict[str, nn.Module]:
    """The network's parts from top to bottom, by name."""
    stem, *stages, head = model.get_submodule("features").children()
    middle = {f"stage {row}": stages[row - 1] for row in range(len(stages), 0, -1)}
    return {"classifier": model.get_submodule("classifier"), "head": head, **middle, "stem": stem}


def _initialised(network: Network, seed: int) -> nn.Module:
    """A fresh model of the same architecture; torch's global random state is not changed.

    Each BatchNorm takes its statistics from noise images: with the initial statistics, signals fade to 1e-9 on their way up,
    which float16 cannot represent.
    """
    side = network.scaling.input_size
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = efficientnet(network.scaling, len(network.categories), network.family).eval()
        only_linear_layer(network.head)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # the plain mean over batches
                module.train()
        model(torch.randn(NOISE_IMAGES, 3, side, side))
    return model.eval()


def _like(network: Network, model: nn.Module, label: str) -> Network:
    return Network(
        model,
        scaling=network.scaling,
        family=network.family,
        categories=network.categories,
        label=label,
        provenance="random weights",
        normalisation=network.normalisation,
        outputs=network.outputs,
        device=network.device,
    )


def _maps(network: Network, images: Tensor, class_idx: np.ndarray, method: str) -> np.ndarray:
    features = network.features(images)
    rows = torch.from_numpy(np.asarray(class_idx)).to(features.device)
    logits = network.logits(features).gather(1, rows[:, None])[:, 0]
    weights = network.class_weights(features, rows, method_named(method).score)
    return closed_form_of(method)(features, weights, logits).cpu().numpy()
