"""Maps at any layer, from its features A and the gradients G of the explained logit with respect to them.

Both are (N, C, h, w); maps are raw, (N, h, w). Where a gradient is averaged or multiplied cell by cell, the map is multiplied
by ``h w``, as in the closed forms at the last convolution: there G is ``w_k / (h w)`` everywhere, and both agree.
"""

import torch
from torch import Tensor

from cam.maps.closed_forms import weighted_map
from models.precision import doubled


def gradcam(features: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by their summed gradient."""
    return weighted_map(features, gradients.sum(dim=(2, 3)))


def hirescam(features: Tensor, gradients: Tensor) -> Tensor:
    """Gradient times activation, cell by cell."""
    return (features * gradients).sum(dim=1) * _cells(features)


def layercam(features: Tensor, gradients: Tensor) -> Tensor:
    """Positive gradient times activation, cell by cell."""
    return (features * gradients.clamp(min=0)).sum(dim=1) * _cells(features)


def gradcam_elementwise(features: Tensor, gradients: Tensor) -> Tensor:
    """Positive products of gradient and activation."""
    return (features * gradients).clamp(min=0).sum(dim=1) * _cells(features)


def xgradcam(features: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by the mean of their gradients over cells, each cell weighted by its share of the activation."""
    total = features.sum(dim=(2, 3))
    return weighted_map(features, (features * gradients).sum(dim=(2, 3)) / (total + 1e-7)) * _cells(features)


def gradcam_plus_plus(features: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by their positive gradients, each cell by equation 19 of the paper."""
    total = features.sum(dim=(2, 3), keepdim=True)
    alpha = gradients**2 / (2 * gradients**2 + total * gradients**3 + 1e-6)
    return weighted_map(features, (gradients.clamp(min=0) * alpha).sum(dim=(2, 3)))


def fem(features: Tensor, gradients: Tensor | None = None) -> Tensor:
    """Channels weighted by the share of their cells that lie more than two standard deviations above their mean."""
    std, mean = torch.std_mean(features, dim=(2, 3), correction=0, keepdim=True)
    return weighted_map(features, (features > mean + 2 * std).to(features).mean(dim=(2, 3)))


def eigencam(features: Tensor, gradients: Tensor | None = None) -> Tensor:
    """The first principal component of the features."""
    return first_component(features)


def eigengradcam(features: Tensor, gradients: Tensor) -> Tensor:
    """The first principal component of the gradients times the features."""
    return first_component(features * gradients) * _cells(features)


def first_component(features: Tensor) -> Tensor:
    """Projection of the cells on their first principal direction, (N, h, w), from the smaller of two Gram matrices.

    With X = U S V^T the centred channels, X v_1 = s_1 u_1: at the last convolution the (hw, hw) matrix gives u_1, at early
    layers, with more cells than channels, the (C, C) one gives v_1. The sign, arbitrary in the decomposition, is chosen so
    that the projection correlates with the cells' mean activation; where it does not correlate, its largest value is positive.
    """
    cells = doubled(features.flatten(2).transpose(1, 2))
    centred = cells - cells.mean(dim=1, keepdim=True)
    if centred.shape[1] <= centred.shape[2]:
        values, vectors = torch.linalg.eigh(centred @ centred.transpose(1, 2))
        projection = vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt()
    else:
        _, vectors = torch.linalg.eigh(centred.transpose(1, 2) @ centred)
        projection = (centred @ vectors[..., -1:]).squeeze(2)
    return _turned(projection, centred, features)


def _turned(projection: Tensor, centred: Tensor, features: Tensor) -> Tensor:
    """A projection of the cells (N, cells) with its sign chosen as ``first_component`` says, as maps (N, h, w)."""
    agreement = (projection * centred.mean(dim=2)).sum(dim=1)
    largest = projection.gather(1, projection.abs().argmax(dim=1, keepdim=True)).squeeze(1)
    sign = torch.where(agreement == 0, largest, agreement).sign()
    return (projection * sign[:, None]).unflatten(1, features.shape[2:]).to(features)


def first_kernel_component(features: Tensor) -> Tensor:
    """The cells' first component under a sigmoid kernel, (N, h, w): tanh(x y / C + 1) of the centred channels.

    The sign is chosen as in ``first_component``. The kernel may be indefinite; its largest positive eigenvalue counts.

    References:
        Karmani et al., 2024, https://arxiv.org/abs/2410.00267; Schoelkopf et al., Neural Computation 1998
    """
    cells = doubled(features.flatten(2).transpose(1, 2))
    centred = cells - cells.mean(dim=1, keepdim=True)
    kernel = (centred @ centred.transpose(1, 2) / centred.shape[2] + 1).tanh()
    kernel = (
        kernel
        - kernel.mean(dim=1, keepdim=True)
        - kernel.mean(dim=2, keepdim=True)
        + kernel.mean(dim=(1, 2), keepdim=True)
    )
    values, vectors = torch.linalg.eigh(kernel)
    return _turned(vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt(), centred, features)


def _cells(features: Tensor) -> int:
    return features[0, 0].numel()
