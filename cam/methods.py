"""METHODS: every class activation method by name, in closed form at the last convolution.

After the last convolution only an average and a linear layer follow, so the gradient of a logit is the same at every cell,
``w_k / (h w)``, and a gradient method needs one forward pass, no backward pass and no hook. Gradient maps are given times
``h w``: GradCAM then equals CAM, and maps of different grids have one unit, the logit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cam.maps import weighted_map

ClosedForm = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Method:
    """One way to explain a class.

    Attributes:
        label: for people.
        reference: where it was published.
        summary: one sentence on what its maps show.
        passes: forward passes that it costs, in words.
        signed: maps also show evidence against the class.
        unit: ``"logit"`` where maps of several networks may share a scale, else ``""``.
        closed_form: features (N, C, h, w), weights of the explained class (N, C), its logit (N,) -> raw maps (N, h, w).
    """

    label: str
    reference: str
    summary: str
    passes: str
    signed: bool
    unit: str
    closed_form: ClosedForm


def _cam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    return weighted_map(features, weights)


def _xgradcam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    total = features.sum(dim=(2, 3))
    return weighted_map(features, weights * total / (total + 1e-7))


def _layercam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    return weighted_map(features, weights.clamp(min=0))


def _gradcam_plus_plus(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    gradient = weights / features[0, 0].numel()
    alpha = gradient**2 / (2 * gradient**2 + features.sum(dim=(2, 3)) * gradient**3 + 1e-6)
    return weighted_map(features, weights.clamp(min=0) * alpha)


def _gradcam_elementwise(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    """sum_k max(w_k A_k, 0), as w+ max(A, 0) + w- min(A, 0): two products, no (N, C, h, w) copy of the features' signs."""
    return weighted_map(features.clamp(min=0), weights.clamp(min=0)) + weighted_map(
        features.clamp(max=0), weights.clamp(max=0)
    )


def _fem(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    std, mean = torch.std_mean(features, dim=(2, 3), correction=0, keepdim=True)
    return weighted_map(features, (features > mean + 2 * std).to(features).mean(dim=(2, 3)))


def _eigencam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    return _first_component(features)


def _eigengradcam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    return _first_component(features * weights[:, :, None, None])


def _first_component(features: Tensor) -> Tensor:
    """Projection of the cells on their first principal direction, from the (hw, hw) Gram matrix of the centred channels.

    With X = U S V^T, X v_1 = s_1 u_1: no (C, C) matrix is needed. The sign, arbitrary in the decomposition, is chosen so
    that the projection correlates with the cells' mean activation; where it does not correlate, its largest value is positive.
    """
    cells = features.flatten(2).transpose(1, 2).double()
    centred = cells - cells.mean(dim=1, keepdim=True)
    values, vectors = torch.linalg.eigh(centred @ centred.transpose(1, 2))
    projection = vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt()
    agreement = (projection * centred.mean(dim=2)).sum(dim=1)
    largest = projection.gather(1, projection.abs().argmax(dim=1, keepdim=True)).squeeze(1)
    sign = torch.where(agreement == 0, largest, agreement).sign()
    return (projection * sign[:, None]).unflatten(1, features.shape[2:]).to(features.dtype)


def _ablationcam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    """Removing channel k lowers the logit by w_k mean_k, so the drop is known without running the network C times."""
    return weighted_map(features, weights * features.mean(dim=(2, 3)) / logits[:, None])


METHODS: dict[str, Method] = {
    "cam": Method(
        "CAM", "Zhou et al., CVPR 2016, arXiv 1512.04150",
        "What each place adds to or takes from the class's logit; the paper's Figure 7 uses it.",
        "1", True, "logit", _cam,
    ),
    "gradcam": Method(
        "GradCAM", "Selvaraju et al., ICCV 2017, arXiv 1610.02391",
        "Channels weighted by the mean gradient of the logit; at the last convolution exactly CAM.",
        "1", True, "logit", _cam,
    ),
    "gradcam++": Method(
        "GradCAM++", "Chattopadhay et al., WACV 2018, arXiv 1710.11063",
        "Channels that raise the logit, weighted so that several small objects count as one large one.",
        "1", False, "", _gradcam_plus_plus,
    ),
    "xgradcam": Method(
        "XGradCAM", "Fu et al., BMVC 2020, arXiv 2008.02312",
        "Gradients weighted by each channel's share of activation, so that the map sums to the logit.",
        "1", True, "logit", _xgradcam,
    ),
    "hirescam": Method(
        "HiResCAM", "Draelos & Carin, 2020, arXiv 2011.08891",
        "Gradient times activation at every cell; at the last convolution exactly CAM.",
        "1", True, "logit", _cam,
    ),
    "layercam": Method(
        "LayerCAM", "Jiang et al., IEEE TIP 2021",
        "Only what speaks for the class: activations times their positive gradients.",
        "1", False, "logit", _layercam,
    ),
    "eigencam": Method(
        "EigenCAM", "Muhammad & Yeasin, IJCNN 2020, arXiv 2008.00299",
        "The direction in which the cells differ most, whatever the class.",
        "1", True, "", _eigencam,
    ),
    "eigengradcam": Method(
        "EigenGradCAM", "Gildenblat et al., pytorch-grad-cam, 2021",
        "The direction in which the cells' contributions to the class differ most.",
        "1", True, "", _eigengradcam,
    ),
    "ablationcam": Method(
        "AblationCAM", "Desai & Ramaswamy, WACV 2020",
        "Channels weighted by how much of the logit is lost without them.",
        "1", True, "", _ablationcam,
    ),
    "fem": Method(
        "FEM", "Fuad et al., IPTA 2020",
        "Where channels are unusually active (two standard deviations above their mean), whatever the class.",
        "1", False, "", _fem,
    ),
    "gradcam-elementwise": Method(
        "GradCAM element-wise", "Gildenblat et al., pytorch-grad-cam, 2021",
        "Every positive product of gradient and activation, added up; nothing cancels.",
        "1", False, "logit", _gradcam_elementwise,
    ),
}  # fmt: skip


def method_named(name: str) -> Method:
    """The method of that name.

    Raises:
        ValueError: no such method; the message lists those there are.
    """
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}; choose from {', '.join(METHODS)}")
    return METHODS[name]
