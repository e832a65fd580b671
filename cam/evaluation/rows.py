"""What a report keeps of every single photograph and mosaic: columns of scores, short enough to ship."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cam.evaluation.measurements import GAUSSIAN, MEASUREMENTS, OWN, POOLED, Networks
from cam.pointing import LAYOUTS

DIGITS = 4
Columns = dict[str, list]


def kept_rows(photographs: Sequence[dict], mosaics: Sequence[dict], networks: Networks) -> dict[str, Any]:
    """Scores of the study's networks on single images, at their own grid and pooled, and of random weights and the
    Gaussian; of boxes there are none.

    Returns:
        ``photographs``: ``name``, ``right`` (network -> 1 where it is) and ``scores`` ("measurement|network|reading" ->
        number, or None where a photograph has no such score), each a list over photographs; ``mosaics``: layout ->
        ``tiles`` (the names of each mosaic's photographs) and ``scores``.
    """
    by_layout = {
        layout: [row for row in mosaics if f"pointing-{layout}|{networks.baseline}|{OWN}" in row["scores"]]
        for layout in LAYOUTS
    }
    return {
        "photographs": {
            "name": [row["name"] for row in photographs],
            "right": {key: [int(row["right"][key]) for row in photographs] for key in networks.own},
            "scores": _columns(photographs, networks),
        },
        "mosaics": {
            layout: {"tiles": [row["tiles"] for row in rows], "scores": _columns(rows, networks)}
            for layout, rows in by_layout.items()
            if rows
        },
    }


def column(rows: dict[str, Any], key: str) -> np.ndarray:
    """One score of a part of ``kept_rows``, float64 over its images, NaN where an image has none.

    Raises:
        KeyError: there is no such score.
    """
    return np.array([np.nan if value is None else value for value in rows["scores"][key]], dtype=np.float64)


def _columns(rows: Sequence[dict], networks: Networks) -> Columns:
    columns = [f"{key}|{reading}" for key in networks.own for reading in (OWN, POOLED)]
    columns += [f"{key}|{OWN}" for key in (*networks.random, GAUSSIAN)]
    keys = [f"{name}|{one}" for name in MEASUREMENTS for one in columns]
    found = {key: [row["scores"].get(key) for row in rows] for key in keys}
    return {
        key: [None if value is None else round(value, DIGITS) for value in values]
        for key, values in found.items()
        if any(value is not None for value in values) and not any(isinstance(value, list) for value in values)
    }
