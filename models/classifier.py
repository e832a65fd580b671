"""The classifier of a network maps its pooled features to logits, with one linear layer or several.

It is an ``nn.Sequential`` of linear layers and layers without parameters. Several linear layers have ReLU between them, as
in recipes for transfer learning.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

Score = Callable[[Tensor, Tensor], Tensor]  # logits (N, K), classes (N,) -> the score to explain, (N,)


def linear_layers(classifier: nn.Module) -> list[nn.Linear]:
    """The classifier's linear layers, in order."""
    return [layer for layer in classifier.modules() if isinstance(layer, nn.Linear)]


def hidden_widths(classifier: nn.Module) -> tuple[int, ...]:
    """Output sizes of all linear layers but the last; empty for a single linear layer."""
    return tuple(layer.out_features for layer in linear_layers(classifier)[:-1])


def hidden_classifier(channels: int, hidden: Sequence[int], classes: int, dropout: float) -> nn.Sequential:
    """Dropout, then linear layers of these widths with ReLU between them, named ``classifier.1``, ``.3`` and so on."""
    first, *others = [nn.Linear(before, after) for before, after in pairwise((channels, *hidden, classes))]
    between = [layer for linear in others for layer in (nn.ReLU(), linear)]
    return nn.Sequential(nn.Dropout(dropout, inplace=True), first, *between)


def logit_of(logits: Tensor, class_idx: Tensor) -> Tensor:
    """The logit of each image's class, (N,)."""
    return logits.gather(1, class_idx[:, None]).squeeze(1)


def class_weights(classifier: nn.Module, features: Tensor, class_idx: Tensor, score: Score = logit_of) -> Tensor:
    """The derivative of each image's class logit by each pooled feature, (N, C): the channel weights of its map.

    For one linear layer this is the class's row of the weight, whatever the image; for several it is the Jacobian at the
    image, exact by autograd. Pooling is a mean, so the gradient of the logit at every cell of the features is this divided
    by the number of cells.

    Args:
        classifier: in eval mode, on the device of ``features``; it is not changed.
        features: (N, C, h, w).
        class_idx: int64 (N,).
        score: what to explain instead of the class's logit.
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
        ValueError: the classifier has several.
    """
    layers = linear_layers(classifier)
    if len(layers) > 1:
        raise ValueError(
            f"a classifier of {len(layers)} linear layers; expected one: train a linear one on the features"
        )
    return layers[0]
