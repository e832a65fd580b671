"""Compare networks on the same images: one forward pass each, then any class and any method of closed form for nothing."""

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cam.methods import METHODS, Method, method_named
from cam.targets import Target, resolve_target
from models.files import atomic_write
from models.images import VIEWS, Source, open_image, view_image
from models.network import Network
from models.scaling import Scaling

DRAWN_SIZE = 448
BATCH = 8
FORMAT = 1


@dataclass(frozen=True)
class VariantFacts:
    """What a figure says of one variant, without its network.

    ``centres`` are the input pixels at which the cells of its maps look, ``note`` is a caveat to print with every
    map ("" where there is none), ``fingerprint`` the sha256 of its weights.
    """

    label: str
    provenance: str
    note: str
    scaling: Scaling
    family: str
    params: int
    macs: int
    fingerprint: str
    centres: tuple[float, ...]

    @classmethod
    def of(cls, network: Network) -> Self:
        return cls(
            network.label, network.provenance, network.note, network.scaling, network.family,
            network.params, network.macs, network.fingerprint, tuple(network.cell_centres()),
        )  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What maps of any class are computed from: features (N, C, h, w) and the classifier's weight (K, C), on one device."""

    features: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Comparison:
    """Raw maps of several variants on the same images.

    Attributes:
        variants: key -> facts, in display order.
        names: of the images.
        images: the field of view that every variant saw, uint8 (N, s, s, 3).
        categories: K class names.
        method: name in ``METHODS``.
        unit: ``"logit"`` or ``""``.
        target: as asked for, in words.
        view: ``"square"`` or ``"centre"``.
        maps: key -> raw maps, float32 (N, h, w).
        logits: key -> float32 (N, K).
        class_idx: key -> class explained, int64 (N,).
        against_idx: key -> class B of "A - B", int64 (N,); None for other targets.
        evidence: key -> what other maps can be computed from; empty after ``load``.
    """

    variants: dict[str, VariantFacts]
    names: list[str]
    images: np.ndarray
    categories: list[str]
    method: str
    unit: str
    target: str
    view: str
    maps: dict[str, np.ndarray]
    logits: dict[str, np.ndarray]
    class_idx: dict[str, np.ndarray]
    against_idx: dict[str, np.ndarray] | None = None
    evidence: dict[str, Evidence] = field(default_factory=dict, repr=False, compare=False)

    def explain(self, target: Target | None = None, method: str | None = None) -> Self:
        """The same images and networks with maps of another class or method, from the features at hand: no network runs.

        Args:
            target: as in ``compare``; None keeps the classes.
            method: name in ``METHODS``; None keeps the method.

        Raises:
            ValueError: the target or method is unknown, or the comparison was loaded from a file, without features.
        """
        if not self.evidence:
            raise ValueError("this comparison has no features; run compare again for another class or method")
        name = self.method if method is None else method
        chosen = method_named(name)
        class_idx, against_idx = self.class_idx, self.against_idx
        if target is not None:
            class_idx, against_idx = resolve_target(target, self.logits, self.categories)
        if against_idx is not None and chosen.unit != "logit":
            possible = ", ".join(key for key, entry in METHODS.items() if entry.unit == "logit")
            raise ValueError(
                f"method {name!r} has no unit, so its maps of two classes have no difference; choose from {possible}"
            )
        maps = {}
        for key, evidence in self.evidence.items():
            maps[key] = _maps(chosen, evidence, self.logits[key], class_idx[key])
            if against_idx is not None:
                maps[key] = maps[key] - _maps(chosen, evidence, self.logits[key], against_idx[key])
        words = self.target if target is None else _target_words(target)
        return replace(
            self, maps=maps, class_idx=class_idx, against_idx=against_idx, method=name, unit=chosen.unit, target=words
        )  # fmt: skip

    def renamed(self, names: Sequence[str]) -> Self:
        """The same comparison under other names of its images."""
        if len(names) != len(self.names):
            raise ValueError(f"{len(names)} names for {len(self.names)} images; give one for each")
        return replace(self, names=list(names))

    @classmethod
    def stack(cls, comparisons: Sequence[Self]) -> Self:
        """One comparison of all images of several, which must have the same variants, method, target and view.

        Raises:
            ValueError: there is nothing to stack, or they differ in more than their images.
        """
        if not comparisons:
            raise ValueError("there is no comparison to stack; give at least one")
        first = comparisons[0]
        alike = ("variants", "categories", "method", "unit", "target", "view")
        for other in comparisons[1:]:
            differ = [name for name in alike if getattr(other, name) != getattr(first, name)]
            if differ:
                raise ValueError(
                    f"comparisons differ in their {', '.join(differ)}; stack only those that differ in their images"
                )

        def joined(kind: str) -> dict[str, np.ndarray]:
            return {key: np.concatenate([getattr(one, kind)[key] for one in comparisons]) for key in first.variants}

        return replace(
            first,
            names=[name for one in comparisons for name in one.names],
            images=np.concatenate([one.images for one in comparisons]),
            maps=joined("maps"),
            logits=joined("logits"),
            class_idx=joined("class_idx"),
            against_idx=joined("against_idx") if first.against_idx is not None else None,
            evidence={
                key: Evidence(
                    torch.cat([one.evidence[key].features for one in comparisons]), first.evidence[key].weight
                )
                for key in first.evidence
            },
        )

    def figure(self, scale: str = "map", style: str = "overlay") -> Any:
        """The side-by-side figure, a matplotlib ``Figure``.

        Args:
            scale: ``"map"`` (every map on its own scale) or ``"row"`` (one scale for all variants of an image).
            style: ``"overlay"`` or ``"paper"`` (the look of the paper's Figure 7).
        """
        from cam.figures import draw_matplotlib, figure_layout

        return draw_matplotlib(figure_layout(self, scale, style))

    def save(self, path: str | os.PathLike) -> None:
        """Write everything a figure needs into one .npz file, without features; the same comparison gives the same bytes."""
        arrays: dict[str, np.ndarray] = {"images": self.images}
        for kind in ("maps", "logits", "class_idx", "against_idx"):
            arrays |= {f"{kind}/{key}": values for key, values in (getattr(self, kind) or {}).items()}
        facts = {key: asdict(variant) for key, variant in self.variants.items()}
        plain = {name: getattr(self, name) for name in ("names", "categories", "method", "unit", "target", "view")}
        document = json.dumps({"format": FORMAT, "variants": facts, **plain}, ensure_ascii=False)
        arrays["document"] = np.frombuffer(document.encode(), dtype=np.uint8)
        with atomic_write(path) as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read what ``save`` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not a saved comparison.
        """
        try:
            with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            document = json.loads(arrays["document"].tobytes())
            return cls(**_read_document(document, arrays))
        except FileNotFoundError:
            raise FileNotFoundError(f"there is no file {path}") from None
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path} is not a saved comparison ({error}); expected a .npz file written by compare --save"
            ) from error


def _read_document(document: dict, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    if document.pop("format") != FORMAT:
        raise ValueError("written by another version")
    variants = {}
    for key, facts in document.pop("variants").items():
        scaling = Scaling(**facts.pop("scaling"))
        variants[key] = VariantFacts(**{**facts, "scaling": scaling, "centres": tuple(facts["centres"])})
    by_kind: dict[str, dict[str, np.ndarray]] = {
        kind: {key: arrays[f"{kind}/{key}"] for key in variants if f"{kind}/{key}" in arrays}
        for kind in ("maps", "logits", "class_idx", "against_idx")
    }
    return {
        **document,
        **by_kind,
        "against_idx": by_kind["against_idx"] or None,
        "variants": variants,
        "images": arrays["images"],
    }


def compare(
    networks: Mapping[str, Network],
    images: Sequence[Source],
    method: str = "cam",
    target: Target = "shared",
    view: str = "square",
    batch_size: int = BATCH,
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

    Raises:
        ValueError: nothing to compare, unlike label sets, an unknown method, target or view, or a network whose
            logits are not finite.
        ImageError: an image cannot be decoded.
    """
    categories = _shared_categories(networks)
    method_named(method)
    if view not in VIEWS:
        raise ValueError(f"unknown view {view!r}; choose from {', '.join(VIEWS)}")
    if not images:
        raise ValueError("there is no image to compare networks on; give at least one")
    pictures = [open_image(image) for image in images]
    names = [_name(image, index) for index, image in enumerate(images)]
    evidence, logits = {}, {}
    for key, network in networks.items():
        features = _features(network, pictures, view, batch_size)
        evidence[key] = Evidence(features, network.classifier.weight.detach())
        logits[key] = _logits(network, features)
        _require_finite(logits[key], key, names)
    seen = np.stack([np.asarray(view_image(picture, view, DRAWN_SIZE)) for picture in pictures])
    facts = {key: VariantFacts.of(network) for key, network in networks.items()}
    bare = Comparison(facts, names, seen, categories, method, "", "", view, {}, logits, {}, None, evidence)
    return bare.explain(target, method)


