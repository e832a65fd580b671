"""A comparison: raw maps of several networks on the same images, explained again, stacked, drawn, saved and loaded."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

import msgspec
import numpy as np
import torch
from PIL import Image

from cam.evidence import Evidence, require_finite, stacked
from cam.figures.display import Display
from cam.figures.drawing import draw_matplotlib
from cam.figures.figure import figure_layout
from cam.maps.cells import CellGrid
from cam.maps.closed_forms import mirrored, shifted
from cam.maps.layers import HEAD, centres_at, offset_at
from cam.maps.methods import closed_form_of, require_head
from cam.maps.targets import Classes, Target, resolve_target
from cam.question import Question
from cam.saved import FORMAT, KINDS, checked_arrays, read_arrays, read_document, write_arrays
from cam.showing import Guess, overlay_of, png_of, same, top_of, words_of
from models.classifier import linear_layers
from models.engine import engine_words
from models.network import Network
from models.out_of_class import ScoreScale, out_of_class
from models.outputs import SOFTMAX, probabilities
from models.scaling import Scaling

ASKED = ("method", "target", "view", "layer", "flip")


@dataclass(frozen=True)
class VariantFacts:
    """What a figure says of one variant, without its network.

    ``centres`` are the nominal input pixels of the cells of its maps along either axis, ``offset`` what was measured to
    the right and down from there to where the cells look, ``note`` is a caveat to print with every
    map ("" where there is none), ``fingerprint`` the sha256 of its weights, ``score_scale`` what tells images that show
    none of the classes (None where that was not measured), ``engine`` what ran it and its version ("" where nobody knows);
    figures do not say that.
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
    offset: tuple[float, float] = (0.0, 0.0)
    score_scale: ScoreScale | None = None
    engine: str = ""

    @property
    def grid(self) -> CellGrid:
        """Where the cells of its maps look."""
        return CellGrid(self.centres, self.scaling.input_size, self.offset)

    @classmethod
    def of(cls, network: Network, layers: tuple[str, ...] = HEAD) -> Self:
        return cls(
            network.label,
            network.provenance,
            network.note,
            network.scaling,
            network.family,
            network.params,
            network.macs,
            network.fingerprint,
            tuple(centres_at(network, layers)),
            offset_at(network, layers),
            network.score_scale,
            engine_words(network.engine),
        )


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Raw maps of several variants on the same images.

    Attributes:
        variants: key -> facts, in display order.
        names: of the images.
        images: the field of view that every variant saw, uint8 (N, s, s, 3).
        categories: K class names.
        question: that the maps answer; its target is in words.
        maps: key -> raw maps, float32 (N, h, w).
        logits: key -> float32 (N, K).
        class_idx: key -> class explained, int64 (N,).
        against_idx: key -> class B of "A - B", int64 (N,); None for other targets.
        evidence: key -> what other maps can be computed from; empty after ``load`` and at layers other than the head.
        others: key -> energy of the classifier's other rows, float32 (N,), of those networks that are judged by it.
        outputs: how logits are read: ``"softmax"`` or ``"sigmoid"``, see ``models.outputs``.
        notes: on each image, what was read otherwise than it was stored; "" where nothing, [] where that is not known.
    """

    variants: dict[str, VariantFacts]
    names: list[str]
    images: np.ndarray
    categories: list[str]
    question: Question
    maps: dict[str, np.ndarray]
    logits: dict[str, np.ndarray]
    class_idx: dict[str, np.ndarray]
    against_idx: dict[str, np.ndarray] | None = None
    evidence: dict[str, Evidence] = field(default_factory=dict, repr=False, compare=False)
    outputs: str = SOFTMAX
    notes: list[str] = field(default_factory=list)
    others: dict[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        return words_of(self)

    def _repr_png_(self) -> bytes:
        return png_of(self)

    def __eq__(self, other: object) -> bool:
        return same(self, other) if isinstance(other, Comparison) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def overlay(self, key: str, image: int = 0) -> Image.Image:
        """One variant's map over one image, RGB; see ``cam.showing``."""
        return overlay_of(self, key, image)

    def top(self, count: int = 5, image: int = 0) -> dict[str, list[Guess]]:
        """For each variant its likeliest classes in one image, each with its probability."""
        return top_of(self, count, image)

    @property
    def unit(self) -> str:
        """Of the maps: ``"logit"``, or "" where those of several variants cannot share a scale."""
        return self.question.unit

    def grid(self, key: str) -> CellGrid:
        """Where the cells of a variant's maps look."""
        return self.variants[key].grid

    @property
    def out_of_class(self) -> list[bool] | None:
        """Of each image whether it may show none of the classes; None where nobody measured how to tell."""
        scales = {key: facts.score_scale for key, facts in self.variants.items()}
        return out_of_class(self.logits, scales, self.others)

    def probabilities(self, key: str) -> np.ndarray:
        """What a variant gives each class in each image, float64 (N, K)."""
        return probabilities(self.logits[key].astype(np.float64), self.outputs)

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
        name = self.question.method if method is None else method
        closed_form_of(name)
        asked = replace(self.question, method=name)
        for key, evidence in self.evidence.items():
            require_head(name, key, len(linear_layers(evidence.head)))
        classes = Classes(self.class_idx, self.against_idx)
        if target is not None:
            classes = resolve_target(target, self.logits, self.categories, self.outputs)
            asked = replace(asked, target=target)
        if classes.against_idx is not None:
            asked.require_unit()
        maps = {}
        for key in self.evidence:
            maps[key] = self._maps(name, key, classes.class_idx[key])
            if classes.against_idx is not None:
                maps[key] = maps[key] - self._maps(name, key, classes.against_idx[key])
        require_finite(maps, "maps", self.names)
        return replace(self, maps=maps, **classes._asdict(), question=replace(asked, target=asked.target_words))

    def _maps(self, method: str, key: str, class_idx: np.ndarray) -> np.ndarray:
        evidence, facts = self.evidence[key], self.variants[key]
        maps = evidence.maps(method, evidence.features, torch.from_numpy(self.logits[key]), class_idx)
        if evidence.mirrored is None:
            return maps
        other = evidence.maps(method, evidence.mirrored, evidence.logits(evidence.mirrored), class_idx)
        return (maps + mirrored(other, shifted(facts.centres, facts.offset[0]), facts.scaling.input_size)) / 2

    def renamed(self, names: Sequence[str]) -> Self:
        """The same comparison under other names of its images."""
        if len(names) != len(self.names):
            raise ValueError(f"{len(names)} names for {len(self.names)} images; give one for each")
        return replace(self, names=list(names))

    @classmethod
    def stack(cls, comparisons: Sequence[Self]) -> Self:
        """One comparison of all images of several, which must have the same variants and the same question.

        Raises:
            ValueError: there is nothing to stack, or they differ in more than their images.
        """
        if not comparisons:
            raise ValueError("there is no comparison to stack; give at least one")
        first = comparisons[0]
        for other in comparisons[1:]:
            differ = [
                name for name in ("variants", "categories", "outputs") if getattr(other, name) != getattr(first, name)
            ]
            differ += [name for name in ASKED if getattr(other.question, name) != getattr(first.question, name)]
            if differ:
                raise ValueError(
                    f"comparisons differ in their {', '.join(differ)}; stack only those that differ in their images"
                )

        def joined(kind: str) -> dict[str, np.ndarray]:
            parts = [getattr(one, kind) for one in comparisons]
            return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

        return replace(
            first,
            names=[name for one in comparisons for name in one.names],
            notes=[note for one in comparisons for note in one.notes or [""] * len(one.names)],
            images=np.concatenate([one.images for one in comparisons]),
            maps=joined("maps"),
            logits=joined("logits"),
            others=joined("others"),
            class_idx=joined("class_idx"),
            against_idx=joined("against_idx") if first.against_idx is not None else None,
            evidence={key: stacked([one.evidence[key] for one in comparisons]) for key in first.evidence},
        )

    def figure(self, scale: str = "map", style: str = "overlay", display: Display | None = None) -> Any:
        """The side-by-side figure, a matplotlib ``Figure``.

        Args:
            scale: ``"map"`` (every map on its own scale) or ``"row"`` (one scale for all variants of an image).
            style: ``"overlay"`` or ``"paper"`` (the look of the paper's Figure 7).
            display: these two and all other display choices, in their place.
        """
        return draw_matplotlib(figure_layout(self, display or Display(scale, style)))

    def save(self, path: str | os.PathLike) -> None:
        """Write everything a figure needs into one .npz file, without features; the same comparison gives the same bytes."""
        arrays: dict[str, np.ndarray] = {"images": self.images}
        for kind in KINDS:
            arrays |= {f"{kind}/{key}": values for key, values in (getattr(self, kind) or {}).items()}
        facts = {key: asdict(variant) for key, variant in self.variants.items()}
        asked = asdict(self.question)
        plain = {
            "names": self.names,
            "categories": self.categories,
            "method": asked.pop("method"),
            "unit": self.unit,
            "outputs": self.outputs,
            "notes": self.notes,
        }
        document = json.dumps({"format": FORMAT, "variants": facts, **plain, **asked}, ensure_ascii=False)
        arrays["document"] = np.frombuffer(document.encode("utf-8", "replace"), dtype=np.uint8)
        write_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read what ``save`` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not a saved comparison.
        """
        try:
            arrays = read_arrays(path)
            found = read_document(_Document, arrays)
            if found.format != FORMAT:
                raise ValueError("written by another version")
            if len(found.notes) not in (0, len(found.names)):
                raise ValueError(f"{len(found.notes)} notes on {len(found.names)} images")
            fitting = checked_arrays(arrays, found)
            question = Question(**{name: getattr(found, name) for name in ASKED})
            if found.unit != question.unit:
                raise ValueError(
                    f"its maps have the unit {found.unit!r}, {question.method} at {question.layer} gives {question.unit!r}"
                )
            return cls(
                found.variants,
                found.names,
                categories=found.categories,
                question=question,
                outputs=found.outputs,
                notes=found.notes,
                **fitting,
            )
        except FileNotFoundError:
            raise FileNotFoundError(f"there is no file {path}") from None
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{path} is not a saved comparison ({error}); expected a .npz file written by compare --save"
            ) from error


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """What a saved comparison says beside its arrays."""

    format: int
    variants: dict[str, VariantFacts]
    names: list[str]
    categories: list[str]
    method: str
    unit: Literal["logit", ""]
    target: str
    view: str
    layer: str = "head"
    flip: bool = False
    outputs: Literal["softmax", "sigmoid"] = "softmax"
    notes: list[str] = []
