"""A comparison as plain data for the viewer, with maps and colours as base64 of their bytes."""

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from cam import METHODS, Comparison
from cam.comparison import VariantFacts
from cam.figures.colours import COLOUR_MAPS, colour_table
from cam.figures.figure import method_words, none_may_fit
from cam.maps.parts import Parts
from cam.paper.figure7 import paper_figure
from models.studies import baseline_of


def packed(array: np.ndarray, dtype: str = "<f4") -> str:
    """Base64 of the values of an array, row by row."""
    return base64.b64encode(np.ascontiguousarray(array, dtype=dtype).tobytes()).decode()


@cache
def packed_colours() -> dict[str, str]:
    """256 x RGB of every colour map that the viewer offers."""
    return {name: packed(colour_table(table), "u1") for name, table in COLOUR_MAPS.items()}


@cache
def packed_paper() -> dict[str, Any]:
    """The paper's own Figure 7, shown beside ours in paper style: its source, and every map's levels in [0, 1]."""
    figure = paper_figure()
    rows = [
        {
            "name": name,
            "panels": {
                key: {"cells": one.side, "levels": packed(one.levels)} for key, one in figure.maps[name].items()
            },
        }
        for name in figure.classes
    ]
    return {"source": figure.source, "titles": dict(figure.titles), "rows": rows}


def pack(
    rows: Sequence[Comparison],
    digests: Sequence[str],
    pictures: Sequence[str],
    missing: Mapping[str, tuple[str, str]],
    order: Sequence[str],
    elsewhere: Sequence[tuple[str, str, str] | None] = (),
) -> dict[str, Any]:
    """Everything the viewer draws.

    Args:
        rows: one comparison for each photograph, all of the same variants.
        digests: sha256 of each photograph.
        pictures: field of view of each photograph, as a data URL.
        missing: key -> label and one sentence, for variants that could not be loaded.
        order: keys of all the study's variants in the order in which they are shown.
        elsewhere: for each photograph, another study that has a class for it, its title, and that class; None without one.
    """
    first = rows[0]
    return {
        "columns": [_column(key, facts) for key, facts in first.variants.items()],
        "missing": [{"key": key, "label": label, "words": words} for key, (label, words) in missing.items()],
        "baseline": list(first.variants).index(baseline_of(first.variants)),
        "order": [key for key in order if key in first.variants or key in missing],
        "rows": [_row(*row) for row in zip(rows, digests, pictures, elsewhere or [None] * len(rows), strict=True)],
        "unit": first.unit,
        "signed": METHODS[first.question.method].signed,
        "method": method_words(first),
        "own": first.question.target == "own",
        "colours": packed_colours(),
    }


def packed_parts(parts: Parts) -> dict[str, Any]:
    """A map taken apart: channels with their weights and feature maps, the map, and the bias."""
    return {
        "channels": [
            {"channel": int(channel), "weight": float(weight), "map": packed(one)}
            for channel, weight, one in zip(parts.channels, parts.weight, parts.features, strict=True)
        ],
        "map": packed(parts.whole),
        "bias": parts.bias,
    }


def _column(key: str, facts: VariantFacts) -> dict[str, Any]:
    scaling = facts.scaling
    return {
        "key": key,
        "label": facts.label,
        "coefficients": f"d {scaling.depth_mult:g} · w {scaling.width_mult:g} · {scaling.input_size} px",
        "cost": f"{facts.params / 1e6:.1f} M params · {facts.macs / 1e9:.2f} G MACs",
        "note": facts.note,
        "provenance": facts.provenance,
        "fingerprint": facts.fingerprint[:12],
        "resolution": scaling.input_size,
        "cells": len(facts.centres),
        "centres": list(facts.centres),
        "offset": list(facts.offset),
    }


def _row(row: Comparison, digest: str, picture: str, elsewhere: tuple[str, str, str] | None) -> dict[str, Any]:
    return {
        "name": row.names[0],
        "digest": digest,
        "picture": picture,
        "outside": none_may_fit(row, 0),
        "elsewhere": elsewhere and dict(zip(("study", "title", "seen"), elsewhere, strict=True)),
        "panels": [_panel(row, key) for key in row.variants],
        "maps": packed(np.concatenate([row.maps[key][0].ravel() for key in row.variants])),
    }


def _panel(row: Comparison, key: str) -> dict[str, Any]:
    """The variant's first guess and the class explained, each with its probability."""
    probabilities = row.probabilities(key)[0]
    top, explained = int(row.logits[key][0].argmax()), int(row.class_idx[key][0])
    against = None if row.against_idx is None else int(row.against_idx[key][0])
    return {
        "top": row.categories[top],
        "topProbability": float(probabilities[top]),
        "explained": row.categories[explained],
        "probability": float(probabilities[explained]),
        "right": top == explained,
        "against": None if against is None else row.categories[against],
    }
