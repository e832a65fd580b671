"""Maps for which the network must be run: methods without a closed form, and any method at an earlier layer or at several.

The network is run in two parts, up to the layer and from there to the logits (``Network.split``), and only gradients with
respect to the layer's output are computed. So a shared network is never changed, whatever happens: neither its mode, nor its
parameters' gradients, nor its hooks; and threads need no lock.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cam.maps.channel_masking import Scores, ablationcam, scorecam
from cam.maps.closed_forms import shifted, weights_at
from cam.maps.fullgrad import fullgrad_centres, fullgrad_maps
from cam.maps.methods import METHODS, method_named
from models.classifier import Score, logit_of
from models.efficientnet import LAYERS, layer_index
from models.exhaustion import halving
from models.memory import images_at_once
from models.network import Network
from models.precision import strict
from models.pulse import parts

HEAD = ("head",)
ALL = ("all",)


def chosen_layers(layer: str | Sequence[str] | None, method: str) -> tuple[str, ...]:
    """Layers in the network's order, from ``"stage 5"``, ``"stage 5, head"``, a list, or None: the method's own choice.

    Raises:
        ValueError: the method or a layer is unknown, a layer is named twice, or the method does not allow it.
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
    """Nominal input pixel of each cell of a map of these layers; several layers use the cells of the finest one."""
    if layers == ALL:
        return fullgrad_centres(network.scaling.input_size)
    return network.cell_centres(_finest(network, layers))


def offset_at(network: Network, layers: tuple[str, ...]) -> tuple[float, float]:
    """Input pixels to the right and down from ``centres_at`` to where the cells look, as far as known."""
    return (0.0, 0.0) if layers == ALL else network.cell_offset(_finest(network, layers))


def _finest(network: Network, layers: tuple[str, ...]) -> str:
    return max(layers, key=lambda layer: len(network.cell_centres(layer)))


def _weights_at(network: Network, layer: str, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (places, cells) that interpolate a layer's rows and columns at other places."""
    centres, (right, down) = network.cell_centres(layer), network.cell_offset(layer)
    return weights_at(shifted(centres, down), rows), weights_at(shifted(centres, right), columns)


def run_maps(
    network: Network, images: Tensor, class_idx: np.ndarray, method: str, layers: tuple[str, ...] = HEAD
) -> np.ndarray:
    """Raw maps of one class of each image at one layer; for several layers, the mean of their scaled maps.

    Args:
        network: not changed.
        images: normalised, (N, 3, r, r), on any device.
        class_idx: int64 (N,).
        method: name in ``METHODS``, allowed at the layers.
        layers: as ``chosen_layers`` returns them.

    Returns:
        float32 (N, h, w), on the cells of ``centres_at``. At one layer, the map is as the method defines it. At several, as
        in the grad-cam library, negative values are set to 0, each map is scaled from its minimum to its maximum, and the
        mean is taken where the finest layer's cells look.
    """
    found = []
    with torch.inference_mode(False), strict(network.device):
        images = images.to(network.device, torch.float32)
        indices = torch.as_tensor(class_idx).to(network.device)
        at_once = images_at_once(network, gradients=True)
        for batch, chosen in parts(list(zip(images.split(at_once), indices.split(at_once), strict=True))):
            if layers == ALL:
                found.append(fullgrad_maps(network, batch, chosen))
            elif len(layers) == 1:
                found.append(_layer_maps(network, batch, chosen, method, layers[0]))
            else:
                found.append(_mean_of_layers(network, batch, chosen, method, layers))
    return np.concatenate(found)


def features_and_gradients(
    before: nn.Module,
    after: nn.Module,
    images: Tensor,
    class_idx: Tensor,
    score: Score = logit_of,
    curved: bool = False,
) -> tuple[Tensor, Tensor]:
    """A layer's output and the gradient of each image's class logit with respect to it, (N, C, h, w) each.

    Args:
        before: from images (N, 3, H, W) to the layer's output.
        after: from there to logits (N, K).
        images: normalised.
        class_idx: int64 (N,).
        score: the score of the logits to explain.
        curved: subtract half of the Hessian times the features from the gradients, by a second backward pass.
    """
    with torch.no_grad():
        features = before(images)
    with torch.enable_grad():
        features = features.detach().requires_grad_(True)
        explained = score(after(features), class_idx).sum()
        (gradients,) = torch.autograd.grad(explained, features, create_graph=curved)
        if curved and gradients.requires_grad:
            (change,) = torch.autograd.grad(gradients, features, features.detach(), allow_unused=True)
            gradients = gradients if change is None else gradients - change / 2
    return features.detach(), gradients.detach()


def _layer_maps(network: Network, images: Tensor, class_idx: Tensor, method: str, layer: str) -> np.ndarray:
    before, after = network.split(layer)
    formula = METHODS[method].anywhere
    images = images.contiguous(memory_format=torch.channels_last)
    if formula is not None:
        asked = METHODS[method].score, METHODS[method].curved
        return formula(*features_and_gradients(before, after, images, class_idx, *asked)).cpu().numpy()
    with torch.no_grad():
        features = before(images)
        maps = [
            _masked_map(network, image, of_image, int(one), method, layer)
            for image, of_image, one in parts(list(zip(images, features, class_idx, strict=True)))
        ]
    return torch.stack(maps).cpu().numpy()


def _masked_map(network: Network, image: Tensor, features: Tensor, class_idx: int, method: str, layer: str) -> Tensor:
    at_once = images_at_once(network)
    if method == "ablationcam":
        _, after = network.split(layer)

        def left(copies: Tensor) -> Tensor:
            return after(copies)[:, class_idx]

        return halving(lambda copies: ablationcam(left, features, copies), at_once, "a layer without a channel")
    size = image.shape[-1]
    pixels = np.arange(size)
    rows, columns = (torch.from_numpy(each).to(features) for each in _weights_at(network, layer, pixels, pixels))
    scores = _class_scores(network, class_idx)
    return halving(
        lambda masks: scorecam(scores, image, features, rows, columns, masks), at_once, f"pictures of {size} pixels"
    )


def _class_scores(network: Network, class_idx: int) -> Scores:
    return lambda images: network.logits(network.features(images))[:, class_idx]


def _mean_of_layers(
    network: Network, images: Tensor, class_idx: Tensor, method: str, layers: tuple[str, ...]
) -> np.ndarray:
    right, down = offset_at(network, layers)
    places = np.asarray(centres_at(network, layers))
    total = np.zeros((len(images), len(places), len(places)))
    for layer in parts(layers):
        maps = np.maximum(_layer_maps(network, images, class_idx, method, layer), 0)
        maps -= maps.min(axis=(1, 2), keepdims=True)
        maps /= 1e-7 + maps.max(axis=(1, 2), keepdims=True)
        rows, columns = _weights_at(network, layer, places + down, places + right)
        total = total + np.einsum("yi,nij,xj->nyx", rows, maps, columns, optimize=True)
    return (total / len(layers)).astype(np.float32)