def _features(network: Network, pictures: list[Image.Image], view: str, batch_size: int) -> Tensor:
    with ThreadPoolExecutor(min(4, len(pictures))) as pool:
        batches = [
            torch.stack(
                list(pool.map(lambda picture: network.transform(picture, view), pictures[start : start + batch_size]))
            )
            for start in range(0, len(pictures), batch_size)
        ]
    return torch.cat([network.features(batch) for batch in batches])


def _logits(network: Network, features: Tensor) -> np.ndarray:
    with torch.no_grad():
        return network.classifier(features.mean(dim=(2, 3))).cpu().numpy()


def _maps(method: Method, evidence: Evidence, logits: np.ndarray, class_idx: np.ndarray) -> np.ndarray:
    rows = torch.from_numpy(class_idx)
    explained = torch.from_numpy(logits).gather(1, rows[:, None]).squeeze(1).to(evidence.features.device)
    weights = evidence.weight[rows.to(evidence.weight.device)]
    return method.closed_form(evidence.features, weights, explained).cpu().numpy()


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


def _require_finite(logits: np.ndarray, key: str, names: list[str]) -> None:
    bad = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if len(bad):
        raise ValueError(
            f"variant {key!r} gives logits that are not finite on {names[bad[0]]!r}; its weights are damaged"
        )


def _name(image: Source, index: int) -> str:
    name = (
        image if isinstance(image, (str, os.PathLike)) else getattr(image, "filename", "") or getattr(image, "name", "")
    )
    return Path(name).name if isinstance(name, (str, os.PathLike)) and str(name) else f"image {index + 1}"


def _target_words(target: Target) -> str:
    if isinstance(target, (str, int)):
        return str(target)
    return ", ".join(map(str, target))
