"""METHODS: every class activation method by name, in closed form at the last convolution where there is one.

After the last convolution only an average and a linear layer follow, so the gradient of a logit is the same at every cell,
``w_k / (h w)``, and a gradient method needs one forward pass, no backward pass and no hook. Gradient maps are given times
``h w``: GradCAM then equals CAM, and maps of different grids have one unit, the logit. At an earlier layer, and for methods
without closed form, ``cam.layers`` runs the network.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from cam import gradients
from cam.gradients import first_component
from cam.maps import weighted_map

ClosedForm = Callable[[Tensor, Tensor, Tensor], Tensor]
GradientForm = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Method:
    """One way to explain a class.

    Attributes:
        label: for people.
        reference: where it was published.
        summary: one sentence on what its maps show.
        passes: what it costs at the last convolution, in forward passes of the network, in words.
        signed: maps also show evidence against the class.
        unit: ``"logit"`` where maps of several networks may share a scale, else ``""``.
        closed_form: features (N, C, h, w), weights of the explained class (N, C), its logit (N,) -> raw maps (N, h, w);
            None where the network must be run.
        anywhere: features and gradients of any layer, (N, C, h, w) each -> raw maps (N, h, w); None where the method needs
            none (``ablationcam`` and ``scorecam``, which mask, and ``fullgrad``) or has a meaning at the head only (``cam``).
        layers: layers that the method allows: ``"head"``, ``"any"`` or ``"all"`` (all at once, no choice).
    """

    label: str
    reference: str
    summary: str
    passes: str
    signed: bool
    unit: str
    closed_form: ClosedForm | None
    anywhere: GradientForm | None = None
    layers: str = "any"


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
    return gradients.fem(features)


def _eigencam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    return first_component(features)


def _eigengradcam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    return first_component(features * weights[:, :, None, None])


def _ablationcam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    """Removing channel k lowers the logit by w_k mean_k, so the drop is known without running the network C times."""
    return weighted_map(features, weights * features.mean(dim=(2, 3)) / logits[:, None])


METHODS: dict[str, Method] = {
    "cam": Method(
        "CAM", "Zhou et al., CVPR 2016, arXiv 1512.04150",
        "What each place adds to or takes from the class's logit; the paper's Figure 7 uses it.",
        "1", True, "logit", _cam, None, "head",
    ),
    "gradcam": Method(
        "GradCAM", "Selvaraju et al., ICCV 2017, arXiv 1610.02391",
        "Channels weighted by the mean gradient of the logit; at the last convolution exactly CAM.",
        "1", True, "logit", _cam, gradients.gradcam,
    ),
    "gradcam++": Method(
        "GradCAM++", "Chattopadhay et al., WACV 2018, arXiv 1710.11063",
        "Channels that raise the logit, weighted so that several small objects count as one large one.",
        "1", False, "", _gradcam_plus_plus, gradients.gradcam_plus_plus,
    ),
    "xgradcam": Method(
        "XGradCAM", "Fu et al., BMVC 2020, arXiv 2008.02312",
        "Gradients weighted by each channel's share of activation, so that the map sums to the logit.",
        "1", True, "logit", _xgradcam, gradients.xgradcam,
    ),
    "hirescam": Method(
        "HiResCAM", "Draelos & Carin, 2020, arXiv 2011.08891",
        "Gradient times activation at every cell; at the last convolution exactly CAM.",
        "1", True, "logit", _cam, gradients.hirescam,
    ),
    "layercam": Method(
        "LayerCAM", "Jiang et al., IEEE TIP 2021",
        "Only what speaks for the class: activations times their positive gradients.",
        "1", False, "logit", _layercam, gradients.layercam,
    ),
    "eigencam": Method(
        "EigenCAM", "Muhammad & Yeasin, IJCNN 2020, arXiv 2008.00299",
        "The direction in which the cells differ most, whatever the class.",
        "1", True, "", _eigencam, gradients.eigencam,
    ),
    "eigengradcam": Method(
        "EigenGradCAM", "Gildenblat et al., pytorch-grad-cam, 2021",
        "The direction in which the cells' contributions to the class differ most.",
        "1", True, "", _eigengradcam, gradients.eigengradcam,
    ),
    "ablationcam": Method(
        "AblationCAM", "Desai & Ramaswamy, WACV 2020",
        "Channels weighted by how much of the logit is lost without them.",
        "1", True, "", _ablationcam,
    ),
    "fem": Method(
        "FEM", "Fuad et al., IPTA 2020",
        "Where channels are unusually active (two standard deviations above their mean), whatever the class.",
        "1", False, "", _fem, gradients.fem,
    ),
    "gradcam-elementwise": Method(
        "GradCAM element-wise", "Gildenblat et al., pytorch-grad-cam, 2021",
        "Every positive product of gradient and activation, added up; nothing cancels.",
        "1", False, "logit", _gradcam_elementwise, gradients.gradcam_elementwise,
    ),
    "scorecam": Method(
        "ScoreCAM", "Wang et al., CVPR Workshops 2020, arXiv 1910.01279",
        "Channels weighted by the logit of the photograph seen through each of them; no gradients.",
        "1 and one for each channel, 1,280 for B0", False, "", None,
    ),
    "fullgrad": Method(
        "FullGrad", "Srinivas & Fleuret, NeurIPS 2019, arXiv 1905.00780",
        "Gradients of the input and of every bias of the network, added up; every layer at once, on a fine grid.",
        "1 and a backward pass", False, "", None, None, "all",
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


def closed_form_of(name: str) -> ClosedForm:
    """The closed form of the method of that name.

    Raises:
        ValueError: no such method, or none that features alone suffice for.
    """
    found = method_named(name).closed_form
    if found is None:
        possible = ", ".join(key for key, entry in METHODS.items() if entry.closed_form)
        raise ValueError(f"method {name!r} runs the network for every map; choose from {possible}, or call compare")
    return found
