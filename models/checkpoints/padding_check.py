"""Which of two families fits a network's weights: a check without labels, where names and tensors do not tell.

BatchNorm records the mean and variance that each channel had in training. Photographs give about the same values where every
layer before it pads and adds eps as in training, and other values where one does not.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn

from models.home import SAMPLES
from models.images import image_tensor, list_images, open_image
from models.normalisation import Normalisation

PHOTOGRAPHS = 8
LEAST_ADVANTAGE = 1.1  # least ratio of the other family's misfit to the better one's for a decision


def misfit(model: nn.Module, images: Tensor) -> float:
    """Mean over the BatchNorms of the median divergence of a channel's statistics from those recorded in training.

    The Kullback-Leibler divergence between two normal distributions: that of the channel on the images, and that recorded in
    training. It is 0 where both are equal.

    Args:
        model: in eval mode, with BatchNorm unfolded.
        images: its input of varied photographs, (N, 3, h, w).
    """
    found: list[Tensor] = []

    def note(layer: nn.Module, inputs: tuple[Tensor]) -> None:
        var, mean = torch.var_mean(inputs[0].double(), dim=(0, 2, 3), correction=0)
        expected = layer.running_var.double() + 1e-12  # type: ignore[operator, union-attr]
        ratio = (var + 1e-12) / expected
        away = (mean - layer.running_mean.double()) ** 2 / expected  # type: ignore[operator, union-attr]
        found.append(((ratio - 1 - ratio.log() + away) / 2).median())

    hooks = [m.register_forward_pre_hook(note) for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return float(torch.stack(found).mean())


def better(misfits: dict[str, float]) -> str | None:
    """The family with the smallest misfit; None where the second is not clearly worse, or misfits are NaN."""
    ranked = sorted(misfits.items(), key=lambda item: item[1])
    (first, least), (_, second) = ranked[:2]
    return first if second > LEAST_ADVANTAGE * least else None


@lru_cache(maxsize=4)
def sample_images(size: int, normalisation: Normalisation) -> Tensor:
    """Some of the sample photographs as a network's input, (n, 3, size, size)."""
    paths = [path for path in list_images(SAMPLES) if path.suffix == ".jpg"][:PHOTOGRAPHS]
    return torch.stack([image_tensor(open_image(path), "square", size, normalisation) for path in paths])
