"""Augment a whole batch at once, each image in its own way, on the device that holds it.

Everything random is given as a row of uniform numbers per image, so that the same row makes the same image wherever and
whenever it is computed. One affine resampling does crop, flip, rotation and shear; a change of colour follows. With the
policy ``trivial`` each image gets one operation in the manner of TrivialAugment, at a random strength.

References:
    Müller & Hutter, TrivialAugment, ICCV 2021, https://arxiv.org/abs/2103.10158 (one operation, uniform strength).
    Zhang et al., mixup, ICLR 2018, https://arxiv.org/abs/1710.09412
    Yun et al., CutMix, ICCV 2019, https://arxiv.org/abs/1905.04899
"""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.images import normalised
from models.normalisation import Normalisation
from models.training.recipe import Recipe

AREA, STRETCH, NATIVE, ROW, COLUMN, FLIP, CHOICE, STRENGTH, SIGN, ERASE, ERASE_AREA, ERASE_ROW, ERASE_COLUMN = range(13)
NUMBERS = 13  # uniform numbers that one image needs
GEOMETRY = ("identity", "rotate", "shear rows", "shear columns")


def augment(
    pixels: Tensor, aspects: Tensor, numbers: Tensor, resolution: int, recipe: Recipe, normalisation: Normalisation
) -> Tensor:
    """Crop, flip, recolour and erase.

    Args:
        pixels: squashed photographs, uint8 (N, 3, s, s), on any device.
        aspects: width divided by height of the photographs before squashing, (N,), on the CPU.
        numbers: uniform in [0, 1), (N, ``NUMBERS``), on the CPU.
        resolution: side of the result in pixels.
        recipe: its ``crop_area``, ``aspect``, ``native``, ``policy`` and ``erase`` are used.
        normalisation: of the network that is trained.

    Returns:
        Normalised images, (N, 3, resolution, resolution), on the device of ``pixels``.
    """
    operations = (*GEOMETRY, *COLOUR) if recipe.policy == "trivial" else ("identity",)
    chosen = (numbers[:, CHOICE] * len(operations)).long()
    matrices = crop_matrices(aspects, numbers, recipe) @ _turns(chosen, numbers)
    grid = F.affine_grid(
        matrices[:, :2].to(pixels.device), [len(pixels), 3, resolution, resolution], align_corners=False
    )
    images = F.grid_sample(pixels.float() / 255, grid, padding_mode="reflection", align_corners=False).clamp(0, 1)
    for index in range(len(GEOMETRY), len(operations)):
        rows = (chosen == index).nonzero()[:, 0]
        if len(rows):
            strength = _signed(numbers[rows]).view(-1, 1, 1, 1).to(images.device)
            where = rows.to(images.device)
            images[where] = COLOUR[operations[index]](images[where], strength)
    images = normalised(images, normalisation).contiguous(memory_format=torch.channels_last)
    return erased(images, numbers, recipe.erase)


def crop_matrices(aspects: Tensor, numbers: Tensor, recipe: Recipe) -> Tensor:
    """Affine maps (N, 3, 3) of random crops with random flips, from output to input coordinates, both in [-1, 1]."""
    area = recipe.crop_area + numbers[:, AREA] * (1 - recipe.crop_area)
    ratio = torch.exp((2 * numbers[:, STRETCH] - 1) * math.log(recipe.aspect))
    ratio = torch.where(
        numbers[:, NATIVE] < recipe.native, ratio / aspects, ratio
    )  # width divided by height, both as fractions of the image's
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    matrices = torch.zeros(len(numbers), 3, 3)
    matrices[:, 0, 0] = torch.where(numbers[:, FLIP] < 0.5, -width, width)
    matrices[:, 1, 1] = height
    matrices[:, 0, 2] = (2 * numbers[:, COLUMN] - 1) * (1 - width)
    matrices[:, 1, 2] = (2 * numbers[:, ROW] - 1) * (1 - height)
    matrices[:, 2, 2] = 1
    return matrices


def _signed(numbers: Tensor) -> Tensor:
    """Strength in (-1, 1), uniform in magnitude and sign."""
    return torch.where(numbers[:, SIGN] < 0.5, -numbers[:, STRENGTH], numbers[:, STRENGTH])


