"""The figure as one HTML file: the viewer, the photographs and the raw maps, for any browser, without a server."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cam import Comparison
from ui.components.loader import MODULE, SHEET, joined
from ui.components.viewer.packing import pack, packed_paper

HERE = Path(__file__).parent
START = "export default function (component)"
MOST_CLASSES = 12
TARGETS = {"shared": "what most networks see in each photograph", "own": "what each network sees itself"}


def interactive_page(
    rows: Sequence[Comparison],
    others: Iterable[Sequence[Comparison]],
    digests: Sequence[str],
    pictures: Sequence[str],
    order: Sequence[str],
    look: str | None = None,
) -> str:
    """Write the page.

    Args:
        rows: one comparison for each photograph, as for ``pack``; these are shown first.
        others: the same photographs with maps of other classes, which a menu offers.
        digests: sha256 of each photograph.
        pictures: field of view of each photograph, as a data URL.
        order: keys of the study's variants, as they are shown.
        look: the display choices that it opens with, as a link has them.

    Returns:
        HTML that loads nothing from elsewhere.
    """
    answers: dict[str, Sequence[Comparison]] = {}
    for one in (rows, *others):
        answers.setdefault(target_words(one[0]), one)
    packed = [(words, pack(one, digests, pictures, {}, order)) for words, one in answers.items()]
    figure = packed[0][1] | {"lecture": False, "uploads": 0, "theirs": packed_paper(), "scene": None, "look": look}
    figure["rows"] = [_parts(row, ("name", "digest", "picture", "outside", "elsewhere")) for row in figure["rows"]]
    figure["answers"] = [
        {
            "words": words,
            "own": data["own"],
            "rows": [_parts(row, ("panels", "maps")) for row in data["rows"]],
        }
        for words, data in packed
    ]
    return _filled(
        {
            "<!--html-->": HERE.joinpath("viewer.html").read_text(encoding="utf-8"),
            "/*theme*/": joined(HERE.parent / "shared" / "theme.css", SHEET),
            "/*css*/": joined(HERE / "viewer.css", SHEET),
            "/*js*/": joined(HERE / "viewer.js", MODULE).replace(START, "function mount(component)"),
            "/*data*/": json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c"),
        }
    )


def likely_classes(rows: Sequence[Comparison], guesses: int = 3) -> list[int]:
    """Indices of the networks' first guesses for all photographs, the most certain first, at most ``MOST_CLASSES``."""
    best: dict[int, float] = {}
    for row in rows:
        for logits in row.logits.values():
            for index in np.argsort(-logits[0])[:guesses]:
                margin = float(logits[0, index] - logits[0].max())
                best[int(index)] = max(margin, best.get(int(index), -np.inf))
    return sorted(best, key=best.__getitem__, reverse=True)[:MOST_CLASSES]


def target_words(row: Comparison) -> str:
    """What a comparison's maps explain, for people."""
    if row.question.target in TARGETS:
        return TARGETS[row.question.target]
    explained, *against = (
        row.categories[int(next(iter(one.values()))[0])] for one in (row.class_idx, row.against_idx) if one is not None
    )
    return " rather than ".join([explained, *against])


def _parts(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _filled(parts: Mapping[str, str]) -> str:
    """The page with each placeholder replaced once; inserted text is not searched for placeholders."""
    text, done = HERE.joinpath("interactive.html").read_text(encoding="utf-8"), ""
    for place, part in sorted(parts.items(), key=lambda item: text.index(item[0])):
        before, text = text.split(place, 1)
        done += before + part
    return done + text
