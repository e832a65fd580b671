"""The figure: originals and maps side by side, one row per image.

``figure_layout`` decides what is shown; ``layout`` gives it a place, and the back ends in ``drawing`` draw it.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cam.figures.colours import coloured, display_scale, overlay, scaled
from cam.figures.drawing import draw_matplotlib, draw_pillow, write_pixels, write_vectors
from cam.figures.layout import CAVEAT, HEADING, INK, NOTHING, PAGE, Bar, Column, Layout, Words, arranged
from cam.maps.closed_forms import resample
from cam.maps.methods import METHODS
from models.files import atomic_write
from models.scaling import BASE_RESOLUTION, UNRECORDED

if TYPE_CHECKING:
    from cam.comparison import Comparison, VariantFacts

__all__ = [
    "SCALES",
    "STYLES",
    "SUFFIXES",
    "Layout",
    "display_scale",
    "draw_matplotlib",
    "draw_pillow",
    "figure_layout",
    "overlay",
    "save_figure",
]

SCALES = ("map", "row")
STYLES = ("overlay", "paper")
SUFFIXES = (".png", ".webp", ".pdf", ".svg")
COLOUR_MAP, OPACITY = "inferno", 0.7

TARGET_WORDS = {"shared": "same class in a row", "own": "each variant's own class"}
VIEW_WORDS = {"square": "whole image squashed", "centre": "centre crop"}
SCALE_WORDS = {"map": "each map on its own scale: 0 clear, its maximum yellow", "row": "one scale per row"}

Limits = tuple[float, float]


def figure_layout(
    comparison: "Comparison",
    scale: str = "map",
    style: str = "overlay",
    variants: Iterable[str] | None = None,
    width: float = PAGE,
) -> Layout:
    """Arrange a comparison: the original and a panel per variant, one row per image.

    Args:
        comparison: what to show; its maps must be finite.
        scale: ``"map"`` draws every map from 0 to its own maximum, ``"row"`` all maps of a row from 0 to their
            common one, with a colour bar.
        style: ``"overlay"`` lays maps over the picture, where the network looked; ``"paper"`` redraws the look of
            Figure 7: jet without picture, min-max of each map with its negative values, half-pixel placement.
        variants: which of the comparison's variants, in this order; default all.
        width: of the page in points; default 7 inches. Where panels would become too narrow for their captions, as in
            a column of 3.3 inches, they are split into bands below each other; a few panels make a narrower page.

    Raises:
        ValueError: unknown scale, style or variant; a shared scale without a shared unit; nothing to draw; a map is
            not finite.
    """
    keys = list(comparison.variants if variants is None else variants)
    _check_choice(comparison, scale, style)
    _check_contents(comparison, keys)
    if style == "paper":
        return arranged(_paper_columns(comparison, keys), [], [], width, "center")
    limits = [display_scale([comparison.maps[key][i] for key in keys], "row") for i in range(len(comparison.names))]
    shared = limits if scale == "row" else None
    bars = [_bar(comparison.unit, high) for _, high in limits] if shared else []
    return arranged(_overlay_columns(comparison, keys, shared), bars, _footer(comparison, keys, scale), width, "left")


def _check_choice(comparison: "Comparison", scale: str, style: str) -> None:
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; choose from {', '.join(SCALES)}")
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}; choose from {', '.join(STYLES)}")
    if scale == "row" and style == "paper":
        raise ValueError("the paper style gives every map its own scale; choose scale 'map' or style 'overlay'")
    if scale == "row" and comparison.unit != "logit":
        raise ValueError(
            f"maps of {comparison.question.method!r} have no unit that variants could share; "
            "choose scale 'map', or a method in logits such as 'cam'"
        )


def _check_contents(comparison: "Comparison", keys: list[str]) -> None:
    for key in keys:
        if key not in comparison.variants:
            raise ValueError(f"unknown variant {key!r}; choose from {', '.join(comparison.variants)}")
    if not keys or not comparison.names:
        raise ValueError(f"got {len(keys)} variants and {len(comparison.names)} images; a figure needs one of each")
    for key in keys:
        finite = np.isfinite(comparison.maps[key]).all(axis=(1, 2)) & np.isfinite(comparison.logits[key]).all(axis=1)
        if not finite.all():
            name = comparison.names[int(finite.argmin())]
            raise ValueError(
                f"variant {key!r} has a map or logits that are not finite for image {name!r}; leave one of them out"
            )


# ---------------------------------------------------------------------------------------------------- the overlay style


def _overlay_columns(comparison: "Comparison", keys: list[str], shared: list[Limits] | None) -> list[Column]:
    heading = Words(["Original"], size=HEADING, bold=True, colour=INK)
    notes = comparison.notes or [""] * len(comparison.names)
    names = [
        (Words([n], colour=INK), Words([*none_may_fit(comparison, i).split(), *note.split()], colour=CAVEAT))
        for i, (n, note) in enumerate(zip(comparison.names, notes, strict=True))
    ]
    original = Column((heading, NOTHING, NOTHING, NOTHING), list(comparison.images), names)
    return [original, *(_variant_column(comparison, key, shared) for key in keys)]


def _variant_column(comparison: "Comparison", key: str, shared: list[Limits] | None) -> Column:
    pictures = []
    for i, (image, raw) in enumerate(zip(comparison.images, comparison.maps[key], strict=True)):
        values = _fine(comparison.variants[key], raw, len(image), "registered")
        limits = shared[i] if shared else display_scale(raw, "map")
        pictures.append(overlay(image, scaled(values, *limits), COLOUR_MAP, OPACITY))
    captions = [_caption(comparison, key, i) for i in range(len(pictures))]
    return Column(_header(comparison.variants[key]), pictures, captions)


def _fine(facts: "VariantFacts", raw: np.ndarray, size: int, placement: str) -> np.ndarray:
    return resample(raw[None], facts.centres, facts.scaling.input_size, size, placement, facts.offset)[0]


def _header(facts: "VariantFacts") -> tuple[Words, ...]:
    scaling = facts.scaling
    pixels = "resolution unrecorded" if scaling.resolution == UNRECORDED else f"{scaling.resolution} px"
    return (
        Words(facts.label.split(), size=HEADING, bold=True, colour=INK),
        Words([f"d {scaling.depth_mult:.3g}", f"w {scaling.width_mult:.3g}", pixels], joiner="  "),
        Words([f"{facts.params / 1e6:.3g} M params", f"{facts.macs / 1e9:.3g} GMACs"], joiner=" · "),
        Words(facts.note.split(), colour=CAVEAT),
    )


def _caption(comparison: "Comparison", key: str, i: int) -> tuple[Words, Words]:
    """What the variant takes the image for, and what else a reader of its map must know."""
    top, explained = int(comparison.logits[key][i].argmax()), int(comparison.class_idx[key][i])
    probability = comparison.probabilities(key)[i, top]
    remarks = []
    if explained != top or comparison.against_idx:
        remarks.append(f"map of: {comparison.categories[explained]}")
    if comparison.against_idx:
        remarks.append(f"minus: {comparison.categories[int(comparison.against_idx[key][i])]}")
    if not comparison.maps[key][i].max() > 0:
        remarks.append("no positive evidence")
    return Words([comparison.categories[top]], tail=f" {_percent(probability)}", colour=INK), Words(
        remarks, joiner=" · "
    )


def none_may_fit(comparison: "Comparison", image: int) -> str:
    """Said of an image that may show none of the classes; "" of the others, and where nobody measured how to tell."""
    judged, count = comparison.out_of_class, len(comparison.categories)
    return f"none of the {count:,} classes may fit" if judged and judged[image] else ""


def _percent(probability: float) -> str:
    """Whole per cent; 100 % and 0 % are never said of what is only close to them."""
    if probability >= 0.995:
        return ">99 %"
    return f"{100 * probability:.0f} %" if probability >= 0.005 else "<1 %"


def _footer(comparison: "Comparison", keys: list[str], scale: str) -> list[Words]:
    """How to read the figure, and where the weights come from."""
    how = [
        method_words(comparison),
        TARGET_WORDS.get(comparison.question.target_words) or f"class: {_class_words(comparison, keys)}",
        VIEW_WORDS.get(comparison.question.view, comparison.question.view),
        SCALE_WORDS[scale],
    ]
    if any(comparison.maps[key].min() < 0 for key in keys):
        how.append("negative evidence not drawn")
    return [Words(how, joiner=" · "), Words(_origins(comparison, keys).split())]


def method_words(comparison: "Comparison") -> str:
    """The method, and what sets its maps apart from those of the last layer and of the image as it is."""
    question = comparison.question
    words = METHODS[question.method].label
    if question.layer not in ("head", "all"):
        words += f" at {' and '.join(question.layer.rsplit(', ', 1))}"
    return words + (", averaged with the mirror image" if question.flip else "")


def _class_words(comparison: "Comparison", keys: list[str]) -> str:
    explained = {int(class_idx) for key in keys for class_idx in comparison.class_idx[key]}
    single = len(explained) == 1 and not comparison.against_idx
    return comparison.categories[explained.pop()] if single else comparison.question.target_words


def _origins(comparison: "Comparison", keys: list[str]) -> str:
    """Provenance of the weights, said once for all variants that share it."""
    labels: dict[str, list[str]] = {}
    for facts in (comparison.variants[key] for key in keys):
        labels.setdefault(facts.provenance or "unknown", []).append(facts.label)
    told = list(labels) if len(labels) == 1 else [f"{', '.join(of)}: {origin}" for origin, of in labels.items()]
    return f"Weights: {'; '.join(told)}"


def _bar(unit: str, high: float) -> Bar:
    """Colours laid over light grey, so that the bar fades as the overlays do."""
    values = scaled(np.linspace(high, 0, 256, dtype=np.float32)[:, None], 0.0, high)
    grey = np.full((256, 1, 3), 224, np.uint8)
    return Bar(overlay(grey, values, COLOUR_MAP, OPACITY), f"{high:.3g}" if high < 1000 else f"{high:.0f}", unit)


# ------------------------------------------------------------------------------------------------------ the paper style


def _paper_columns(comparison: "Comparison", keys: list[str]) -> list[Column]:
    """Figure 7: no text but the names of the columns and the class of each row."""
    classes = [(Words([_row_class(comparison, keys, i)], colour=INK),) for i in range(len(comparison.names))]
    columns = [Column((Words(["original", "image"], colour=INK),), list(comparison.images), classes)]
    for key in keys:
        facts, maps, size = comparison.variants[key], comparison.maps[key], comparison.images.shape[1]
        values = [scaled(_fine(facts, raw, size, "half-pixel"), *display_scale(raw, "min-max")) for raw in maps]
        pictures = [coloured(one, "jet") for one in values]
        columns.append(Column((Words(_paper_name(key, facts), colour=INK),), pictures, [(NOTHING,)] * len(maps)))
    return columns


def _paper_name(key: str, facts: "VariantFacts") -> list[str]:
    scaling = facts.scaling
    ratio = "" if scaling.resolution == UNRECORDED else f" (r={scaling.input_size / BASE_RESOLUTION:.3g})"
    names = {
        "baseline": "baseline model",
        "depth": f"deeper (d={scaling.depth_mult:.3g})",
        "width": f"wider (w={scaling.width_mult:.3g})",
        "resolution": f"higher resolution{ratio}",
        "compound": "compound scaling",
    }
    return names.get(key, facts.label).split()


def _row_class(comparison: "Comparison", keys: list[str], i: int) -> str:
    """The class that all maps of a row explain; the image's name where they explain several."""
    explained = {int(comparison.class_idx[key][i]) for key in keys}
    return comparison.categories[explained.pop()] if len(explained) == 1 else comparison.names[i]


# -------------------------------------------------------------------------------------------------------------- saving


def save_figure(
    comparison: "Comparison",
    path: str | os.PathLike,
    scale: str = "map",
    style: str = "overlay",
    dpi: float = 200,
    variants: Iterable[str] | None = None,
    width: float = PAGE,
) -> None:
    """Write a figure in the format that the suffix of ``path`` names: .png, .webp, .pdf or .svg. Whole or not at all.

    Same input, same bytes. ``dpi`` counts for PNG and WEBP, and is lowered where a side would exceed 20,000 pixels
    (16,383 for WEBP, the format's limit); PDF and SVG carry the pictures at their own resolution. PDF embeds its fonts
    as TrueType, so text can be searched; SVG holds text as outlines, because a viewer without DejaVu Sans would set it
    in other widths.

    Raises:
        ValueError: the suffix is none of these, or see ``figure_layout``.
        OSError: the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"cannot write {Path(path).name!r}: unknown suffix {suffix!r}; choose from {', '.join(SUFFIXES)}"
        )
    layout = figure_layout(comparison, scale, style, variants, width)
    with atomic_write(path) as file:
        if suffix in (".png", ".webp"):
            write_pixels(layout, file, suffix, dpi)
        else:
            write_vectors(layout, file, suffix)
