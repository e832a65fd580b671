"""A comparison: raw maps of several networks on the same images, explained again, stacked, drawn, saved and loaded."""

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cam.layers import HEAD, centres_at
from cam.maps import mirrored
from cam.methods import METHODS, ClosedForm, closed_form_of
from cam.targets import Classes, Target, resolve_target
from models.files import atomic_write
from models.network import Network
from models.scaling import Scaling

FORMAT = 1
PLAIN = ("names", "categories", "method", "unit", "target", "view", "layer", "flip")


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
    def of(cls, network: Network, layers: tuple[str, ...] = HEAD) -> Self:
        return cls(
            network.label, network.provenance, network.note, network.scaling, network.family,
            network.params, network.macs, network.fingerprint, tuple(centres_at(network, layers)),
        )  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What maps of any class are computed from, on one device.

    Attributes:
        features: (N, C, h, w).
        weight: of the classifier, (K, C).
        bias: of the classifier, (K,).
        mirrored: features of the mirrored images; None where they are not averaged.
    """

    features: Tensor
    weight: Tensor
    bias: Tensor
    mirrored: Tensor | None = None

    def logits(self, features: Tensor) -> Tensor:
        """Of these features or mirrored ones, (N, K)."""
        return F.linear(features.mean(dim=(2, 3)), self.weight, self.bias)

    def maps(self, closed_form: ClosedForm, features: Tensor, logits: Tensor, class_idx: np.ndarray) -> np.ndarray:
        """Raw maps of these features or mirrored ones, with their logits (N, K): (N, h, w)."""
        rows = torch.from_numpy(class_idx).to(features.device)
        explained = logits.to(features.device).gather(1, rows[:, None]).squeeze(1)
        return closed_form(features, self.weight[rows], explained).cpu().numpy()


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
        layer: that the maps are of: ``"head"``, ``"stage 5"``, ``"stage 5, head"`` (their mean) or ``"all"``.
        flip: maps are means over the image and its mirror image.
        evidence: key -> what other maps can be computed from; empty after ``load`` and at layers other than the head.
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
    layer: str = "head"
    flip: bool = False
    evidence: dict[str, Evidence] = field(default_factory=dict, repr=False, compare=False)

    def explain(self, target: Target | None = None, method: str | None = None) -> Self:
        """The same images and networks with maps of another class or method, from the features at hand: no network runs.

        Args:
            target: as in ``compare``; None keeps the classes.
            method: name in ``METHODS``; None keeps the method.

        Raises:
            ValueError: the target or method is unknown, the method has no closed form, a map is not finite, or the
                comparison has no features: it was loaded from a file, or is of another layer than the head.
        """
        if not self.evidence:
            raise ValueError("this comparison has no features; run compare again for another class or method")
        name = self.method if method is None else method
        chosen = closed_form_of(name)
        classes = Classes(self.class_idx, self.against_idx)
        if target is not None:
            classes = resolve_target(target, self.logits, self.categories)
        if classes.against_idx is not None and METHODS[name].unit != "logit":
            raise ValueError(no_difference(name))
        maps = {}
        for key in self.evidence:
            maps[key] = self._maps(chosen, key, classes.class_idx[key])
            if classes.against_idx is not None:
                maps[key] = maps[key] - self._maps(chosen, key, classes.against_idx[key])
        require_finite(maps, "maps", self.names)
        words = self.target if target is None else target_words(target)
        return replace(self, maps=maps, **classes._asdict(), method=name, unit=METHODS[name].unit, target=words)

    def _maps(self, closed_form: ClosedForm, key: str, class_idx: np.ndarray) -> np.ndarray:
        evidence, facts = self.evidence[key], self.variants[key]
        maps = evidence.maps(closed_form, evidence.features, torch.from_numpy(self.logits[key]), class_idx)
        if evidence.mirrored is None:
            return maps
        other = evidence.maps(closed_form, evidence.mirrored, evidence.logits(evidence.mirrored), class_idx)
        return (maps + mirrored(other, facts.centres, facts.scaling.input_size)) / 2

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
        alike = ("variants", "categories", "method", "unit", "target", "view", "layer", "flip")
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
            evidence={key: _stacked([one.evidence[key] for one in comparisons]) for key in first.evidence},
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
        plain = {name: getattr(self, name) for name in PLAIN}
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


def _stacked(evidence: Sequence[Evidence]) -> Evidence:
    turned = [one.mirrored for one in evidence if one.mirrored is not None]
    features = torch.cat([one.features for one in evidence])
    return replace(evidence[0], features=features, mirrored=torch.cat(turned) if turned else None)


def require_finite(arrays: Mapping[str, np.ndarray], kind: str, names: Sequence[str]) -> None:
    """Refuse logits or maps that are not finite, with the variant's and the image's names.

    Raises:
        ValueError: for the first such image.
    """
    for key, values in arrays.items():
        bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
        if len(bad):
            raise ValueError(
                f"variant {key!r} gives {kind} that are not finite on {names[bad[0]]!r}; its weights are damaged"
            )


def no_difference(method: str, layer: str = "head") -> str:
    """Why two classes cannot be held against each other."""
    possible = ", ".join(key for key, entry in METHODS.items() if entry.unit == "logit")
    if layer in ("head", "all"):
        return f"method {method!r} has no unit, so its maps of two classes have no difference; choose from {possible}"
    return f"maps at {layer} have no unit, so those of two classes have no difference; leave the layer out"


def target_words(target: Target) -> str:
    """What was asked for, for people."""
    if isinstance(target, (str, int)):
        return str(target)
    return ", ".join(map(str, target))
