"""METHODS: every class activation method by name, in closed form at the last convolution where there is one.

After the last convolution only an average and a linear layer follow, so the gradient of a logit is the same at every cell,
``w_k / (h w)``, and a gradient method needs one forward pass, no backward pass and no hook. Gradient maps are multiplied by
``h w``: GradCAM then equals CAM, and maps on different grids have one unit, the logit. At an earlier layer, and for methods
without a closed form, ``cam.maps.layers`` runs the network.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from cam.maps import gradients
from cam.maps.closed_forms import weighted_map
from cam.maps.gradients import first_component, first_kernel_component
from models.classifier import Score, logit_of

SIMILAR = 3  # number of classes that FinerCAM compares the explained one with
ClosedForm = Callable[[Tensor, Tensor, Tensor], Tensor]
GradientForm = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Method:
    """One way to explain a class.

    Attributes:
        label: for people.
        reference: where it was published.
        summary: one sentence on what its maps show.
        passes: its cost at the last convolution, in forward passes of the network, in words.
        signed: whether maps also show evidence against the class.
        unit: ``"logit"`` where maps of several networks may share a scale, else ``""``.
        closed_form: features (N, C, h, w), weights of the explained class (N, C), its logit (N,) -> raw maps (N, h, w);
            None where the network must be run.
        anywhere: features and gradients of any layer, (N, C, h, w) each -> raw maps (N, h, w); None for methods that mask
            channels (``ablationcam`` and ``scorecam``), for ``fullgrad``, and for methods defined at the head only.
        layers: layers that the method allows: ``"head"``, ``"any"`` or ``"all"`` (all at once, no choice).
        linear: whether the closed form needs a classifier of one linear layer; others hold for several layers, with the
            weights that ``models.classifier`` takes from their Jacobian.
        score: the score of the logits to explain.
        curved: whether gradients are corrected by half of the Hessian times the features.
    """

    label: str
    reference: str
    summary: str
    passes: str = "1"
    signed: bool = False
    unit: str = ""
    closed_form: ClosedForm | None = None
    anywhere: GradientForm | None = None
    layers: str = "any"
    linear: bool = False
    score: Score = logit_of
    curved: bool = False


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


def _kpcacam(features: Tensor, weights: Tensor, logits: Tensor) -> Tensor:
    return first_kernel_component(features)


def lead_over_similar(logits: Tensor, class_idx: Tensor) -> Tensor:
    """Mean lead of the class's logit over those of the three classes nearest to it, weighted by their probabilities, (N,).

    Gradients flow through the weights too, as in the grad-cam library. For a single class it is the logit.
    """
    own = logit_of(logits, class_idx)
    if logits.shape[1] == 1:
        return own
    distance = (logits - own[:, None]).detach().abs().scatter(1, class_idx[:, None], -1.0)
    similar = distance.argsort(dim=1)[:, 1 : 1 + SIMILAR]
    shares = logits.softmax(dim=1).gather(1, similar)
    return (shares * (own[:, None] - logits.gather(1, similar))).sum(dim=1) / (shares.sum(dim=1) + 1e-9)


METHODS: dict[str, Method] = {
    "cam": Method(
        label="CAM",
        reference="Zhou et al., CVPR 2016, arXiv 1512.04150",
        summary="What each place adds to or takes from the class's logit; the paper's Figure 7 uses it.",
        signed=True,
        unit="logit",
        closed_form=_cam,
        layers="head",
        linear=True,
    ),
    "gradcam": Method(
        label="GradCAM",
        reference="Selvaraju et al., ICCV 2017, arXiv 1610.02391",
        summary="Channels weighted by the mean gradient of the logit; at the last convolution exactly CAM.",
        signed=True,
        unit="logit",
        closed_form=_cam,
        anywhere=gradients.gradcam,
    ),
    "gradcam++": Method(
        label="GradCAM++",
        reference="Chattopadhay et al., WACV 2018, arXiv 1710.11063",
        summary="Channels that raise the logit, weighted so that several small objects count as one large one.",
        closed_form=_gradcam_plus_plus,
        anywhere=gradients.gradcam_plus_plus,
    ),
    "xgradcam": Method(
        label="XGradCAM",
        reference="Fu et al., BMVC 2020, arXiv 2008.02312",
        summary="Gradients weighted by each channel's share of activation, so that the map sums to the logit.",
        signed=True,
        unit="logit",
        closed_form=_xgradcam,
        anywhere=gradients.xgradcam,
    ),
    "hirescam": Method(
        label="HiResCAM",
        reference="Draelos & Carin, 2020, arXiv 2011.08891",
        summary="Gradient times activation at every cell; at the last convolution exactly CAM.",
        signed=True,
        unit="logit",
        closed_form=_cam,
        anywhere=gradients.hirescam,
    ),
    "layercam": Method(
        label="LayerCAM",
        reference="Jiang et al., IEEE TIP 2021",
        summary="Only what speaks for the class: activations times their positive gradients.",
        unit="logit",
        closed_form=_layercam,
        anywhere=gradients.layercam,
    ),
    "eigencam": Method(
        label="EigenCAM",
        reference="Muhammad & Yeasin, IJCNN 2020, arXiv 2008.00299",
        summary="The direction in which the cells differ most, whatever the class.",
        signed=True,
        closed_form=_eigencam,
        anywhere=gradients.eigencam,
    ),
    "eigengradcam": Method(
        label="EigenGradCAM",
        reference="Gildenblat et al., pytorch-grad-cam, 2021",
        summary="The direction in which the cells' contributions to the class differ most.",
        signed=True,
        closed_form=_eigengradcam,
        anywhere=gradients.eigengradcam,
    ),
    "ablationcam": Method(
        label="AblationCAM",
        reference="Desai & Ramaswamy, WACV 2020",
        summary="Channels weighted by how much of the logit is lost without them.",
        signed=True,
        closed_form=_ablationcam,
        linear=True,
    ),
    "fem": Method(
        label="FEM",
        reference="Fuad et al., IPTA 2020",
        summary="Where channels are unusually active (two standard deviations above their mean), whatever the class.",
        closed_form=_fem,
        anywhere=gradients.fem,
    ),
    "gradcam-elementwise": Method(
        label="GradCAM element-wise",
        reference="Gildenblat et al., pytorch-grad-cam, 2021",
        summary="Every positive product of gradient and activation, added up; nothing cancels.",
        unit="logit",
        closed_form=_gradcam_elementwise,
        anywhere=gradients.gradcam_elementwise,
    ),
    "finercam": Method(
        "FinerCAM",
        "Zhang et al., CVPR 2025, arXiv 2501.11309",
        "What sets the class apart from the three classes most like it: CAM of the differences of their logits.",
        "1",
        True,
        "logit",
        _cam,
        gradients.gradcam,
        score=lead_over_similar,
    ),
    "shapleycam": Method(
        "ShapleyCAM",
        "Cai, 2025, arXiv 2501.06261",
        "GradCAM with its gradients corrected for curvature; at the last convolution there is none, and it is GradCAM.",
        "1",
        True,
        "logit",
        _cam,
        gradients.gradcam,
        curved=True,
    ),
    "kpcacam": Method(
        "KPCA-CAM",
        "Karmani et al., MMSP 2024, arXiv 2410.00267",
        "EigenCAM by way of a kernel: the direction in which the cells differ most, bent; whatever the class.",
        "1",
        True,
        "",
        _kpcacam,
        None,
        "head",
    ),
    "scorecam": Method(
        label="ScoreCAM",
        reference="Wang et al., CVPR Workshops 2020, arXiv 1910.01279",
        summary="Channels weighted by the logit of the photograph seen through each of them; no gradients.",
        passes="1 and one for each channel, 1,280 for B0",
    ),
    "fullgrad": Method(
        label="FullGrad",
        reference="Srinivas & Fleuret, NeurIPS 2019, arXiv 1905.00780",
        summary="Gradients of the input and of every bias of the network, added up; every layer at once, on a fine grid.",
        passes="1 and a backward pass",
        layers="all",
    ),
}


def method_key(name: str) -> str:
    """The name in ``METHODS`` of a method given by its name or label, in any case, as ``"Grad-CAM"``; others are unchanged."""
    spoken = {_letters(word): key for key, entry in METHODS.items() for word in (key, entry.label)}
    return spoken.get(_letters(str(name))) or str(name)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum() or letter == "+")


def method_named(name: str) -> Method:
    """The method of that name.

    Raises:
        ValueError: there is no such method; the message lists the known ones.
    """
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}; choose from {', '.join(METHODS)}")
    return METHODS[name]


def closed_form_of(name: str) -> ClosedForm:
    """The closed form of the method of that name.

    Raises:
        ValueError: there is no such method, or it has no closed form.
    """
    found = method_named(name).closed_form
    if found is None:
        possible = ", ".join(key for key, entry in METHODS.items() if entry.closed_form)
        raise ValueError(f"method {name!r} runs the network for every map; choose from {possible}, or call compare")
    return found


def require_head(name: str, key: str, layers: int) -> None:
    """Refuse a method whose closed form needs a single linear layer for a network whose classifier has several.

    Raises:
        ValueError: the classifier has several layers; the message lists methods that are possible.
    """
    if layers > 1 and METHODS[name].linear:
        possible = ", ".join(other for other, entry in METHODS.items() if entry.closed_form and not entry.linear)
        raise ValueError(
            f"method {name!r} needs a head of one linear layer, and that of {key!r} has {layers}; choose from {possible}"
        )
