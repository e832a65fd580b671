"""compare: one forward pass of every network; then any class, and any method with a closed form, costs almost nothing."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from cam.comparison import Comparison, VariantFacts
from cam.evidence import Evidence, require_finite
from cam.inputs import Pictures, listed_pictures, named_networks, plain_target
from cam.maps.closed_forms import mirrored, shifted
from cam.maps.layers import HEAD, centres_at, offset_at, run_maps
from cam.maps.methods import METHODS, method_key, require_head
from cam.maps.targets import Target, resolve_target
from cam.question import Question
from models.classifier import linear_layers
from models.exhaustion import halving
from models.images import Source
from models.network import Network
from models.normalisation import Normalisation
from models.pulse import parts
from models.views import Views

DRAWN_SIZE = 448
BATCH = 8
READERS = 4
S = TypeVar("S")
T = TypeVar("T")


def compare(
    networks: Mapping[str, Network] | Iterable[Network] | Network,
    images: Pictures,
    method: str = "cam",
    target: Target = "shared",
    view: str = "square",
    batch_size: int = BATCH,
    layer: str | Sequence[str] | None = None,
    flip: bool = False,
) -> Comparison:
    """Run every network on every image, in one field of view, and explain one class of each image.

    Args:
        networks: key -> network, in display order, all of one label set; or several networks without keys, or a single one.
        images: paths, bytes, RGB images, arrays, tensors (see ``listed_pictures``), or views of images that were cut before
            (``Views``, in the ``view`` asked for); or a single one.
        method: name or label in ``METHODS``, in any case.
        target: ``"shared"`` (one class for each image: the majority of the variants' top-1, ties by mean probability),
            ``"own"``, a class name or index, one of those for each image, or ``"A - B"``.
        view: ``"square"`` (the whole image squashed) or ``"centre"`` (the largest centred square).
        batch_size: images in one forward pass.
        layer: ``"head"``, ``"stage 1"`` to ``"stage 7"``, or several, in a list or with commas, whose scaled maps are
            averaged; None is the head, and for ``fullgrad`` all layers at once. Maps have a unit only at the head.
        flip: average each map with that of the mirror image, flipped back at the cells' true centres. The classes are
            those of the image itself.

    Raises:
        ValueError: there is nothing to compare; label sets differ; the method, layer, target or view is unknown; the method
            does not allow the layer; or a network's logits or maps are not finite.
        ImageError: an image cannot be decoded.
        TypeError: something is not a network, or not an image.
    """
    layers = layer if isinstance(layer, str) else ", ".join(layer or ())
    question = Question(method_key(method), plain_target(target), view, layers, flip)
    return ask(named_networks(networks), listed_pictures(images), question, batch_size)


def ask(
    networks: Mapping[str, Network], images: Sequence[Source | Views], question: Question, batch_size: int = BATCH
) -> Comparison:
    """The same as ``compare``, for a ``Question``; where memory runs out, a pass takes fewer images.

    Raises:
        ValueError, ImageError: as ``compare``.
        MemoryError: memory is too small for one image.
    """
    images, largest = list(images), max((network.scaling.input_size for network in networks.values()), default=0)
    at_once = max(1, min(batch_size, len(images)))
    return halving(lambda size: ask_once(networks, images, question, size), at_once, f"pictures of {largest} pixels")


def ask_once(
    networks: Mapping[str, Network], images: Sequence[Source | Views], question: Question, batch_size: int = BATCH
) -> Comparison:
    """The same as ``ask``, in batches of exactly this size."""
    categories, layers, flip = _shared_categories(networks), question.layers, question.flip
    if not images:
        raise ValueError("there is no image to compare networks on; give at least one")
    for network in networks.values():
        network.require_unchanged()
    inputs = _Inputs(images, question.view, {network.scaling.input_size for network in networks.values()}, batch_size)
    names = [_name(image, index) for index, image in enumerate(images)]
    sufficient = features_suffice(networks, question)
    looking = parts(networks.items()) if sufficient else networks.items()
    evidence = {key: _evidence(network, inputs, flip) for key, network in looking}
    logits = {key: found.logits(found.features).cpu().numpy() for key, found in evidence.items()}
    require_finite(logits, "logits", names)
    seen = np.stack([np.asarray(one.sides[DRAWN_SIZE]) for one in inputs.views])
    facts = {key: VariantFacts.of(network, layers) for key, network in networks.items()}
    outputs = _shared_outputs(networks)
    bare = Comparison(
        facts,
        names,
        seen,
        categories,
        question,
        {},
        logits,
        {},
        evidence=evidence,
        outputs=outputs,
        notes=[one.note for one in inputs.views],
        others=_others(networks, evidence),
    )
    if sufficient:
        return bare.explain(question.target)
    classes = resolve_target(question.target, logits, categories, outputs)
    if classes.against_idx is not None:
        question.require_unit()
    run = {key: _run(network, inputs, question, classes.class_idx[key]) for key, network in parts(networks.items())}
    require_finite(run, "maps", names)
    kept, worded = evidence if layers == HEAD else {}, replace(question, target=question.target_words)
    return replace(bare, maps=run, class_idx=classes.class_idx, question=worded, evidence=kept)


def features_suffice(networks: Mapping[str, Network], question: Question) -> bool:
    """Whether the features entering global average pooling answer a question of these networks, so that none runs again.

    They do not at other layers, for methods without a closed form, and for those whose closed form needs a classifier of
    one linear layer where one of the networks has several.

    Raises:
        ValueError: the method is defined for classifiers of one linear layer only, and one of them has several.
    """
    if not question.from_features:
        return False
    method = METHODS[question.method]
    layers = {key: len(linear_layers(network.head)) for key, network in networks.items()}
    if method.layers == "head":
        for key, count in layers.items():
            require_head(question.method, key, count)
    return not method.linear or all(count == 1 for count in layers.values())


def _others(networks: Mapping[str, Network], evidence: Mapping[str, Evidence]) -> dict[str, np.ndarray]:
    """What other rows of its classifier say of every image, (N,), for each network whose photographs are judged with them."""
    return {
        key: network.other_rows.energy(evidence[key].features).cpu().numpy()
        for key, network in networks.items()
        if network.other_rows and network.score_scale and network.score_scale.needs_others
    }


class _Inputs:
    """The networks' inputs, made ahead in worker threads; networks with equal inputs share them where there is one batch.

    Only the views of every image are kept, so that any number and size of photographs takes little memory.
    """

    def __init__(self, images: Sequence[Source | Views], view: str, sides: set[int], batch_size: int):
        self.batch_size = batch_size
        self._kept: dict[tuple[int, Normalisation], list[Tensor]] = {}

        def cut(image: Source | Views) -> Views:
            return image if isinstance(image, Views) else Views.of(image, view, sides | {DRAWN_SIZE})

        self.views = list(_in_threads(cut, images))

    def batches(self, network: Network) -> Iterable[Tensor]:
        """The network's inputs in batches, (n, 3, r, r) each."""
        taken = network.scaling.input_size, network.normalisation
        if len(self.views) > self.batch_size:
            return self._made(network)
        if taken not in self._kept:
            self._kept[taken] = list(self._made(network))
        return self._kept[taken]

    def _made(self, network: Network) -> Iterator[Tensor]:
        size = network.scaling.input_size
        made = iter(_in_threads(lambda one: network.transform(one.sides[size]), self.views))
        while batch := list(islice(made, self.batch_size)):
            yield batch[0][None] if len(batch) == 1 else torch.stack(batch)


def _in_threads(function: Callable[[S], T], items: Sequence[S]) -> Iterator[T]:
    """Apply a function to each item, in order; several items run ahead in threads, which would cost a single one milliseconds."""
    if len(items) == 1:
        yield function(items[0])
        return
    with ThreadPoolExecutor(min(READERS, len(items))) as pool:
        yield from pool.map(function, items)


def _evidence(network: Network, inputs: _Inputs, flip: bool) -> Evidence:
    features, turned = [], []
    for batch in inputs.batches(network):
        features.append(network.features(batch))
        if flip:
            turned.append(network.features(batch.flip(-1)))
    return Evidence(_joined(features), network.head, _joined(turned) if flip else None)


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _run(network: Network, inputs: _Inputs, question: Question, class_idx: np.ndarray) -> np.ndarray:
    found, start, layers = [], 0, question.layers
    centres = shifted(centres_at(network, layers), offset_at(network, layers)[0])
    for batch in inputs.batches(network):
        classes = class_idx[start : start + len(batch)]
        maps = run_maps(network, batch, classes, question.method, question.layers)
        if question.flip:
            other = run_maps(network, batch.flip(-1), classes, question.method, question.layers)
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


def _shared_outputs(networks: Mapping[str, Network]) -> str:
    kinds = {network.outputs for network in networks.values()}
    if len(kinds) > 1:
        raise ValueError(
            f"some networks' outputs are a {' and others a '.join(sorted(kinds))}; compare those of one kind"
        )
    return kinds.pop()


def _name(image: Source | Views, index: int) -> str:
    name = (
        image if isinstance(image, (str, os.PathLike)) else getattr(image, "filename", "") or getattr(image, "name", "")
    )
    if not isinstance(name, (str, os.PathLike)) or not str(name):
        return f"image {index + 1}"
    return os.fsencode(Path(name).name).decode("utf-8", "replace")  # names of files need not be valid text
