"""Networks and pictures of many kinds, as notebooks pass them, in the form that ``compare`` needs."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor, nn

from cam.maps.targets import Target
from models.downloads import is_address, picture_at
from models.images import Source
from models.network import Network
from models.views import Views

Pictures = Source | Views | np.ndarray | Tensor | Sequence["Source | Views | np.ndarray | Tensor"]


def named_networks(networks: Any) -> dict[str, Network]:
    """Key -> network, from such a mapping, or from one or several networks, whose keys are made from their labels.

    Raises:
        TypeError: something is not a ``Network``; the message says how to make one.
    """
    if isinstance(networks, Mapping):
        found = dict(networks)
    elif isinstance(networks, Iterable) and not isinstance(networks, (str, nn.Module)):
        found = _by_label(list(networks))
    else:
        found = _by_label([networks])
    for key, network in found.items():
        if not isinstance(network, Network):
            raise TypeError(f"{key!r} is {_kind(network)}; expected a Network: {_advice(network)}")
    return found


def _by_label(networks: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for network in networks:
        label = getattr(network, "label", "") or type(network).__name__
        key = re.sub(r"\W+", "_", str(label).lower()).strip("_") or "network"
        count = sum(other == key or re.fullmatch(rf"{key}_[0-9]+", other) is not None for other in found)
        found[f"{key}_{count + 1}" if count else key] = network
    return found


def _kind(thing: object) -> str:
    name = type(thing).__name__
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def _advice(thing: object) -> str:
    if isinstance(thing, nn.Module):
        return "Network.from_model(model, categories) makes one of an EfficientNet; other architectures have none"
    return "load_study(name).load(key) gives one, Network.from_model(model) makes one of a model in memory"


def listed_pictures(images: Any) -> list[Source | Views]:
    """One picture or several, including arrays and tensors, as a list that ``open_image`` and ``Views`` accept.

    Addresses that begin with http:// or https:// are downloaded.

    Arrays are (h, w), (h, w, 3) or (N, h, w, 3), tensors (3, h, w) or (N, 3, h, w), of integers from 0 to 255 or of
    fractions from 0 to 1.

    Raises:
        TypeError: it is not a picture.
        ImageError: an address cannot be downloaded.
        ValueError: an array or tensor has another shape, or values that a picture cannot have.
    """
    if isinstance(images, (np.ndarray, Tensor)):
        return _pictures_of(images)
    if isinstance(images, (str, os.PathLike, bytes, bytearray, Image.Image, Views)) or hasattr(images, "read"):
        images = [images]
    if not isinstance(images, Iterable):
        raise TypeError(f"{_kind(images)} came as images; expected a path, a picture, an array, a tensor, or several")
    return [one for image in images for one in _pictures_in(image)]


def _pictures_in(image: Any) -> list[Source | Views]:
    if isinstance(image, (np.ndarray, Tensor)):
        return _pictures_of(image)
    return [picture_at(image) if is_address(image) else image]


def _pictures_of(values: np.ndarray | Tensor) -> list[Source | Views]:
    shape, channels_first = tuple(values.shape), isinstance(values, Tensor)
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    if array.dtype.kind == "O" or array.ndim == 1:  # a list of paths as an array
        return [str(one) for one in array.tolist()]
    if channels_first:
        array = np.moveaxis(array, -3, -1) if array.ndim in (3, 4) else array
    elif array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=-1)
    if array.ndim not in (3, 4) or array.shape[-1] not in (1, 3) or not array.size:
        expected = "(3, h, w) or (N, 3, h, w)" if channels_first else "(h, w), (h, w, 3) or (N, h, w, 3)"
        raise ValueError(
            f"{'a tensor' if channels_first else 'an array'} of shape {shape} came as images; expected {expected}"
        )
    batch = array if array.ndim == 4 else array[None]
    return [Image.fromarray(np.broadcast_to(one, (*one.shape[:2], 3)).copy()) for one in _bytes_of(batch)]


def _bytes_of(array: np.ndarray) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    most = 1.0 if array.dtype.kind == "f" else 255.0
    if not 0 <= low <= high <= most:
        raise ValueError(
            f"pictures with values from {low:.3g} to {high:.3g}; expected 0 to 255 in integers or 0 to 1 in fractions: give "
            "them as they were before they were normalised"
        )
    return np.rint(array * (255.0 / most)).astype(np.uint8)


def plain_target(target: Any) -> Target:
    """A class index of NumPy or torch as an ``int``, several as a list; anything else unchanged."""
    if isinstance(target, (np.ndarray, np.generic, Tensor)):
        return target.tolist()
    return list(map(plain_target, target)) if isinstance(target, (list, tuple)) else target  # type: ignore[arg-type]
