"""Deletion and insertion on one photograph, to look at: the images that the curves are made from."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cam.compare import ask
from cam.measures.perturbation import STEPS, area_under, blended, blurred, class_probability
from cam.question import QUESTION, Question
from models.images import denormalised
from models.network import Network
from models.pulse import parts

KINDS = ("deletion", "insertion")


@dataclass(frozen=True)
class DeletionFilm:
    """Deletion and insertion of one network's map on one photograph.

    Attributes:
        label: of the network.
        category: the class explained: the network's own top-1 unless another was asked for.
        frames: kind in ``KINDS`` -> the images shown to the network, uint8 (steps + 1, r, r, 3).
        curves: kind -> probability of the class on each of them, (steps + 1,).
    """

    label: str
    category: str
    frames: dict[str, np.ndarray]
    curves: dict[str, np.ndarray]

    @property
    def areas(self) -> dict[str, float]:
        """Area under each curve: for deletion lower is better, for insertion higher. Never used to rank networks."""
        return {kind: area_under(curve) for kind, curve in self.curves.items()}


def deletion_film(
    network: Network,
    picture: Image.Image,
    class_idx: int | None = None,
    question: Question = QUESTION,
    steps: int = STEPS,
) -> DeletionFilm:
    """Delete and insert a photograph's pixels in the order of the network's map, as ``cam.measures.perturbation`` measures it.

    Args:
        network: the network whose map is used.
        picture: RGB image.
        class_idx: class explained; None takes the network's top-1.
        question: the method and view.
        steps: number of steps, of equally many pixels each.
    """
    target = "own" if class_idx is None else class_idx
    seen = ask({"network": network}, [picture], replace(question, target=target))
    explained = int(seen.class_idx["network"][0])
    image = network.transform(picture, question.view)
    side = image.shape[-1]
    map_ = seen.grid("network").drawn(seen.maps["network"], side)[0]
    series = {
        "deletion": blended(image, torch.zeros_like(image), map_, steps),
        "insertion": blended(blurred(image), image, map_, steps),
    }
    probability = class_probability(network, explained)
    return DeletionFilm(
        network.label,
        seen.categories[explained],
        {kind: _pixels(images, network) for kind, images in series.items()},
        {kind: probability(images) for kind, images in parts(series.items())},
    )


def _pixels(images: Tensor, network: Network) -> np.ndarray:
    """A network's input, (N, 3, r, r), as uint8 pixels (N, r, r, 3)."""
    return (denormalised(images, network.normalisation) * 255).round().byte().permute(0, 2, 3, 1).numpy()
