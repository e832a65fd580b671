"""Does a method's map show what its network relies on? Checks of a method on one network: deletion, insertion, ROAD and
others.

These numbers are never used to rank networks: how fast a probability falls when pixels vanish says as much about how a
network copes with damaged images as about its map. They say whether a map can be trusted as an explanation of its own
network.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from cam.maps.cells import finite
from cam.measures.imputation import imputed
from models.exhaustion import halving
from models.network import Network
from models.outputs import probabilities
from models.pulse import parts

STEPS = 20
BLUR = (11, 5.0)  # kernel side and standard deviation in pixels, for a 224-pixel input as published
BATCH = 8

Probability = Callable[[Tensor], np.ndarray]


class Drop(NamedTuple):
    """Per cent of the probability lost when only the highlighted part is shown, and whether the probability rises instead."""

    drop: float
    increase: bool


def class_probability(network: Network, class_idx: int) -> Probability:
    """A function from images (N, 3, r, r) to the probability of one class, float64 (N,)."""

    def probability(images: Tensor) -> np.ndarray:
        def logits(at_once: int) -> list[Tensor]:
            return [network.logits(network.features(batch)) for batch in parts(images.split(at_once))]

        batches = halving(logits, BATCH, f"pictures of {images.shape[-1]} pixels")
        return probabilities(torch.cat(batches).cpu().double().numpy(), network.outputs)[:, class_idx]

    return probability


def deletion_curve(probability: Probability, image: Tensor, map_: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Probability of the class while the pixels that the map rates highest turn into the mean colour.

    Never used to rank networks.

    Args:
        probability: see ``class_probability``.
        image: normalised, (3, r, r); 0 is the mean colour of the network's normalisation.
        map_: raw map drawn at the image's size, (r, r).
        steps: number of steps, of equally many pixels each.

    Returns:
        (steps + 1,): from the whole image to none of it. The lower the area under the curve (``area_under``), the better
        the map.

    Raises:
        ValueError: the map has another size than the image, or is not finite.

    References:
        Petsiuk et al. (RISE), BMVC 2018, https://arxiv.org/abs/1806.07421
    """
    return _blend_curve(probability, image, torch.zeros_like(image), map_, steps)


def insertion_curve(probability: Probability, image: Tensor, map_: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Probability of the class while a blurred image becomes sharp, starting with the pixels that the map rates highest.

    Never used to rank networks. Args, returns, errors and reference as for ``deletion_curve``; the higher the area, the
    better.
    """
    return _blend_curve(probability, blurred(image), image, map_, steps)


def road_curve(
    probability: Probability, image: Tensor, map_: np.ndarray, steps: int = STEPS, seed: int = 0
) -> np.ndarray:
    """Probability of the class while the pixels that the map rates highest are filled in from their surroundings.

    Each removed pixel becomes the weighted mean of its neighbours, by a linear system, plus a little noise: so the shape of
    the removed region gives less away than a uniform colour does. Never used to rank networks.

    Args:
        probability, image, map_, steps: as for ``deletion_curve``. The last step leaves a single pixel, from which all
            others are filled.
        seed: of the noise.

    Returns:
        (steps + 1,). The lower the area under it, the better the map.

    Raises:
        ValueError: as ``deletion_curve``.

    References:
        Rong et al., ICML 2022, https://arxiv.org/abs/2202.00449 (ROAD, noisy linear imputation, most relevant first)
    """
    order, pixels = _order(image, map_), image.cpu().numpy()
    generator = np.random.default_rng(seed)
    series = []
    for count in _counts(order.size - 1, steps):
        known = np.ones(order.size, dtype=bool)
        known[order[:count]] = False
        series.append(imputed(pixels, known.reshape(map_.shape), generator))
    return probability(torch.from_numpy(np.stack(series)))


def area_under(curve: np.ndarray) -> float:
    """Area under a curve whose steps span [0, 1], by trapezoids."""
    return float(np.trapezoid(finite(curve), dx=1 / (len(curve) - 1)))


def average_drop(probability: Probability, image: Tensor, map_: np.ndarray) -> Drop:
    """How much of the class's probability is lost when the image is multiplied by its map, scaled to [0, 1].

    Never used to rank networks. The average drop and the increase of confidence of a method are the means over images.

    Args:
        probability, image, map_: as for ``deletion_curve``; negative evidence counts as none.

    Returns:
        ``drop``, per cent of the probability lost, 0 where it rises, and ``increase``, whether it rises.

    Raises:
        ValueError: as ``deletion_curve``.

    References:
        Chattopadhay et al. (GradCAM++), WACV 2018, sec. 4.1, https://arxiv.org/abs/1710.11063
    """
    _order(image, map_)
    lit = np.maximum(map_, 0)
    scaled = torch.from_numpy(lit / max(float(lit.max()), np.finfo(np.float32).tiny)).to(image)
    before, after = probability(torch.stack([image, image * scaled]))
    return Drop(float(max(before - after, 0) / before * 100), bool(after > before))


def blurred(image: Tensor) -> Tensor:
    """An image (3, r, r) without detail: the published Gaussian at 224 pixels, in proportion at other sizes."""
    scale = image.shape[-1] / 224
    side = 2 * max(1, round(BLUR[0] * scale / 2 - 0.5)) + 1
    pixels = image.permute(1, 2, 0).cpu().numpy()
    smooth = cv2.GaussianBlur(pixels, (side, side), BLUR[1] * scale, borderType=cv2.BORDER_REFLECT_101)
    return torch.from_numpy(smooth).permute(2, 0, 1).to(image)


def blended(start: Tensor, end: Tensor, map_: np.ndarray, steps: int = STEPS) -> Tensor:
    """Images between two, (steps + 1, 3, r, r): pixels of ``start`` become those of ``end``, the map's highest first.

    With the image as ``start`` and zeros as ``end``, these are the images of ``deletion_curve``; with the ``blurred`` image
    as ``start`` and the image as ``end``, those of ``insertion_curve``.

    Raises:
        ValueError: the map has another size than the images, or is not finite, or there is no step.
    """
    order = _order(start, map_)
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    changed = torch.from_numpy(place.reshape(map_.shape) < _counts(order.size, steps)[:, None, None]).to(start.device)
    return torch.where(changed[:, None], end, start)


def _blend_curve(probability: Probability, start: Tensor, end: Tensor, map_: np.ndarray, steps: int) -> np.ndarray:
    return probability(blended(start, end, map_, steps))


def _order(image: Tensor, map_: np.ndarray) -> np.ndarray:
    """Pixels from the highest value of the map to the lowest, equal ones in reading order."""
    if image.shape[1:] != map_.shape:
        raise ValueError(
            f"the map has shape {map_.shape}, the image {tuple(image.shape)}; draw the map at the image's size"
        )
    return np.argsort(-finite(map_), axis=None, kind="stable")


def _counts(pixels: int, steps: int) -> np.ndarray:
    """Pixels changed at each step, (steps + 1,), from 0 to all."""
    if steps < 1:
        raise ValueError(f"{steps} steps; expected 1 or more")
    return np.rint(np.linspace(0, pixels, steps + 1)).astype(np.int64)
