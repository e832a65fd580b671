"""Maps for which the network must run: methods without closed form, and any method at an earlier layer or several.

The network is run in two parts, up to the layer and from there to the logits (``Network.split``), and gradients are asked of
the layer's output alone. So nothing of a shared network is ever changed, neither its mode, its parameters' gradients nor
its hooks, whatever happens on the way, and threads need no lock.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cam.fullgrad import fullgrad_centres, fullgrad_maps
from cam.maps import weights_at
from cam.masking import Scores, ablationcam, scorecam
from cam.memory import images_at_once
from cam.methods import METHODS, method_named
from models.efficientnet import LAYERS, layer_index
from models.network import Network

HEAD = ("head",)
ALL = ("all",)


def chosen_layers(layer: str | Sequence[str] | None, method: str) -> tuple[str, ...]:
    """Layers in the network's order, from ``"stage 5"``, ``"stage 5, head"``, a list, or None: the method's own choice.

    Raises:
        ValueError: unknown method or layer, a layer twice, or one that the method does not allow.
    """
    allowed = method_named(method).layers
    asked = [] if layer is None else [part.strip() for part in (layer.split(",") if isinstance(layer, str) else layer)]
    if not asked:
        return ALL if allowed == "all" else HEAD
    if allowed == "all":
        if tuple(asked) == ALL:
            return ALL
        raise ValueError(f"method {method!r} takes every layer at once, not {', '.join(asked)!r}; leave the layer out")
    indices = [layer_index(name) for name in asked]
    if len(set(indices)) < len(indices):
        raise ValueError(f"a layer is named twice in {', '.join(asked)!r}; name each once")
    if allowed == "head" and tuple(asked) != HEAD:
        possible = ", ".join(name for name, entry in METHODS.items() if entry.layers == "any")
        raise ValueError(
            f"method {method!r} is defined at the head only, not at {', '.join(asked)!r}; choose from {possible}"
        )
    return tuple(LAYERS[index - 1] for index in sorted(indices))


def centres_at(network: Network, layers: tuple[str, ...]) -> list[float]:
    """Input pixel at which each cell of a map of these layers looks; of several layers those of the finest."""
    if layers == ALL:
        return fullgrad_centres(network.scaling.input_size)
    return max((network.cell_centres(layer) for layer in layers), key=len)


def run_maps(
    network: Network, images: Tensor, class_idx: np.ndarray, method: str, layers: tuple[str, ...] = HEAD
) -> np.ndarray:
    """Raw maps of one class of each image at one layer; of several layers the mean of their scaled maps.

    Args:
        network: is not changed.
        images: normalised, (N, 3, r, r), on any device.
        class_idx: int64 (N,).
        method: name in ``METHODS``, allowed at the layers.
        layers: as ``chosen_layers`` gives them.

    Returns:
        float32 (N, h, w), on the cells of ``centres_at``. At one layer as the method defines it; at several, as in the
        grad-cam library, negative values are dropped, each map is scaled from its minimum to its maximum, and the mean is
        taken where the finest layer's cells look.
    """
    found = []
    with torch.inference_mode(False):
        images = images.to(network.device, torch.float32)
        indices = torch.as_tensor(class_idx).to(network.device)
        at_once = images_at_once(network, gradients=True)
        for batch, chosen in zip(images.split(at_once), indices.split(at_once), strict=True):
            if layers == ALL:
                found.append(fullgrad_maps(network, batch, chosen))
            elif len(layers) == 1:
                found.append(_layer_maps(network, batch, chosen, method, layers[0]))
            else:
                found.append(_mean_of_layers(network, batch, chosen, method, layers))
    return np.concatenate(found)


def features_and_gradients(
    before: nn.Module, after: nn.Module, images: Tensor, class_idx: Tensor
) -> tuple[Tensor, Tensor]:
    """A layer's output and the gradient of each image's class logit with respect to it, (N, C, h, w) each.

    Args:
        before: from images (N, 3, H, W) to the layer's output.
        after: from there to logits (N, K).
        images: normalised.
        class_idx: int64 (N,).
    """
    with torch.no_grad():
        features = before(images)
    with torch.enable_grad():
        features = features.detach().requires_grad_(True)
        explained = after(features).gather(1, class_idx[:, None]).sum()
        (gradients,) = torch.autograd.grad(explained, features)
    return features.detach(), gradients


def _layer_maps(network: Network, images: Tensor, class_idx: Tensor, method: str, layer: str) -> np.ndarray:
    before, after = network.split(layer)
    formula = METHODS[method].anywhere
    images = images.contiguous(memory_format=torch.channels_last)
    if formula is not None:
        return formula(*features_and_gradients(before, after, images, class_idx)).cpu().numpy()
    with torch.no_grad():
        features = before(images)
        maps = [
            _masked_map(network, image, of_image, int(one), method, layer)
            for image, of_image, one in zip(images, features, class_idx, strict=True)
        ]
    return torch.stack(maps).cpu().numpy()


def _masked_map(network: Network, image: Tensor, features: Tensor, class_idx: int, method: str, layer: str) -> Tensor:
    at_once = images_at_once(network)
    if method == "ablationcam":
        _, after = network.split(layer)
        return ablationcam(lambda copies: after(copies)[:, class_idx], features, at_once)
    size = image.shape[-1]
    weights = torch.from_numpy(weights_at(network.cell_centres(layer), np.arange(size))).to(features)
    return scorecam(_class_scores(network, class_idx), image, features, weights, weights, at_once)


def _class_scores(network: Network, class_idx: int) -> Scores:
    return lambda images: network.classifier(network.features(images).mean(dim=(2, 3)))[:, class_idx]


def _mean_of_layers(
    network: Network, images: Tensor, class_idx: Tensor, method: str, layers: tuple[str, ...]
) -> np.ndarray:
    places = np.asarray(centres_at(network, layers))
    total = np.zeros((len(images), len(places), len(places)))
    for layer in layers:
        maps = np.maximum(_layer_maps(network, images, class_idx, method, layer), 0)
        maps -= maps.min(axis=(1, 2), keepdims=True)
        maps /= 1e-7 + maps.max(axis=(1, 2), keepdims=True)
        weights = weights_at(network.cell_centres(layer), places)
        total = total + np.einsum("yi,nij,xj->nyx", weights, maps, weights, optimize=True)
    return (total / len(layers)).astype(np.float32)
