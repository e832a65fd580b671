"""Are maps drawn where the network looked? A check with small photographs pasted at known places on a plain background.

The error of drawing is the centre of mass of the pasted photograph's map minus the middle of the photograph, where the map is
drawn with its measured offset (registered), at nominal centres, or with cells spread evenly (half-pixel). What a network looks
at need not be the middle of a photograph: each is pasted as it is, mirrored, upside down and both, which averages that out; and
at two places opposite each other, because near the border a map is cut off.

    python benchmarks/registration.py [--study lite] [--variant lite0] [--photographs FOLDER] [--limit 40]

Measure the offset on other photographs than these: python -m models placement.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from cam.maps.cells import CellGrid
from cam.maps.closed_forms import PLACEMENTS, resample
from cam.measures.similarity import centre_of_mass
from models import Network, load_study, open_image
from models.command_inputs import PhotographFolder
from models.images import image_tensor

SAMPLES = Path(__file__).parents[1] / "sample_images"
SIZE = 0.4  # of a pasted photograph, as a share of the side
FLIPS = ([], [2], [1], [1, 2])


def pasted(network: Network, picture: Image.Image, corner: np.ndarray, side: int) -> Tensor:
    """The photograph in four mirrorings at one place of a background of the normalisation's mean, (4, 3, r, r)."""
    resolution = network.scaling.input_size
    small = image_tensor(picture, "square", side, network.normalisation)
    images = torch.zeros(4, 3, resolution, resolution)
    for image, flip in zip(images, FLIPS, strict=True):
        image[:, corner[0] : corner[0] + side, corner[1] : corner[1] + side] = small.flip(flip)
    return images


def maps_of(network: Network, images: Tensor, plain: Tensor) -> np.ndarray:
    """What each image adds to the map of its top-1 class, (N, h, w); ``plain`` are the background's features."""
    features = network.features(images)
    weight = network.classifier.weight.detach()[network.classifier(features.mean(dim=(2, 3))).argmax(dim=1)]
    return torch.einsum("nchw,nc->nhw", features - plain, weight).cpu().numpy()


def errors(network: Network, pictures: Iterator[Image.Image], generator: np.random.Generator) -> np.ndarray:
    """Drawn minus true place of every photograph in pixels of the input, (photographs, placement, axis): down, right."""
    resolution = network.scaling.input_size
    side, centres = round(SIZE * resolution), network.cell_centres()
    plain = network.features(torch.zeros(1, 3, resolution, resolution))
    found = []
    for picture in pictures:
        corner = generator.integers(0, resolution - side, 2, endpoint=True)
        corners = corner, resolution - side - corner
        maps = np.concatenate([maps_of(network, pasted(network, picture, at, side), plain) for at in corners])
        drawn = [resample(maps, centres, resolution, resolution, one, network.cell_offset()) for one in PLACEMENTS]
        places = [centre_of_mass(one, CellGrid.even(resolution)).mean(axis=0) * resolution - 0.5 for one in drawn]
        found.append([place - (resolution - 1) / 2 for place in places])  # midway between the two places
    return np.array(found)


def main() -> None:
    """Print mean errors and their standard errors over photographs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="lite")
    parser.add_argument("--variant", default="lite0")
    parser.add_argument("--photographs", default=str(SAMPLES), metavar="FOLDER")
    parser.add_argument("--limit", type=int, default=40)
    arguments = parser.parse_args()
    network = load_study(arguments.study).load(arguments.variant)
    paths = PhotographFolder(arguments.photographs, arguments.limit).paths
    found = errors(network, map(open_image, paths), np.random.default_rng(1))
    print(
        f"{arguments.variant} of {arguments.study}, placement {network.placement}; drawn minus true, {len(found)} photographs"
    )
    for name, values in zip(PLACEMENTS, found.transpose(1, 0, 2), strict=True):
        (down, right), error = values.mean(axis=0), values.std(axis=0) / len(values) ** 0.5
        print(f"{name:<11} right {right:+6.1f} ± {error[1]:.1f} px   down {down:+6.1f} ± {error[0]:.1f} px")


if __name__ == "__main__":
    main()
