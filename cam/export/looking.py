"""Run a batch of photographs through every network, each in its place, so that the same list gives the same bits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from PIL import Image

from cam.compare import DRAWN_SIZE, ask_once
from cam.comparison import Comparison
from cam.export.items import printable_path
from cam.export.keys import LABEL, Settings
from cam.export.reading import Photograph
from cam.saved import KINDS
from models.network import Network
from models.views import Views


def look(
    places: Sequence[Photograph | None], networks: Mapping[str, Network], settings: Settings
) -> list[Comparison] | None:
    """A comparison of each photograph, without features; None where the device's memory is too small for the batch.

    The last bits of a convolution's output for an image depend on the size of the batch, on the image's place in it and on
    the number of threads, not on the other images. So the place of an image that failed, or is done, stays blank.

    Args:
        places: the places of a batch; None is blank.
        networks: key -> network.
        settings: of the export.

    Raises:
        ValueError: the method has no such maps, or logits or maps are not finite.
    """
    try:
        return _look(places, networks, settings)
    except (torch.OutOfMemoryError, MemoryError):
        pass  # leaving the handler frees the traceback, which holds the tensors
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None


def _look(places: Sequence[Photograph | None], networks: Mapping[str, Network], settings: Settings) -> list[Comparison]:
    question = settings.question
    blank = Views.of(Image.new("RGB", (32, 32)), question.view, sides_of(networks))
    if question.target == LABEL:
        question = replace(question, target=[one.class_idx or 0 if one else 0 for one in places])
    compared = ask_once(networks, [one.views if one else blank for one in places], question, len(places))
    return [_alone(compared, place, one) for place, one in enumerate(places) if one]


def sides_of(networks: Mapping[str, Network]) -> frozenset[int]:
    """Sizes at which networks and figures need a view."""
    return frozenset({DRAWN_SIZE, *(network.scaling.input_size for network in networks.values())})


def _alone(compared: Comparison, place: int, photograph: Photograph) -> Comparison:
    """One image of a comparison."""
    row = slice(place, place + 1)
    found: dict[str, Any] = {
        kind: {key: values[row].copy() for key, values in getattr(compared, kind).items()}
        for kind in KINDS
        if getattr(compared, kind) is not None
    }
    name = printable_path(photograph.item.relative.rsplit("/", 1)[-1])
    question = compared.question
    if photograph.class_idx is not None:
        question = replace(question, target=str(photograph.class_idx))
    parts: dict[str, Any] = {"names": [name], "images": compared.images[row].copy(), "notes": compared.notes[row]}
    return replace(compared, question=question, evidence={}, **parts, **found)
