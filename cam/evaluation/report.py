"""Rows of numbers -> a report: means, paired differences with intervals, controls and noise floor."""

from collections.abc import Sequence

import numpy as np

from cam.evaluation.measurements import GAUSSIAN, MEASUREMENTS, OWN, PAIRS, RANDOM, READINGS, Networks
from cam.evaluation.rows import kept_rows
from cam.evaluation.statistics import bootstrap
from cam.metrics import max_box_accuracy

RECOGNISED, MISCLASSIFIED, ALL = GROUPS = ("recognised", "misclassified", "all")
ENOUGH = 10  # images for a verdict: intervals from fewer are too narrow


def build_report(photographs: Sequence[dict], mosaics: Sequence[dict], networks: Networks) -> dict:
    """What ``measure_photographs`` and ``measure_mosaics`` found, summed up.

    Returns:
        ``images`` (group -> count), ``accuracy`` (network -> share right), ``measurements`` (name -> label, summary,
        ``groups``: see ``_group``), ``pairs`` (name -> summary, and mean and interval of every pair) and ``rows``
        (see ``kept_rows``).
    """
    groups = _groups(photographs, mosaics, networks)
    measurements = {}
    for name, measurement in MEASUREMENTS.items():
        found = {group: _group(name, rows, networks) for group, rows in groups.items()}
        if any(found.values()):
            kept = {group: values for group, values in found.items() if values}
            measurements[name] = {"label": measurement.label, "summary": measurement.summary, "groups": kept}
    trained = [*networks.own, *networks.seeds]
    return {
        "images": {group: sum("right" in row for row in rows) for group, rows in groups.items()},
        "mosaics": {group: sum("tiles" in row for row in rows) for group, rows in groups.items()},
        "accuracy": {key: float(np.mean([row["right"][key] for row in photographs])) for key in trained},
        "measurements": measurements,
        "pairs": {name: {"summary": summary, **_pairs(name, photographs, networks)} for name, summary in PAIRS.items()},
        "rows": kept_rows(photographs, mosaics, networks),
    }


def headline(measurement: dict | None) -> dict:
    """The group that a verdict and its controls are about: images that every network recognises, or all if too few."""
    groups = (measurement or {}).get("groups", {})
    found = groups.get(RECOGNISED, {})
    return found if found.get("images", 0) >= ENOUGH else groups.get(ALL, {})


def signed(interval: Sequence[float]) -> str:
    """A difference and its bounds: ``+0.031 [0.010, 0.052]``."""
    return f"{interval[0]:+z.3f} [{interval[1]:z.3f}, {interval[2]:z.3f}]"


def _groups(photographs: Sequence[dict], mosaics: Sequence[dict], networks: Networks) -> dict[str, list[dict]]:
    """Photographs and mosaics by whether every network of the study is right about every photograph in them."""
    right = {row["name"]: all(row["right"][key] for key in networks.own) for row in photographs}
    recognised = [all(right[name] for name in row.get("tiles", [row.get("name")])) for row in (*photographs, *mosaics)]
    rows = [*photographs, *mosaics]
    return {
        RECOGNISED: [row for row, all_right in zip(rows, recognised, strict=True) if all_right],
        MISCLASSIFIED: [row for row, all_right in zip(rows, recognised, strict=True) if not all_right],
        ALL: rows,
    }


def _group(name: str, rows: Sequence[dict], networks: Networks) -> dict:
    """One measurement on one group of images; empty where none has it.

    Returns:
        ``images``; ``networks``: key -> reading -> ``mean`` and ``difference`` to the baseline (estimate, low, high),
        and ``random``, the mean with random weights; ``gaussian``: the mean of the centred Gaussian, and
        ``over_gaussian``, the baseline's difference to it; ``noise_floor``:
        reading -> largest difference between two trainings of the baseline, empty without seeds.
    """
    rows = [row for row in rows if f"{name}|{networks.baseline}|{OWN}" in row["scores"]]
    if not rows:
        return {}

    def column(key: str) -> np.ndarray:
        return np.array([row["scores"][f"{name}|{key}"] for row in rows], dtype=np.float64)

    found: dict = {}
    for key in (*networks.own, *networks.seeds):
        found[key] = {
            reading: _summary(column(f"{key}|{reading}"), column(f"{networks.baseline}|{reading}"))
            for reading in READINGS
        }
    for key in networks.random:
        found[key.removeprefix(RANDOM)]["random"] = _mean(column(f"{key}|{OWN}"))
    gaussian = column(f"{GAUSSIAN}|{OWN}")
    return {
        "images": len(rows),
        "networks": found,
        "gaussian": _mean(gaussian),
        "over_gaussian": _summary(column(f"{networks.baseline}|{OWN}"), gaussian)["difference"],
        "noise_floor": _noise_floor(found, networks),
    }


def _noise_floor(found: dict, networks: Networks) -> dict[str, float]:
    trainings = [found[key] for key in (networks.baseline, *networks.seeds)]
    if len(trainings) < 2:
        return {}
    return {reading: float(np.ptp([one[reading]["mean"][0] for one in trainings])) for reading in READINGS}


def _summary(values: np.ndarray, baseline: np.ndarray) -> dict[str, list[float]]:
    """Mean and paired difference to the baseline, with intervals; boxes are scored on all images together."""
    count = len(values)
    mean = bootstrap(lambda weights: _score(weights, values), count)
    difference = bootstrap(lambda weights: _score(weights, values) - _score(weights, baseline), count)
    return {"mean": list(mean), "difference": list(difference)}


def _score(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    return weights @ values if values.ndim == 1 else max_box_accuracy(values, weights)


def _mean(values: np.ndarray) -> float:
    return float(_score(np.full((1, len(values)), 1 / len(values)), values)[0])


def _pairs(name: str, photographs: Sequence[dict], networks: Networks) -> dict[str, dict[str, list[float]]]:
    """Pairs of variants; trainings of the baseline that differ by the seed alone: the noise floor; and the ancestor's."""
    found: dict[str, dict[str, list[float]]] = {"variants": {}, "seeds": {}, "ancestor": {}}
    for one, other in networks.pairs:
        values = np.array([row["pairs"][f"{name}|{one}|{other}"] for row in photographs], dtype=np.float64)
        interval = bootstrap(lambda weights, values=values: weights @ values, len(values))  # type: ignore[misc]
        kind = "seeds" if other in networks.seeds else "ancestor" if other in networks.ancestor else "variants"
        found[kind][f"{one} and {other}"] = list(interval)
    return found


def heading(networks: Networks, method: str, view: str) -> dict:
    """What a report is about: ``method``, ``view``, ``baseline`` and, of every trained network, what it is."""
    return {
        "method": method,
        "view": view,
        "baseline": networks.baseline,
        "networks": {
            key: {
                "label": network.label, "provenance": network.provenance, "note": network.note,
                "resolution": network.scaling.input_size, "family": network.family, "fingerprint": network.fingerprint,
            }
            for key, network in {**networks.own, **networks.seeds}.items()
        },
    }  # fmt: skip
