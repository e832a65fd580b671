"""Stems for pictures other than RGB: those for grey pictures are converted exactly, others are refused."""

from collections.abc import Mapping

import torch
from torch import Tensor

from models.checkpoints.weight_files import CheckpointError

STEM = "features.0.0.weight"
LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue in grey, ITU-R BT.601, as in Pillow's mode L
GREY = "its stem takes one channel: it sees the picture in grey"


def rgb_stem(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The same tensors with a stem that takes RGB pictures, and a sentence where the stem was changed.

    A convolution of a grey picture is a convolution of the RGB picture whose weights are multiplied by the weights of the
    colours in grey: the same function, as long as the three channels are normalised alike.

    Raises:
        CheckpointError: the stem takes neither one nor three channels.
    """
    stem = tensors.get(STEM)
    if stem is None or stem.ndim != 4 or stem.shape[1] == 3:
        return dict(tensors), ""
    if stem.shape[1] != 1:
        raise CheckpointError(
            f"its stem takes {stem.shape[1]} channels; expected a network of pictures with 3 channels (RGB) or 1 (grey)"
        )
    exact = stem.double() if stem.is_floating_point() else stem
    shares = torch.tensor(LUMA, dtype=exact.dtype).view(1, 3, 1, 1)
    return {**tensors, STEM: (exact * shares).to(torch.promote_types(stem.dtype, torch.float32))}, GREY
