"""Checks of a method on one network over some photographs, for a report. Never used to rank networks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from tqdm import tqdm

from cam.compare import ask
from cam.evaluation.records import Checks
from cam.evaluation.scoring import Scored
from cam.measures.perturbation import (
    area_under,
    average_drop,
    class_probability,
    deletion_curve,
    insertion_curve,
    road_curve,
)
from cam.measures.randomisation import cascading_randomisation, control_seed
from cam.question import Question
from models.images import open_image
from models.network import Network

SUMMARY = (
    "Of the method's maps on the baseline alone; these numbers never rank networks. Areas under the curves of the "
    "class's probability over 20 steps: lower is better for deletion and ROAD, higher for insertion. Rank correlations "
    "with the trained network's maps when everything from the classifier down to the part named is random, three "
    "random networks taking turns over the photographs: they should be near 0."
)
RANDOM_NETWORKS = 3  # maps of a single random network may happen to be like the trained one's


def check_method(network: Network, photographs: Sequence[Scored], question: Question) -> Checks:
    """Deletion, insertion, ROAD, average drop and increase, and cascading randomisation, averaged over photographs.

    Args:
        network: the network whose maps are checked.
        photographs: a sample over classes; the first kind of object of each is explained, as its most probable class.
        question: the method and view.

    Returns:
        Means of the scores, by name, and mean curves.
    """
    curves: dict[str, list[np.ndarray]] = {"deletion": [], "insertion": [], "road": []}
    drops, randomised = [], []
    for row, photograph in enumerate(tqdm(photographs, desc="checks of the method", unit=" images")):
        picture = open_image(photograph.path)
        seen = ask({"network": network}, [picture], replace(question, target="own"))
        class_idx = max(photograph.kinds[0], key=lambda one: seen.logits["network"][0, one])
        map_ = seen.explain(class_idx).maps["network"]
        image = network.transform(picture, question.view)
        drawn = seen.grid("network").drawn(map_, len(image[0]))[0]
        probability = class_probability(network, class_idx)
        for name, curve in (("deletion", deletion_curve), ("insertion", insertion_curve), ("road", road_curve)):
            curves[name].append(curve(probability, image, drawn))
        drops.append(average_drop(probability, image, drawn))
        seed = control_seed(row % RANDOM_NETWORKS)
        randomised.append(
            cascading_randomisation(network, torch.stack([image]), np.array([class_idx]), question.method, seed)
        )
    scores = {name: float(np.mean([area_under(curve) for curve in found])) for name, found in curves.items()}
    scores |= {
        "average drop, per cent": float(np.mean([one.drop for one in drops])),
        "increase, share of images": float(np.mean([one.increase for one in drops])),
    }
    scores |= {f"random down to {part}": float(np.mean([one[part] for one in randomised])) for part in randomised[0]}
    mean_curves = {name: np.mean(found, axis=0).round(6).tolist() for name, found in curves.items()}
    return Checks(SUMMARY, [one.name for one in photographs], scores, mean_curves)
