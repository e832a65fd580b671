"""A loaded network, ready to run: weights, classes, the device, and what it takes in."""

import copy
import hashlib
from functools import cached_property
from itertools import pairwise

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import EfficientNet

from models.costs import network_cost
from models.efficientnet import cell_centres, layer_index
from models.images import image_tensor
from models.scaling import Scaling


class Network:
    """One variant's network on one device. Safe to share between threads: running it changes nothing.

    Attributes:
        model: plain float32 ``nn.Module`` in eval mode, unfolded, gradients allowed.
        categories: class names, in the order of the logits.
        label: what the variant is called on screen.
        provenance: where the weights come from, in one sentence.
        note: a caveat to show with every map, "" where there is none.
    """

    def __init__(
        self,
        model: EfficientNet,
        *,
        scaling: Scaling,
        family: str,
        categories: list[str],
        label: str,
        provenance: str = "",
        note: str = "",
        device: str | torch.device = "auto",
    ):
        self.device = choose_device(device)
        self.model = model.float().eval().to(self.device)
        self.scaling, self.family, self.categories = scaling, family, categories
        self.label, self.provenance, self.note = label, provenance, note
        self._cost = network_cost(scaling, len(categories), family)
        self._centres: dict[int, list[float]] = {}  # index of the layer -> its cells' centres

    @property
    def classifier(self) -> nn.Linear:
        """The linear layer after pooling, (K, C)."""
        return self.model.classifier[-1]

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return self._cost.params

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and linear layers for one image."""
        return self._cost.macs

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of everything that determines the output: tensors, family, input size."""
        digest = hashlib.sha256(f"{self.family} {self.scaling.input_size}".encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def cell_centres(self, layer: str = "head") -> list[float]:
        """Input pixel, along one axis, at which each cell of a layer looks: the last map's, or those of ``"stage 5"``.

        Raises:
            ValueError: there is no such layer.
        """
        index = layer_index(layer)
        if index not in self._centres:
            self._centres[index] = cell_centres(self.model.features[: index + 1], self.scaling.input_size)
        return list(self._centres[index])

    def transform(self, image: Image.Image, view: str = "square") -> Tensor:
        """What the network takes in: the view of an RGB image, normalised, float32 (3, r, r)."""
        return image_tensor(image, view, self.scaling.input_size)

    def features(self, images: Tensor) -> Tensor:
        """Activations entering global average pooling, without gradients, float32 (N, C, h, w) on the network's device.

        Runs an inference copy with BatchNorm folded into the convolutions and channels last; on CUDA the body runs
        in float16 and the last convolution in float32.

        Args:
            images: float32 (N, 3, r, r) on any device.
        """
        body, head = self._inference_copy
        images = images.to(self.device, torch.float32).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            with torch.autocast(self.device.type, torch.float16, enabled=self.device.type == "cuda"):
                images = body(images)
            return head(images.float())

    def split(self, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
        """The inference copy in two: from images (N, 3, r, r) to a layer's output, and from there to the logits (N, K).

        Both are float32 in eval mode and share their tensors with the copy. For gradients, detach the layer's output and
        ask ``torch.autograd.grad`` for those of it: nothing of the network changes, no hook is needed, and threads do not
        meet.

        Args:
            layer: ``"stage 1"`` to ``"stage 7"`` or ``"head"``.

        Raises:
            ValueError: there is no such layer.
        """
        body, head = self._inference_copy
        parts, end = [*body, head], layer_index(layer) + 1
        pooling = [nn.AdaptiveAvgPool2d(1), nn.Flatten(1), self.classifier]
        return nn.Sequential(*parts[:end]), nn.Sequential(*parts[end:], *pooling)

    @cached_property
    def _inference_copy(self) -> tuple[nn.Sequential, nn.Module]:
        features = folded(self.model.features).to(memory_format=torch.channels_last)
        return features[:-1], features[-1]


def folded(features: nn.Sequential) -> nn.Sequential:
    """A copy of convolutions, BatchNorms and activations in which every BatchNorm is folded into its convolution."""
    features = copy.deepcopy(features).eval().requires_grad_(False)
    for block in list(features.modules()):
        children = list(block.named_children()) if isinstance(block, nn.Sequential) else []
        for (name, layer), (norm_name, norm) in pairwise(children):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(layer, norm))
                setattr(block, norm_name, nn.Identity())
    return features


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """The device of that name; ``"auto"`` takes CUDA, then MPS, then the CPU.

    Raises:
        ValueError: the name is unknown or this machine has no such device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if str(device) == "auto":
        return torch.device(next(name for name in available if available[name]))
    try:
        chosen = torch.device(device)
    except RuntimeError:
        chosen = None
    if chosen is None or chosen.type not in available:
        raise ValueError(f"unknown device {str(device)!r}; choose auto, cpu, cuda, cuda:0 or mps")
    count = torch.cuda.device_count() if chosen.type == "cuda" else 1
    if not available[chosen.type] or (chosen.index or 0) >= count:
        present = ", ".join(name for name in available if available[name])
        raise ValueError(f"this machine has no device {str(device)!r}; it has {present}")
    return chosen