def _turns(chosen: Tensor, numbers: Tensor) -> Tensor:
    """Affine maps (N, 3, 3) of rotations up to 30 degrees and shears up to 0.3; the identity for everything else."""
    strength = _signed(numbers)
    angle, matrices = strength * math.radians(30), torch.eye(3).repeat(len(numbers), 1, 1)
    rotate = chosen == GEOMETRY.index("rotate")
    matrices[rotate, 0, 0] = matrices[rotate, 1, 1] = angle[rotate].cos()
    matrices[rotate, 0, 1], matrices[rotate, 1, 0] = -angle[rotate].sin(), angle[rotate].sin()
    for name, (row, column) in {"shear rows": (1, 0), "shear columns": (0, 1)}.items():
        shear = chosen == GEOMETRY.index(name)
        matrices[shear, row, column] = 0.3 * strength[shear]
    return matrices


def _grey(images: Tensor) -> Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def _blend(reference: Callable[[Tensor], Tensor | float]) -> Callable[[Tensor, Tensor], Tensor]:
    """An operation that moves images away from a reference (strength above 0) or towards it (below 0), by up to 90 %."""

    def apply(images: Tensor, strength: Tensor) -> Tensor:
        base = reference(images)
        return (base + (1 + 0.9 * strength) * (images - base)).clamp(0, 1)

    return apply


def _blurred(images: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)


def _posterize(images: Tensor, strength: Tensor) -> Tensor:
    levels = 2 ** (8 - (6 * strength.abs()).round())
    return (images * levels).floor().clamp(max=levels - 1) / (levels - 1)


def _solarize(images: Tensor, strength: Tensor) -> Tensor:
    return torch.where(images >= 1 - strength.abs(), 1 - images, images)


def _autocontrast(images: Tensor, strength: Tensor) -> Tensor:
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    return (images - low) / (high - low).clamp(min=1 / 255)


COLOUR: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "brightness": _blend(lambda images: 0.0),
    "contrast": _blend(lambda images: _grey(images).mean((2, 3), keepdim=True)),
    "saturation": _blend(_grey),
    "sharpness": _blend(_blurred),
    "posterize": _posterize,
    "solarize": _solarize,
    "autocontrast": _autocontrast,
}


def erased(images: Tensor, numbers: Tensor, probability: float) -> Tensor:
    """Paint a square of 2 to 20 % of the area of some images in the normalisation's mean colour, which is 0 when normalised."""
    side = (0.02 + 0.18 * numbers[:, ERASE_AREA]).sqrt() * (numbers[:, ERASE] < probability)
    inside = torch.ones(len(numbers), 1, 1, dtype=torch.bool)
    for axis, (column, shape) in enumerate(
        ((ERASE_ROW, (-1, images.shape[2], 1)), (ERASE_COLUMN, (-1, 1, images.shape[3])))
    ):
        start = numbers[:, column] * (1 - side)
        place = ((torch.arange(images.shape[2 + axis]) + 0.5) / images.shape[2 + axis])[None]
        inside = inside & ((place >= start[:, None]) & (place < (start + side)[:, None])).view(shape)
    return images.masked_fill(inside[:, None].to(images.device), 0)


def mix(images: Tensor, labels: Tensor, recipe: Recipe, random: np.random.Generator) -> tuple[Tensor, Tensor, float]:
    """Mixup or CutMix each image with its neighbour in the batch.

    Returns:
        Images, the labels of the neighbours, and the fraction of each image that is still its own.
    """
    kinds = [kind for kind, alpha in (("mixup", recipe.mixup), ("cutmix", recipe.cutmix)) if alpha > 0]
    if not kinds or random.random() >= recipe.mix_probability:
        return images, labels, 1.0
    kind = kinds[int(random.random() * len(kinds))]
    own = float(random.beta(*[getattr(recipe, kind)] * 2))
    others = images.roll(1, 0)
    if kind == "mixup":
        return own * images + (1 - own) * others, labels.roll(1, 0), own
    height, width = images.shape[-2:]
    side = math.sqrt(1 - own)
    box_height, box_width = round(height * side), round(width * side)
    top, left = int(random.random() * (height - box_height + 1)), int(random.random() * (width - box_width + 1))
    images = images.clone()
    images[:, :, top : top + box_height, left : left + box_width] = others[
        :, :, top : top + box_height, left : left + box_width
    ]
    return images, labels.roll(1, 0), 1 - box_height * box_width / (height * width)
