"""A loaded network, ready to run: weights, classes, device and input."""

import copy
import hashlib
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Self

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import EfficientNet

from models.classifier import Score, class_weights, hidden_widths, logit_of, only_linear_layer
from models.costs import network_cost
from models.efficientnet import cell_centres, layer_index, receptive_field
from models.engine import ONNX_RUNTIME, Engine, chosen_engine
from models.images import image_tensor
from models.in_memory import Original, checkpoint_of
from models.normalisation import Normalisation
from models.other_rows import OtherRows
from models.out_of_class import ScoreScale
from models.outputs import agreed_outputs
from models.placement import NOMINAL, Placement
from models.precision import strict
from models.scaling import Scaling, family_named


class Network:
    """One variant's network on one device. Safe to share between threads: running it changes nothing.

    Attributes:
        model: plain float32 ``nn.Module`` in eval mode, unfolded, gradients allowed.
        categories: class names, in the order of the logits.
        label: what the variant is called on screen.
        provenance: where the weights come from, in one sentence.
        note: a caveat to show with every map, "" where there is none.
        normalisation: how pixels are normalised for its weights; by default the family's.
        placement: how far from their nominal centres the cells of its last map look; by default not at all.
        outputs: how its logits are read: by default as ``"softmax"``, a single one as ``"sigmoid"``.
        score_scale: what tells photographs that show none of its classes; None where that was not measured.
        other_rows: of its checkpoint's classifier, beside those of its classes; None where there are none.
        engine: what runs its forward passes, one of ``ENGINES``; see ``models.engine``.
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
        normalisation: Normalisation | None = None,
        placement: Placement = NOMINAL,
        outputs: str | None = None,
        score_scale: ScoreScale | None = None,
        other_rows: OtherRows | None = None,
        device: str | torch.device = "auto",
    ):
        self.device = choose_device(device)
        self.engine = chosen_engine(self.device)
        self.model = model.float().eval().to(self.device)
        self.scaling, self.family, self.categories = scaling, family, categories
        self.label, self.provenance, self.note = label, provenance, note
        self.normalisation = normalisation or family_named(family).normalisation
        self.placement, self.outputs = placement, agreed_outputs(outputs, len(categories))
        self.score_scale = score_scale
        self.other_rows = other_rows.to(self.device) if other_rows else None
        self._cost = network_cost(scaling, len(categories), family, hidden_widths(model.classifier))
        self._engine = Engine(self.model, scaling.input_size)
        self._original: Original | None = None
        self._centres: dict[int, list[float]] = {}  # index of the layer -> its cells' centres

    @classmethod
    def from_model(
        cls,
        model: nn.Module,
        categories: Sequence[str] | None = None,
        *,
        label: str = "Model",
        family: str | None = None,
        resolution: int | None = None,
        normalisation: Normalisation | None = None,
        outputs: str | None = None,
        provenance: str = "a network in memory",
        device: str | torch.device = "auto",
    ) -> Self:
        """Make a network of a torchvision or timm model in memory, once both are found to compute the same logits.

        The weights are copied; the model's mode, device, hooks and gradients stay as they are. When the model's weights
        change afterwards, ``features``, ``split`` and ``compare`` raise an error instead of showing maps of the old ones.

        Args:
            model: an EfficientNet.
            categories: class names in the order of the logits; by default ``"class 0"`` and so on.
            family: by default the family that computes the model's logits.
            resolution: side of the input in pixels; by default as timm says, else the released network's.
            normalisation: by default as timm says, else the family's.
            label, provenance, outputs, device: as for the class.

        Raises:
            TypeError: ``model`` is not an ``nn.Module``.
            ValueError: it is not an EfficientNet, or not the one that was described; or there is no such device.
        """
        checkpoint = checkpoint_of(model, family, normalisation, resolution)
        found = cls(
            checkpoint.network(),
            scaling=checkpoint.run_scaling,
            family=checkpoint.family,
            categories=_class_names(categories, checkpoint.num_classes),
            label=label,
            provenance=provenance,
            note="; ".join(checkpoint.notes),
            normalisation=checkpoint.normalisation,
            outputs=outputs,
            device=device,
        )
        found._original = Original(model)
        return found

    def require_unchanged(self) -> None:
        """Refuse to run when the network was made from a model whose weights have changed since; every byte is compared.

        Raises:
            ValueError: the weights have changed.
        """
        if self._original:
            self._original.check(thoroughly=True)

    @property
    def classifier(self) -> nn.Linear:
        """The linear layer after pooling, (K, C).

        Raises:
            ValueError: the classifier has several.
        """
        return only_linear_layer(self.model.classifier)

    @property
    def head(self) -> nn.Module:
        """The classifier, from pooled features (N, C) to logits (N, K), with one linear layer or several."""
        return self.model.classifier

    def class_weights(self, features: Tensor, class_idx: Tensor, score: Score = logit_of) -> Tensor:
        """Weight of each channel for each image's class, (N, C), from features (N, C, h, w) and classes int64 (N,)."""
        with strict(self.device):
            return class_weights(self.head, features, class_idx, score)

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
        """sha256 of everything that determines maps: tensors, family, input size, normalisation, measured placement."""
        offset = () if self.placement == NOMINAL else self.cell_offset()
        numbers = (*self.normalisation.mean, *self.normalisation.std, *offset)
        digest = hashlib.sha256(f"{self.family} {self.scaling.input_size} {numbers}".encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def cell_centres(self, layer: str = "head") -> list[float]:
        """Nominal input pixel, along either axis, at which each cell of a layer looks; ``"head"`` is the last map.

        Raises:
            ValueError: there is no such layer.
        """
        index = layer_index(layer)
        if index not in self._centres:
            self._centres[index] = cell_centres(self.model.features[: index + 1], self.scaling.input_size)
        return list(self._centres[index])

    def cell_offset(self, layer: str = "head") -> tuple[float, float]:
        """Input pixels to the right and down from a layer's nominal centres to where its cells look.

        Only the last map's offset is measured. Earlier layers lean less, by an unknown amount, and get 0.
        """
        return (self.placement.right, self.placement.down) if layer == "head" else (0.0, 0.0)

    @cached_property
    def receptive_field(self) -> int:
        """Pixels of the input along one axis that a cell of the last map can depend on; often more than the input has."""
        return receptive_field(self.model.features)

    def transform(self, image: Image.Image, view: str = "square") -> Tensor:
        """The network's input: the view of an RGB image, normalised, float32 (3, r, r)."""
        return image_tensor(image, view, self.scaling.input_size, self.normalisation)

    def features(self, images: Tensor) -> Tensor:
        """Activations entering global average pooling, without gradients, float32 (N, C, h, w) on the network's device.

        On a CPU, ONNX Runtime runs the network where it is installed and the images have the network's resolution, or twice
        that, as a mosaic of four has. Otherwise PyTorch runs an inference copy with BatchNorm folded into the convolutions and
        channels last; on CUDA the body runs in float16 and the last convolution in float32.

        Args:
            images: float32 (N, 3, r, r) on any device.
        """
        if self.engine == ONNX_RUNTIME and self._engine.takes(images):
            self._require_original()
            return self._engine.features(images)
        body, head = self._parts()
        images = images.to(self.device, torch.float32).contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), strict(self.device):
            if self.device.type == "cuda":
                body, images = self._half_body, images.half()
            return head(body(images).float())

    def logits(self, features: Tensor) -> Tensor:
        """Logits of activations entering global average pooling (N, C, h, w): float32 (N, K), without gradients."""
        with torch.no_grad(), strict(self.device):
            return self.head(features.mean(dim=(2, 3)))

    def split(self, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
        """The inference copy in two: from images (N, 3, r, r) to a layer's output, and from there to the logits (N, K).

        Both are float32 in eval mode and share their tensors with the copy. For gradients, detach the layer's output and
        call ``torch.autograd.grad`` for it: the network does not change, no hook is needed, and threads do not interfere.

        Args:
            layer: ``"stage 1"`` to ``"stage 7"`` or ``"head"``.

        Raises:
            ValueError: there is no such layer.
        """
        body, head = self._parts()
        parts, end = [*body, head], layer_index(layer) + 1
        pooling = [nn.AdaptiveAvgPool2d(1), nn.Flatten(1), self.head]
        return nn.Sequential(*parts[:end]), nn.Sequential(*parts[end:], *pooling)

    def _parts(self) -> tuple[nn.Sequential, nn.Module]:
        self._require_original()
        return self._inference_copy

    def _require_original(self) -> None:
        if self._original:
            self._original.check()

    @cached_property
    def _inference_copy(self) -> tuple[nn.Sequential, nn.Module]:
        features = folded(self.model.features).to(memory_format=torch.channels_last)
        return features[:-1], features[-1]

    @cached_property
    def _half_body(self) -> nn.Sequential:
        """The body in float16, converted once; autocast would convert every weight in every pass."""
        return copy.deepcopy(self._inference_copy[0]).half()


def _class_names(given: Sequence[str] | None, count: int) -> list[str]:
    names = list(given or (f"class {index}" for index in range(count)))
    if len(names) != count:
        raise ValueError(f"{len(names)} categories for a model of {count} outputs; give one name for each")
    return names


def folded(features: nn.Sequential) -> nn.Sequential:
    """A copy of ``features`` without hooks, with each BatchNorm folded into its convolution."""
    features = copy.deepcopy(features).eval().requires_grad_(False)
    for block in list(features.modules()):
        for hooks in (block._forward_hooks, block._forward_pre_hooks, block._backward_hooks):
            hooks.clear()
        children = list(block.named_children()) if isinstance(block, nn.Sequential) else []
        for (name, layer), (norm_name, norm) in pairwise(children):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(layer, norm))
                setattr(block, norm_name, nn.Identity())
    return features


DEVICES = "auto, cpu, cuda, cuda:1 or mps (default: auto)"  # for help texts


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


def device_name(device: str | torch.device = "auto") -> str:
    """The canonical name of a device: ``"auto"``, ``"cuda"`` and ``"cuda:0"`` may be the same one.

    Raises:
        ValueError: as ``choose_device``.
    """
    chosen = choose_device(device)
    return "cuda:0" if chosen == torch.device("cuda") else str(chosen)
