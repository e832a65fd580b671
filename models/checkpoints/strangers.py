"""Name networks that are not scalings of EfficientNet-B0, by the tensors that only they have."""

import re
from collections.abc import Mapping

from torch import Tensor

V2 = "an EfficientNetV2, whose first blocks have full convolutions in place of depthwise ones"
MARKS: tuple[tuple[str, str], ...] = (
    (r"blocks\.0\.0\.conv_exp\.weight", "an EfficientNet-EdgeTPU, whose first blocks have full convolutions"),
    (r"blocks\.0\.0\.conv\.weight", V2),
    (r"blocks\.[0-9]+\.[0-9]+\..*routing_fn\.weight", "an EfficientNet with conditional convolutions (CondConv)"),
    (
        r"blocks\.[0-9]+\.[0-9]+\.aa\..*|blocks\.[0-9]+\.[0-9]+\.conv_s2d.*",
        "an EfficientNet-X or -H, with other blocks",
    ),
    (r"features\.1\.conv\.0\.0\.weight", "a MobileNetV2"),
    (r"layer4\.[0-9]+\.conv2\.weight", "a ResNet"),
    (r"(denseblock4|features\.denseblock4)\..*", "a DenseNet"),
    (r"(patch_embed\.proj|conv_proj|vit\.embeddings\.patch_embeddings\.projection)\.weight", "a vision transformer"),
    (r"features\.0\.0\.layer_scale|features\.1\.0\.layer_scale|stages\.0\.blocks\.0\.gamma", "a ConvNeXt"),
    (r"features\.28\.weight|features\.28\.bias", "a VGG"),
    (r"blocks\.[0-9]+\.[0-9]+\.(conv_exp|conv)\.weight", V2),
)
COMPILED = tuple((re.compile(rf"(.*\.)?({pattern})"), name) for pattern, name in MARKS)
EXPANSION = 6


def other_architecture(tensors: Mapping[str, Tensor]) -> str:
    """The name of a network that is not a scaling of EfficientNet-B0, as far as its tensors show it; empty otherwise.

    Args:
        tensors: under torchvision's names, or under their own where those are not known.
    """
    for pattern, name in COMPILED:
        if any(pattern.fullmatch(tensor) for tensor in tensors):
            return name
    if _kernel(tensors, "features.1.0.block.0.0") and _is_full(tensors["features.1.0.block.0.0.weight"]):
        return V2
    if "features.1.block.0.0.weight" in tensors:
        return "a MobileNetV3"
    if "features.0.0.weight" in tensors and "features.0.1.running_var" not in tensors:
        return "a network without BatchNorm"
    return "a pruned EfficientNet" if _is_pruned(tensors) else ""


def _kernel(tensors: Mapping[str, Tensor], module: str) -> tuple[int, ...] | None:
    weight = tensors.get(f"{module}.weight")
    return tuple(weight.shape) if weight is not None and weight.ndim == 4 else None


def _is_full(weight: Tensor) -> bool:
    return weight.shape[1] > 1 and weight.shape[2] > 1


def _is_pruned(tensors: Mapping[str, Tensor]) -> bool:
    """Whether some block after the first stage does not expand its channels by 6, as in every EfficientNet."""
    shapes = (
        _kernel(tensors, name.removesuffix(".weight"))
        for name in tensors
        if re.fullmatch(r"features\.[2-7]\.[0-9]+\.block\.0\.0\.weight", name)
    )
    return any(shape is not None and shape[0] != EXPANSION * shape[1] for shape in shapes)
