"""What the benchmark times: our maps, the same maps by grad-cam and torch-cam as their users call them, bare forward passes.

Everything timed is a function without arguments that starts from the same float images on the device.
"""

import contextlib
import copy
import importlib.util
import io
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cam.maps.closed_forms import resample
from cam.maps.layers import centres_at, chosen_layers, run_maps
from cam.maps.methods import METHODS
from models.engine import PYTORCH
from models.network import Network, folded

Timed = Callable[[], Any]

GRAD_CAM = {
    "gradcam": "GradCAM",
    "gradcam++": "GradCAMPlusPlus",
    "xgradcam": "XGradCAM",
    "hirescam": "HiResCAM",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
    "eigengradcam": "EigenGradCAM",
    "ablationcam": "AblationCAM",
    "fem": "FEM",
    "gradcam-elementwise": "GradCAMElementWise",
    "scorecam": "ScoreCAM",
    "fullgrad": "FullGrad",
}
TORCH_CAM = {
    "cam": "CAM",
    "gradcam": "GradCAM",
    "gradcam++": "GradCAMpp",
    "xgradcam": "XGradCAM",
    "layercam": "LayerCAM",
    "scorecam": "ScoreCAM",
}
PEERS = {"pytorch_grad_cam": "grad-cam", "torchcam": "torchcam"}  # module -> package on PyPI


def missing_peers() -> list[str]:
    """One sentence for each library that is not installed."""
    return [
        f"{package} is not installed, so its rows are missing; pip install {package} adds them"
        for module, package in PEERS.items()
        if importlib.util.find_spec(module) is None
    ]


def plain_copy(network: Network) -> nn.Module:
    """The network as users of other libraries have it: float32, contiguous, not folded, gradients allowed."""
    return copy.deepcopy(network.model).to(memory_format=torch.contiguous_format).requires_grad_(True)


def forward_passes(network: Network, plain: nn.Module, images: Tensor) -> dict[str, Timed]:
    """From float images to logits: by the plain network, by the fastest engine here, and by PyTorch where that is another."""
    found = {"forward, plain": _forward(plain, images), "forward, fastest": lambda: _fast_logits(network, images)}
    if network.engine != PYTORCH:
        other = by_pytorch(network)
        found["forward, PyTorch"] = lambda: _fast_logits(other, images)
    return found


def by_pytorch(network: Network) -> Network:
    """The same network, sharing its weights, with forward passes by PyTorch."""
    other = copy.copy(network)
    other.engine = PYTORCH
    return other


def _forward(network: nn.Module, images: Tensor) -> Timed:
    def run() -> Tensor:
        with torch.inference_mode():
            return network(images)

    return run


def _fast_logits(network: Network, images: Tensor) -> Tensor:
    return network.logits(network.features(images))


def our_maps(network: Network, images: Tensor, class_idx: Tensor, method: str) -> dict[str, Timed]:
    """From float images to raw maps, and to maps drawn at the size of the images."""
    closed_form = METHODS[method].closed_form
    weight = network.classifier.weight.detach()

    def raw() -> Any:
        if closed_form is None:
            return run_maps(network, images, class_idx.cpu().numpy(), method, chosen_layers(None, method))
        with torch.no_grad():
            features = network.features(images)
            logits = network.logits(features).gather(1, class_idx[:, None])[:, 0]
            return closed_form(features, weight[class_idx], logits)

    def drawn() -> Any:
        maps, side = raw(), images.shape[-1]
        centres = centres_at(network, chosen_layers(None, method))
        return resample(maps.cpu().numpy() if isinstance(maps, Tensor) else maps, centres, side, side)

    return {f"{method}, raw": raw, f"{method}, drawn": drawn}


def grad_cams_maps(plain: nn.Module, images: Tensor, class_idx: Sequence[int], method: str) -> dict[str, Timed]:
    """grad-cam's whole call, including hooks and drawing; empty where the library or the method is missing."""
    try:
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError:
        return {}
    if method not in GRAD_CAM:
        return {}

    kind = getattr(pytorch_grad_cam, GRAD_CAM[method])
    layers = [] if method == "fullgrad" else [plain.features[-1]]  # type: ignore[index, union-attr]

    def run() -> Any:
        quiet = contextlib.redirect_stderr(io.StringIO())  # its progress bars
        with quiet, kind(model=plain, target_layers=layers) as cam:
            return cam(input_tensor=images, targets=[ClassifierOutputTarget(one) for one in class_idx])

    return {f"{method}, grad-cam": run}


def torch_cams_maps(plain: nn.Module, images: Tensor, class_idx: Sequence[int], method: str) -> dict[str, Timed]:
    """torch-cam's call, whose maps stay at the size of the grid; empty where the library or the method is missing."""
    try:
        import torchcam.methods
    except ImportError:
        return {}
    if method not in TORCH_CAM:
        return {}
    kind = getattr(torchcam.methods, TORCH_CAM[method])
    more = {"fc_layer": "classifier.1"} if method == "cam" else {}

    def run() -> Any:
        with kind(plain, target_layer="features.8", **more) as extractor:
            logits = plain(images)
            return extractor(list(class_idx), logits)

    return {f"{method}, torch-cam": run}


def closed_forms(network: Network, images: Tensor, class_idx: Tensor) -> dict[str, Timed]:
    """Every closed form on features that are already computed, beside the pass that computes them."""
    features, weights = network.features(images), network.classifier.weight.detach()[class_idx]
    logits = _fast_logits(network, images).gather(1, class_idx[:, None])[:, 0]

    def on_features(name: str) -> Timed:
        closed_form = METHODS[name].closed_form
        assert closed_form is not None
        return lambda: closed_form(features, weights, logits)

    names = [name for name, method in METHODS.items() if method.closed_form]
    return {"forward, fastest": lambda: _fast_logits(network, images)} | {name: on_features(name) for name in names}


def techniques(network: Network, plain: nn.Module, images: Tensor, compiled: bool) -> dict[str, Timed]:
    """The same forward pass with one technique after another that could make it faster."""
    classifier = [nn.AdaptiveAvgPool2d(1), nn.Flatten(1), network.classifier]
    contiguous = nn.Sequential(folded(network.model.features), *classifier)
    last = copy.deepcopy(contiguous).to(memory_format=torch.channels_last)
    plain_last = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    turned = images.contiguous(memory_format=torch.channels_last)
    found = {
        "plain": _forward(plain, images),
        "channels last": _forward(plain_last, turned),
        "folded": _forward(contiguous, images),
        "folded, channels last": _forward(last, turned),
        "folded, channels last, one thread": _on_one_thread(_forward(last, turned)),
    }
    if images.device.type == "cuda":
        found["folded, channels last, float16 body"] = lambda: _fast_logits(network, images)
    if compiled:
        found["folded, channels last, compiled"] = _forward(torch.compile(last), turned)  # type: ignore[arg-type]
    return found


def _on_one_thread(run: Timed) -> Timed:
    def limited() -> Any:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return run()
        finally:
            torch.set_num_threads(threads)

    return limited
