"""compare: one forward pass of every network, then any class and any method of closed form for nothing."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cam.comparison import Comparison, Evidence, VariantFacts, no_difference, require_finite, target_words
from cam.layers import HEAD, centres_at, chosen_layers, run_maps
from cam.maps import mirrored
from cam.methods import method_named
from cam.targets import Target, resolve_target
from models.images import VIEWS, Source, open_image, view_image
from models.network import Network

DRAWN_SIZE = 448
BATCH = 8


def compare(
    networks: Mapping[str, Network],
    images: Sequence[Source],
    method: str = "cam",
    target: Target = "shared",
    view: str = "square",
    batch_size: int = BATCH,
    layer: str | Sequence[str] | None = None,
    flip: bool = False,
) -> Comparison:
    """Run every network on every image, in one field of view, and explain one class of each.

    Args:
        networks: key -> network, in display order; all of one label set.
        images: paths, bytes or RGB images.
        method: name in ``METHODS``.
        target: ``"shared"`` (one class for each image: the majority of the variants' top-1, ties by mean probability),
            ``"own"``, a class name or index, one of those for each image, or ``"A - B"``.
        view: ``"square"`` (the whole image squashed) or ``"centre"`` (the largest centred square).
        batch_size: images in one forward pass.
        layer: ``"head"``, ``"stage 1"`` to ``"stage 7"``, or several, in a list or with commas, whose scaled maps are
            averaged; None is the head, and for ``fullgrad`` all at once. Only at the head have maps a unit.
        flip: average each map with that of the mirror image, turned back at the cells' true centres. The classes are
            those of the image as it is.

    Raises:
        ValueError: nothing to compare, unlike label sets, an unknown method, layer, target or view, a method that the
            layer does not allow, or a network whose logits or maps are not finite.
        ImageError: an image cannot be decoded.
    """
    categories = _shared_categories(networks)
    entry, layers = method_named(method), chosen_layers(layer, method)
    if view not in VIEWS:
        raise ValueError(f"unknown view {view!r}; choose from {', '.join(VIEWS)}")
    if not images:
        raise ValueError("there is no image to compare networks on; give at least one")
    pictures = [open_image(image) for image in images]
    names = [_name(image, index) for index, image in enumerate(images)]
    inputs = _Inputs(pictures, view, batch_size)
    evidence = {key: _evidence(network, inputs, flip) for key, network in networks.items()}
    logits = {key: found.logits(found.features).cpu().numpy() for key, found in evidence.items()}
    require_finite(logits, "logits", names)
    seen = np.stack([np.asarray(view_image(picture, view, DRAWN_SIZE)) for picture in pictures])
    facts = {key: VariantFacts.of(network, layers) for key, network in networks.items()}
    bare = Comparison(
        facts, names, seen, categories, method, "", "", view, {}, logits, {}, None, ", ".join(layers), flip, evidence
    )  # fmt: skip
    if layers == HEAD and entry.closed_form:
        return bare.explain(target, method)
    classes = resolve_target(target, logits, categories)
    if classes.against_idx is not None:
        raise ValueError(no_difference(method, bare.layer))
    run = {
        key: _run(network, inputs, flip, classes.class_idx[key], method, layers) for key, network in networks.items()
    }
    require_finite(run, "maps", names)
    kept = evidence if layers == HEAD else {}
    return replace(bare, maps=run, class_idx=classes.class_idx, target=target_words(target), evidence=kept)


class _Inputs:
    """What networks take in, made ahead in worker threads; networks of one resolution share it where it is one batch."""

    def __init__(self, pictures: list[Image.Image], view: str, batch_size: int):
        self.pictures, self.view, self.batch_size = pictures, view, batch_size
        self._kept: dict[int, list[Tensor]] = {}

    def batches(self, network: Network) -> Iterable[Tensor]:
        """(n, 3, r, r) each."""
        size = network.scaling.input_size
        if len(self.pictures) > self.batch_size:
            return self._made(network)
        if size not in self._kept:
            self._kept[size] = list(self._made(network))
        return self._kept[size]

    def _made(self, network: Network) -> Iterator[Tensor]:
        with ThreadPoolExecutor(min(4, len(self.pictures))) as pool:
            made = pool.map(lambda picture: network.transform(picture, self.view), self.pictures)
            while batch := list(islice(made, self.batch_size)):
                yield torch.stack(batch)


def _evidence(network: Network, inputs: _Inputs, flip: bool) -> Evidence:
    features, turned = [], []
    for batch in inputs.batches(network):
        features.append(network.features(batch))
        if flip:
            turned.append(network.features(batch.flip(-1)))
    weight, bias = network.classifier.weight.detach(), network.classifier.bias.detach()
    return Evidence(torch.cat(features), weight, bias, torch.cat(turned) if flip else None)


def _run(
    network: Network, inputs: _Inputs, flip: bool, class_idx: np.ndarray, method: str, layers: tuple[str, ...]
) -> np.ndarray:
    found, start, centres = [], 0, centres_at(network, layers)
    for batch in inputs.batches(network):
        classes = class_idx[start : start + len(batch)]
        maps = run_maps(network, batch, classes, method, layers)
        if flip:
            other = run_maps(network, batch.flip(-1), classes, method, layers)
            maps = (maps + mirrored(other, centres, network.scaling.input_size)) / 2
        found.append(maps)
        start += len(batch)
    return np.concatenate(found)


def _shared_categories(networks: Mapping[str, Network]) -> list[str]:
    if not networks:
        raise ValueError("there is no network to compare; give at least one")
    (first, reference), *others = networks.items()
    for key, network in others:
        if network.categories != reference.categories:
            raise ValueError(
                f"{key!r} knows {len(network.categories)} classes, {first!r} {len(reference.categories)}, and not the same; "
                "compare networks of one label set"
            )
    return list(reference.categories)


def _name(image: Source, index: int) -> str:
    name = (
        image if isinstance(image, (str, os.PathLike)) else getattr(image, "filename", "") or getattr(image, "name", "")
    )
    return Path(name).name if isinstance(name, (str, os.PathLike)) and str(name) else f"image {index + 1}"
