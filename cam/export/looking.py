"""A batch of photographs through every network: always the same number of images, so that the same image gives the same bits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from PIL import Image

from cam import Comparison, compare
from cam.export.items import printable_path
from cam.export.keys import LABEL, Settings
from cam.export.reading import Photograph
from cam.targets import Target
from models.network import Network


def look(
    batch: Sequence[Photograph], networks: Mapping[str, Network], settings: Settings, size: int
) -> list[Comparison] | None:
    """A comparison of each photograph, without features; None where the device's memory is too small for ``size`` images.

    The batch is filled up with blank images. What a convolution makes of one image does not depend on the others in its
    batch nor on its place there, but on the size of the batch and the number of threads.

    Raises:
        ValueError: there are no such maps, or some are not finite.
    """
    try:
        return _look(batch, networks, settings, size)
    except (torch.OutOfMemoryError, MemoryError):
        pass  # the traceback, which holds the tensors, goes with the handler
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None


def _look(
    batch: Sequence[Photograph], networks: Mapping[str, Network], settings: Settings, size: int
) -> list[Comparison]:
    blank = [Image.new("RGB", (32, 32))] * (size - len(batch))
    pictures = [photograph.picture for photograph in batch] + blank
    target: Target = settings.target
    if target == LABEL:
        target = [photograph.class_idx or 0 for photograph in batch] + [0] * len(blank)
    compared = compare(
        networks, pictures, settings.method, target, settings.view, size, settings.layer or None, settings.flip
    )
    return [_alone(compared, place, photograph) for place, photograph in enumerate(batch)]


def _alone(compared: Comparison, place: int, photograph: Photograph) -> Comparison:
    """One image of a comparison."""
    kinds = ("maps", "logits", "class_idx", "against_idx")
    row = slice(place, place + 1)
    found: dict[str, Any] = {
        kind: {key: values[row].copy() for key, values in getattr(compared, kind).items()}
        for kind in kinds
        if getattr(compared, kind) is not None
    }
    name = printable_path(photograph.item.relative.rsplit("/", 1)[-1])
    target = str(photograph.class_idx) if photograph.class_idx is not None else compared.target
    return replace(compared, names=[name], images=compared.images[row].copy(), target=target, evidence={}, **found)
