"""Does the input look like what a network was trained on? A check without labels, at the network's first convolution.

BatchNorm records the variance that its channels had in training. Photographs that are normalised as in training have about
the same variance; those divided by another standard deviation do not. EfficientNet-Lite has 0.74 of the recorded variance
with its own normalisation and 3.7 times as much with ImageNet's; a network trained with ImageNet's normalisation has 0.11 of
it with Lite's. This checks the standard deviations, and the means hardly.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torchvision.models import EfficientNet

from models.checkpoints.loading import Checkpoint
from models.images import image_tensor, list_images, open_image

MOST = 64  # photographs; more would change only the third digit
LEAST_RATIO, MOST_RATIO = 0.25, 2.0  # right input was measured at 0.53 to 0.76, wrong input at 0.11 and from 3.66 on
DOUBT = "the input does not look like what this network was trained on; is its normalisation another one?"


def stem_variance_ratio(model: EfficientNet, images: Tensor) -> float:
    """Variance after the stem's convolution, divided by the variance that its BatchNorm recorded in training.

    Both are means over channels, because a dead channel has a recorded variance of 0.

    Args:
        model: a trained network.
        images: its input of varied photographs, (N, 3, h, w).
    """
    convolution, batchnorm = model.features[0][0], model.features[0][1]
    with torch.no_grad():
        found = convolution(images).var(dim=(0, 2, 3)).mean()
    recorded = float(batchnorm.running_var.mean())
    return float(found) / recorded if recorded else math.inf


def input_is_doubtful(ratio: float) -> bool:
    """Whether a ratio is far from 1, which is the ratio on training data."""
    return not LEAST_RATIO <= ratio <= MOST_RATIO


def photographs_of(folder: Path, most: int | None = MOST) -> list[Path]:
    """Up to ``most`` photographs spread over a folder, or all of them.

    A PNG beside another photograph of the same name is its mask, and is left out.

    Raises:
        NotADirectoryError: there is no such folder.
        ValueError: it holds no photograph.
    """
    found = list_images(folder)
    others = {path.with_suffix("") for path in found if path.suffix.lower() != ".png"}
    found = [path for path in found if path.suffix.lower() != ".png" or path.with_suffix("") not in others]
    if not found:
        raise ValueError(f"there is no photograph in {folder}; name a folder of varied ones")
    return found[:: math.ceil(len(found) / most)] if most else found


def checked_input(checkpoint: Checkpoint, photographs: Sequence[Path]) -> str:
    """The result of the check on photographs, in words, with a doubt where the ratio is far from 1.

    Raises:
        ImageError: one of them is damaged.
    """
    size, normalisation = checkpoint.scaling.input_size, checkpoint.normalisation
    images = torch.stack([image_tensor(open_image(path), "square", size, normalisation) for path in photographs])
    ratio = stem_variance_ratio(checkpoint.network(), images)
    found = f"{ratio:.2f} of the stem's variance in training, on {len(photographs)} photographs"
    return f"{found}: {DOUBT}" if input_is_doubtful(ratio) else found
