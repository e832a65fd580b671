"""The figure: originals and maps side by side, one row per image.

``figure_layout`` decides what is shown; ``panels`` draws the maps, ``layout`` gives them a place, and the back ends in
``drawing`` draw the page.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cam.figures.display import DISPLAY, Display
from cam.figures.drawing import write_pixels, write_vectors
from cam.figures.layout import CAVEAT, HEADING, INK, NOTHING, PAGE, Column, Layout, Panel, Words, arranged
from cam.figures.panels import Painter, swiped
from cam.maps.methods import METHODS
from models.files import atomic_write
from models.scaling import BASE_RESOLUTION, UNRECORDED

if TYPE_CHECKING:
    from cam.comparison import Comparison, VariantFacts

SUFFIXES = (".png", ".webp", ".pdf", ".svg")

TARGET_WORDS = {"shared": "same class in a row", "own": "each variant's own class"}
VIEW_WORDS = {"square": "whole image squashed", "centre": "centre crop"}


def figure_layout(
    comparison: "Comparison",
    display: Display = DISPLAY,
    variants: Iterable[str] | None = None,
    width: float = PAGE,
) -> Layout:
    """Arrange a comparison: the original and a panel per variant, one row per image.

    Args:
        comparison: what to show; its maps must be finite.
        display: how maps are drawn. Where it swipes, one panel per row stands for two of the variants.
        variants: which of the comparison's variants, in this order; default all.
        width: of the page in points; default 7 inches. Where panels would become too narrow for their captions, as in
            a column of 3.3 inches, they are split into bands below each other; a few panels make a narrower page.

    Raises:
        ValueError: unknown variant; a shared scale or a difference without a shared unit; nothing to draw; a map is not
            finite.
    """
    keys = list(comparison.variants if variants is None else variants)
    pair = [display.swipe.left, display.swipe.right] if display.swipe else []
    shown = [key for key in pair if key] or keys
    display.require_possible(comparison.variants, comparison.unit, comparison.question.method)
    _check_contents(comparison, keys, {*shown, display.difference} - {""})
    painter = Painter(comparison, keys, display)
    original, column = (_paper_original, _paper_column) if display.paper else (_original, _variant_column)
    first = original(comparison, keys)
    columns = [column(painter, key) if key else _bare(first) for key in pair or keys]
    if display.swipe:
        columns = [_swiped(columns[0], columns[1], display.swipe.divide)]
    if display.paper:
        return arranged([first, *columns], [], [], width, "center")
    bars = [painter.bar(i) for i in range(len(comparison.names))] if display.scale == "row" else []
    return arranged([first, *columns], bars, _footer(comparison, shown, display), width, "left")


def _check_contents(comparison: "Comparison", keys: list[str], others: set[str]) -> None:
    """Refuse variants that are not there or not finite; ``others`` are drawn too, or taken from the rest."""
    if not keys or not comparison.names:
        raise ValueError(f"got {len(keys)} variants and {len(comparison.names)} images; a figure needs one of each")
    for key in [*keys, *sorted(others - {*keys})]:
        if key not in comparison.variants:
            raise ValueError(f"unknown variant {key!r}; choose from {', '.join(comparison.variants)}")
        finite = np.isfinite(comparison.maps[key]).all(axis=(1, 2)) & np.isfinite(comparison.logits[key]).all(axis=1)
        if not finite.all():
            name = comparison.names[int(finite.argmin())]
            raise ValueError(
                f"variant {key!r} has a map or logits that are not finite for image {name!r}; leave one of them out"
            )


# ---------------------------------------------------------------------------------------------------- the overlay style


def _original(comparison: "Comparison", keys: list[str]) -> Column:
    heading = Words(["Original"], size=HEADING, bold=True, colour=INK)
    notes = comparison.notes or [""] * len(comparison.names)
    names = [
        (Words([n], colour=INK), Words([*none_may_fit(comparison, i).split(), *note.split()], colour=CAVEAT))
        for i, (n, note) in enumerate(zip(comparison.names, notes, strict=True))
    ]
    return Column((heading, NOTHING, NOTHING, NOTHING), list(map(Panel, comparison.images)), names)


def _variant_column(painter: Painter, key: str) -> Column:
    comparison, base = painter.comparison, painter.display.difference
    panels = [painter.panel(key, i) for i in range(len(comparison.names))]
    captions = [_caption(painter, key, i) for i in range(len(panels))]
    label, *facts = _header(comparison.variants[key])
    if base and base != key:
        label = label._replace(pieces=[*label.pieces, f"− {comparison.variants[base].label}"])
    return Column((label, *facts), panels, captions)


def _header(facts: "VariantFacts") -> tuple[Words, ...]:
    scaling = facts.scaling
    pixels = "resolution unrecorded" if scaling.resolution == UNRECORDED else f"{scaling.resolution} px"
    return (
        Words(facts.label.split(), size=HEADING, bold=True, colour=INK),
        Words([f"d {scaling.depth_mult:.3g}", f"w {scaling.width_mult:.3g}", pixels], joiner="  "),
        Words([f"{facts.params / 1e6:.3g} M params", f"{facts.macs / 1e9:.3g} GMACs"], joiner=" · "),
        Words(facts.note.split(), colour=CAVEAT),
    )


def _caption(painter: Painter, key: str, i: int) -> tuple[Words, Words]:
    """What the variant takes the image for, and what else a reader of its map must know."""
    comparison = painter.comparison
    top, explained = int(comparison.logits[key][i].argmax()), int(comparison.class_idx[key][i])
    probability = comparison.probabilities(key)[i, top]
    remarks = []
    if explained != top or comparison.against_idx:
        remarks.append(f"map of: {comparison.categories[explained]}")
    if comparison.against_idx:
        remarks.append(f"minus: {comparison.categories[int(comparison.against_idx[key][i])]}")
    if painter.display.difference:
        low, high = painter.limits(key, i)
        remarks += [] if low < high else ["no difference"]
    elif not comparison.maps[key][i].max() > 0:
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


def _footer(comparison: "Comparison", keys: list[str], display: Display) -> list[Words]:
    """How to read the figure, and where the weights come from."""
    against = comparison.variants[display.difference].label if display.difference else ""
    how = [
        method_words(comparison),
        TARGET_WORDS.get(comparison.question.target_words) or f"class: {_class_words(comparison, keys)}",
        VIEW_WORDS.get(comparison.question.view, comparison.question.view),
        *display.words(against),
    ]
    if not display.two_sided and any(comparison.maps[key].min() < 0 for key in keys):
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


# ------------------------------------------------------------------------------------------------------ the paper style


def _paper_original(comparison: "Comparison", keys: list[str]) -> Column:
    """Figure 7: no text but the names of the columns and the class of each row."""
    classes = [(Words([_row_class(comparison, keys, i)], colour=INK),) for i in range(len(comparison.names))]
    return Column((Words(["original", "image"], colour=INK),), list(map(Panel, comparison.images)), classes)


def _paper_column(painter: Painter, key: str) -> Column:
    name = Words(_paper_name(key, painter.comparison.variants[key]), colour=INK)
    panels = [painter.panel(key, i) for i in range(len(painter.comparison.names))]
    return Column((name,), panels, [(NOTHING,)] * len(panels))


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


# ------------------------------------------------------------------------------------------------------- two in one


def _bare(photographs: Column) -> Column:
    """The photographs as one half of swiped panels: what is said of them stands beside already."""
    return photographs._replace(captions=[tuple(NOTHING for _ in one) for one in photographs.captions])


def _swiped(left: Column, right: Column, divide: float) -> Column:
    """Two columns as one, with a divider in every panel."""
    return Column(
        tuple(map(_beside, left.header, right.header)),
        [swiped(*pair, divide) for pair in zip(left.panels, right.panels, strict=True)],
        [tuple(map(_beside, *pair)) for pair in zip(left.captions, right.captions, strict=True)],
    )


def _beside(left: Words, right: Words) -> Words:
    """What stands over or under the two halves of a panel, in one line where there is room."""
    one, other = (words.joiner.join(words.pieces) + words.tail for words in (left, right))
    if not one and not other:
        return NOTHING
    return (left if one else right)._replace(pieces=[f"{one} |".lstrip(), other], joiner=" ", tail="")


# -------------------------------------------------------------------------------------------------------------- saving


def save_figure(
    comparison: "Comparison",
    path: str | os.PathLike,
    display: Display = DISPLAY,
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
    layout = figure_layout(comparison, display, variants, width)
    with atomic_write(path) as file:
        if suffix in (".png", ".webp"):
            write_pixels(layout, file, suffix, dpi)
        else:
            write_vectors(layout, file, suffix)
