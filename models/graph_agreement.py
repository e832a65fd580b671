"""Check on photographs that a graph computes what its network computes in PyTorch, before the file is written."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.models import EfficientNet

from models.classifier import linear_layers
from models.graphs.names import FEATURES, FLOAT32, LOGITS, MAPS, PIXELS
from models.graphs.session import session_of
from models.images import view_image
from models.network import Network

CLOSE = 1e-4  # of a map's largest magnitude; the order of summation changes about 1e-6 of it, in faint maps 2e-5


@dataclass(frozen=True)
class Agreement:
    """How far a graph agrees with PyTorch.

    Attributes:
        maps: the largest difference in a map of any class or in the features, as a fraction of the largest magnitude there.
        logits: the largest difference of a logit, as a fraction of the largest magnitude among the photograph's logits.
        same: number of photographs whose top-1 class is the same.
        photographs: number of photographs.
    """

    maps: float
    logits: float
    same: int
    photographs: int

    @property
    def holds(self) -> bool:
        """Whether maps and logits agree within ``CLOSE`` and every top-1 class is the same."""
        return self.maps <= CLOSE and self.logits <= CLOSE and self.same == self.photographs  # False for NaN

    def __str__(self) -> str:
        return f"maps within {self.maps:.0e} of their maximum, the same class in {self.same} of {self.photographs}"


def agreement(
    graph: bytes,
    network: Network,
    photographs: Iterable[Image.Image],
    *,
    normalised: bool = False,
    weights: str = FLOAT32,
) -> Agreement:
    """Compare a graph with the plain network in PyTorch, whose BatchNorms are not folded.

    Args:
        graph: the serialised graph.
        network: the network that the graph was made from, on the CPU.
        photographs: RGB, at least one.
        normalised: whether the graph takes normalised pixels.
        weights: type to which PyTorch's weights are rounded as well.
    """
    session, model = session_of(graph), rounded(network.model, weights)
    differences: list[float] = []
    of_logits: list[float] = []
    same = 0
    for photograph in photographs:
        image = network.transform(photograph)[None]
        given = image.numpy() if normalised else _pixels(photograph, network.scaling.input_size)
        features, logits, maps = session.run([FEATURES, LOGITS, MAPS], {PIXELS: given})
        features_there, logits_there, maps_there = in_pytorch(model, image)
        in_features = float(
            abs(features - features_there).max() / abs(features_there).max()
        )  # a channel may be 0 everywhere
        differences.append(max(in_features, _of_maps(maps, maps_there)))
        of_logits.append(float(abs(logits - logits_there).max() / abs(logits_there).max()))
        same += int(logits.argmax() == logits_there.argmax())
    return Agreement(float(np.max(differences)), float(np.max(of_logits)), same, len(differences))


def in_pytorch(model: EfficientNet, images: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, logits and the maps of all classes, as PyTorch computes them."""
    with torch.no_grad():
        features = model.features(images)
        logits = model.classifier(features.mean(dim=(2, 3)))
    return features.numpy(), logits.numpy(), _linear_head(model.classifier, features).numpy()


def rounded(model: EfficientNet, weights: str) -> EfficientNet:
    """A copy of the model with its weights rounded as a graph stores them; the model itself where they are float32."""
    if weights == FLOAT32:
        return model
    model = copy.deepcopy(model)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                layer.weight.copy_(layer.weight.half())
    return model


def _linear_head(classifier: nn.Module, features: Tensor) -> Tensor:
    """The head, linearised at the pooled features, applied to every cell."""
    cells, pooled = features.movedim(1, 3), features.mean(dim=(2, 3))
    layers = linear_layers(classifier)
    with torch.no_grad():
        for layer in layers:
            cells, pooled = cells @ layer.weight.T, layer(pooled)
            if layer is not layers[-1]:
                cells, pooled = cells * (pooled > 0)[:, None, None], pooled.relu()
    return cells.movedim(3, 1)


def _of_maps(came: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference, as a fraction of the largest magnitude in the reference's map of that class."""
    largest = abs(reference).max(axis=(2, 3), keepdims=True)
    return float((abs(came - reference) / largest.clip(np.finfo(np.float32).tiny)).max())


def _pixels(photograph: Image.Image, side: int) -> np.ndarray:
    return np.array(view_image(photograph, "square", side), np.float32).transpose(2, 0, 1)[None] / 255
