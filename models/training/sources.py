"""Batches to train on: photographs decoded and augmented, each as determined by seed, epoch and its number alone."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from models.images import ImageError, normalised, open_image, view_image
from models.normalisation import Normalisation
from models.training.augmentation import NUMBERS, augment
from models.training.datasets import Photographs, decode
from models.training.recipe import Recipe

MARGIN = 1.15  # photographs are kept this much larger than the network's input, to be cropped


class MemorySource:
    """Every photograph, decoded once and squashed to a square; batches are cropped and augmented on the device.

    A photograph that an epoch shows several times is kept once.
    """

    def __init__(
        self,
        photographs: Photographs,
        recipe: Recipe,
        resolution: int,
        normalisation: Normalisation,
        seed: int,
        device: torch.device,
    ):
        side = round(MARGIN * resolution)
        self.recipe, self.resolution, self.normalisation = recipe, resolution, normalisation
        self.seed, self.device = seed, device
        self.labels = photographs.labels
        places = {name: place for place, name in enumerate(dict.fromkeys(photographs.names))}
        self.places = torch.tensor([places[name] for name in photographs.names])  # row of the pixels of each photograph
        first = {name: row for row, name in reversed(list(enumerate(photographs.names)))}
        photographs = photographs.subset([first[name] for name in places])
        self.aspects = torch.empty(len(photographs))
        self.pixels = torch.empty(len(photographs), 3, side, side, dtype=torch.uint8)

        def read(path: Path) -> tuple[np.ndarray, float]:
            image = open_image(path)
            return np.asarray(view_image(image, "square", side)), image.width / image.height

        for row, (pixels, aspect) in enumerate(decode(photographs, read)):
            self.pixels[row] = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
            self.aspects[row] = aspect
        self.pixels = self.pixels.to(device)

    def batches(self, epoch: int, rows: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Augmented images and labels; the augmentation follows from (seed, epoch, photograph) alone."""
        table = torch.rand(len(self.labels), NUMBERS, generator=_generator(self.seed, epoch, 1))
        for chosen in rows:
            places = self.places[chosen]
            pixels, aspects = self.pixels[places.to(self.device)], self.aspects[places]
            images = augment(pixels, aspects, table[chosen], self.resolution, self.recipe, self.normalisation)
            yield images, self.labels[chosen].to(self.device)


class StreamSource(Dataset):
    """Photographs decoded, cropped and augmented in worker processes, one by one; for data that memory cannot hold."""

    def __init__(
        self,
        photographs: Photographs,
        recipe: Recipe,
        resolution: int,
        normalisation: Normalisation,
        seed: int,
        device: torch.device,
        workers: int | None = None,
    ):
        self.photographs, self.normalisation = photographs, normalisation
        self.seed, self.device, self.epoch = seed, device, 0
        self.workers = min(16, os.cpu_count() or 1) if workers is None else workers
        policies = {
            "none": v2.Identity,
            "trivial": v2.TrivialAugmentWide,
            "autoaugment": v2.AutoAugment,
            "randaugment": v2.RandAugment,
        }
        self.transform = v2.Compose(
            [
                v2.RandomResizedCrop(
                    resolution,
                    (recipe.crop_area, 1.0),
                    (1 / recipe.aspect, recipe.aspect),
                    v2.InterpolationMode.BICUBIC,
                ),
                v2.RandomHorizontalFlip(),
                policies[recipe.policy](),
                v2.PILToTensor(),
            ]
        )

    def __len__(self) -> int:
        return len(self.photographs)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor] | str:
        """Pixels and label of one photograph, or its name if it cannot be read."""
        torch.manual_seed(number_of(self.seed, self.epoch, row))
        name = self.photographs.names[row]
        try:
            return self.transform(open_image(self.photographs.path(name))), self.photographs.labels[row]
        except (ImageError, OSError):
            return name

    def batches(self, epoch: int, rows: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """As ``MemorySource.batches``.

        Raises:
            ValueError: a photograph cannot be read.
        """
        self.epoch = epoch
        loader = DataLoader(
            self,
            batch_sampler=[chosen.tolist() for chosen in rows],
            num_workers=self.workers,
            collate_fn=_collated,
            pin_memory=self.device.type == "cuda",
        )
        for pixels, labels in loader:
            if isinstance(pixels, str):  # an exception in a worker would be shown as a traceback
                raise ValueError(f"photograph {pixels!r} cannot be read; replace or remove it")
            images = normalised(pixels.to(self.device, non_blocking=True).float() / 255, self.normalisation)
            yield images.contiguous(memory_format=torch.channels_last), labels.to(self.device, non_blocking=True)


def _collated(items: list[tuple[Tensor, Tensor] | str]) -> tuple[Tensor | str, Tensor]:
    """One batch, or the name of its first broken photograph."""
    for item in items:
        if isinstance(item, str):
            return item, torch.empty(0)
    images, labels = zip(*items, strict=True)
    return torch.stack(images), torch.stack(labels)


def epoch_order(size: int, seed: int, epoch: int) -> Tensor:
    """Order of the photographs in an epoch: a permutation of range(size)."""
    return torch.randperm(size, generator=_generator(seed, epoch, 0))


def number_of(*parts: int) -> int:
    """A well-mixed 63-bit seed that follows from whole numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


def _generator(*parts: int) -> torch.Generator:
    return torch.Generator().manual_seed(number_of(*parts))
