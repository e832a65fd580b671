"""Convert Keras' weights, given by path, to PyTorch's leaf names and order of axes."""

from collections.abc import Mapping

from torch import Tensor

from models.normalisation import IMAGENET, Normalisation

STEM = "stem_conv/kernel"
KERNELS = ("kernel", "depthwise_kernel")
LEAVES = {
    **{"kernel": "weight", "depthwise_kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"},
    **{"moving_mean": "running_mean", "moving_variance": "running_var"},
}


def is_keras(content: object) -> bool:
    """Whether the content has the stem of Keras' EfficientNets, ``stem_conv/kernel`` or ``stem_conv/kernel:0``."""
    return isinstance(content, Mapping) and any(str(name).partition(":")[0].endswith(STEM) for name in content)


def from_keras(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict with modules named as Keras names layers: ``block1a_dwconv.weight``.

    Weights of the preprocessing layers at the input are left out: they are part of the normalisation.
    """
    tensors = {}
    for path, tensor in weights.items():
        layer, _, leaf = str(path).partition(":")[0].rpartition("/")
        layer = layer.rpartition("/")[2]
        if leaf not in LEAVES or not isinstance(tensor, Tensor):
            continue
        if leaf in KERNELS and tensor.ndim == 4:
            tensor = tensor.permute(2, 3, 0, 1) if layer.endswith("dwconv") else tensor.permute(3, 2, 0, 1)
        elif leaf == "kernel" and tensor.ndim == 2:
            tensor = tensor.T
        tensors[f"{layer}.{LEAVES[leaf]}"] = tensor
    return tensors


def keras_normalisation(content: object) -> Normalisation | None:
    """What the layers at the input do to pixels in [0, 1], according to their weights; None for files that are not Keras'.

    Keras' own ImageNet weights store ImageNet's standard deviations as variances, and divide by their roots a second time in
    a layer without weights: together that divides by the standard deviations.
    """
    if not is_keras(content):
        return None
    kept = {str(path).partition(":")[0].rpartition("normalization/")[2]: value for path, value in content.items()}  # type: ignore[attr-defined]
    mean, variance = kept.get("mean"), kept.get("variance")
    if not all(isinstance(value, Tensor) and value.numel() == 3 for value in (mean, variance)):
        return None
    means, variances = ([round(float(number), 6) for number in value.flatten()] for value in (mean, variance))  # type: ignore[union-attr]
    if tuple(variances) == IMAGENET.std:
        return Normalisation(tuple(means), IMAGENET.std)  # type: ignore[arg-type]
    return Normalisation(tuple(means), tuple(number**0.5 for number in variances))  # type: ignore[arg-type]
