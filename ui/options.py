"""Choices that several pages offer: the classes of a study, the devices of this machine."""

from functools import cache

import torch

from models.manifest_entries import IMAGENET, categories_of
from models.studies import STUDY_FOLDER
from ui import session
from ui.session import Choice


@cache
def labels_of(categories: tuple[str, ...]) -> dict[str, int]:
    """Class names to choose from -> indices, in alphabetical order; a name that occurs twice carries its index."""
    labels = {
        (name if categories.count(name) == 1 else f"{name} ({index})"): index for index, name in enumerate(categories)
    }
    return dict(sorted(labels.items(), key=lambda label: label[0].lower()))


def class_labels(study: str) -> dict[str, int]:
    """Labels of a study's classes -> indices; where its manifest lists no classes, those of its first network count."""
    manifest = session.study_named(study)
    if manifest.categories is not None:
        return labels_of(tuple(manifest.categories))
    loaded, _ = session.networks([Choice(study, key, "auto") for key in manifest.variants])
    return labels_of(tuple(next(iter(loaded.values())).categories)) if loaded else {}


def class_words(label: str) -> str:
    """A class as a menu shows it: with its everyday name, so that a search for "dog" finds every breed."""
    group = coarse_groups().get(label, "")
    return f"{label} ({group})" if group and group not in label.lower() else label


@cache
def coarse_groups() -> dict[str, str]:
    """ImageNet's classes -> their everyday names, "beagle" -> "dog"; some have none."""
    names: list[str] = categories_of(IMAGENET, STUDY_FOLDER) or []
    groups: dict[str, str] = {}
    for line in (STUDY_FOLDER / "imagenet-groups.txt").read_text("utf-8").splitlines():
        group, ranges = line.split(": ")
        for part in ranges.split(", "):
            first, _, last = part.partition("-")
            groups |= {names[index]: group for index in range(int(first), int(last or first) + 1)}
    return groups


def devices() -> list[str]:
    """The devices of this machine; of several GPUs the first is ``cuda``, and the others have their numbers."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    cuda = ["cuda", *(f"cuda:{index}" for index in range(1, count))][:count]
    return ["auto", "cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]
