"""Where do trained cells respond? Small patches of photographs on a plain background against the cells' nominal centres.

The nominal centre of a cell follows from strides and paddings alone; trained kernels may lean to one side. For every
patch, the centre of mass of the change it makes to the last features, in nominal coordinates, minus the patch's own
centre, is the error of registered drawing; the same with evenly spread cells is the error of half-pixel drawing.

    python benchmarks/registration.py [--study imagenet-lite] [--variant baseline] [--patches 64]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from models import Network, load_study, open_image
from models.efficientnet import cell_centres
from models.images import image_tensor

SAMPLES = Path(__file__).parents[1] / "sample_images"
PATCH, PHOTOGRAPH, REACH = 64, 400, 80


def patches(count: int, generator: np.random.Generator) -> list[torch.Tensor]:
    """Squares cut at random from the sample photographs, mirrored half the time along each axis."""
    photographs = [image_tensor(open_image(path), "square", PHOTOGRAPH) for path in sorted(SAMPLES.glob("*.jpg"))]
    cut = []
    for i in range(count):
        row, column = generator.integers(0, PHOTOGRAPH - PATCH, 2)
        patch = photographs[i % len(photographs)][:, row : row + PATCH, column : column + PATCH]
        cut.append(patch.flip([axis for axis, chance in ((1, 2), (2, 1)) if i // chance % 2]))
    return cut


def errors(network: Network, size: int, cut: list[torch.Tensor], generator: np.random.Generator) -> np.ndarray:
    """Drawn minus true place of every patch in pixels of the input, (patches, placement, axis): rows before columns."""
    registered = np.array(cell_centres(network.model.features, size))
    half_pixel = (np.arange(len(registered)) + 0.5) * size / len(registered) - 0.5
    plain = torch.zeros(1, 3, size, size)
    before = network.features(plain)
    found = []
    for patch in cut:
        corner = generator.integers(size // 2 - REACH, size // 2 + REACH - PATCH, 2)
        image = plain.clone()
        image[0, :, corner[0] : corner[0] + PATCH, corner[1] : corner[1] + PATCH] = patch
        change = (network.features(image) - before).abs().sum(dim=1)[0].cpu().numpy()
        profiles = change.sum(axis=1), change.sum(axis=0)
        true = corner + (PATCH - 1) / 2
        found.append([[(p * at).sum() / p.sum() for p in profiles] - true for at in (registered, half_pixel)])
    return np.array(found)


def main() -> None:
    """Print mean errors and their standard errors at 224 and 300 pixels, each enlarged by whole strides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="imagenet-lite")
    parser.add_argument("--variant", default="baseline")
    parser.add_argument("--patches", type=int, default=64)
    arguments = parser.parse_args()
    network = load_study(arguments.study).load(arguments.variant)
    print(f"{arguments.variant} of {arguments.study}: drawn minus true, pixels to the right and down")
    for resolution in (224, 300):
        generator = np.random.default_rng(1)
        found = errors(network, resolution + 224, patches(arguments.patches, generator), generator)
        for name, values in zip(("registered", "half-pixel"), found.transpose(1, 0, 2), strict=True):
            mean, error = values.mean(axis=0), values.std(axis=0) / len(values) ** 0.5
            print(
                f"{resolution} px {name:<11} right {mean[1]:+6.1f} ± {error[1]:.1f}   down {mean[0]:+6.1f} ± {error[0]:.1f}"
            )


if __name__ == "__main__":
    main()
