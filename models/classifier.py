"""The classifier of a network: from its pooled features to its logits, in one linear layer or in several.

``nn.Sequential`` of layers without parameters and linear ones. Several have ReLU between them, as transfer recipes have it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

Score = Callable[[Tensor, Tensor], Tensor]  # logits (N, K), classes (N,) -> what is explained of each image (N,)


def linear_layers(classifier: nn.Module) -> list[nn.Linear]:
    """Its linear layers, in their order."""
    return [layer for layer in classifier.modules() if isinstance(layer, nn.Linear)]


def hidden_widths(classifier: nn.Module) -> tuple[int, ...]:
    """Outputs of its linear layers but the last; none where it is one linear layer."""
    return tuple(layer.out_features for layer in linear_layers(classifier)[:-1])


def hidden_classifier(channels: int, hidden: Sequence[int], classes: int, dropout: float) -> nn.Sequential:
    """Dropout, then linear layers through these widths with ReLU between them: ``classifier.1``, ``.3`` and so on."""
    first, *others = [nn.Linear(before, after) for before, after in pairwise((channels, *hidden, classes))]
    between = [layer for linear in others for layer in (nn.ReLU(), linear)]
    return nn.Sequential(nn.Dropout(dropout, inplace=True), first, *between)


def logit_of(logits: Tensor, class_idx: Tensor) -> Tensor:
    """The class's own logit, (N,)."""
    return logits.gather(1, class_idx[:, None]).squeeze(1)


def class_weights(classifier: nn.Module, features: Tensor, class_idx: Tensor, score: Score = logit_of) -> Tensor:
    """How much each image's class logit changes with each pooled feature, (N, C): what weighs the channels of its map.

    Of one linear layer the class's row, whatever the image; of several the Jacobian at the image, exact by autograd. Pooling
    is a mean, so the gradient of the logit at every cell of the features is this divided by their number.

    Args:
        classifier: in eval mode, on the device of ``features``; it is not changed.
        features: (N, C, h, w).
        class_idx: int64 (N,).
        score: what is explained instead of the class's logit.
    """
    layers = linear_layers(classifier)
    if len(layers) == 1 and score is logit_of:
        return layers[0].weight.detach()[class_idx]
    with torch.inference_mode(False), torch.enable_grad():
        pooled = features.mean(dim=(2, 3)).detach().requires_grad_(True)
        explained = score(classifier(pooled), class_idx).sum()
        return torch.autograd.grad(explained, pooled)[0]


def only_linear_layer(classifier: nn.Module) -> nn.Linear:
    """The one linear layer of a classifier.

    Raises:
        ValueError: it has several.
    """
    layers = linear_layers(classifier)
    if len(layers) > 1:
        raise ValueError(
            f"a classifier of {len(layers)} linear layers; expected one: train a linear one on the features"
        )
    return layers[0]
