"""The numbers of a report: one measurement with all its controls, all measurements at once, networks against each other."""

from typing import Any

import pandas as pd
import streamlit as st

from cam import METHODS
from cam.evaluation.measurements import MEASUREMENTS, OWN, READINGS
from cam.evaluation.report import ALL, GROUPS
from ui import session
from ui.findings.charts import curves_chart, measurement_chart, pairs_chart, randomisation_chart
from ui.findings.words import GROUP_WORDS, READING_WORDS, interval, label, number, pair_words, signed
from ui.lesson.address import choose

PLAIN = {"displayModeBar": False}
PAIR_WORDS = {
    "correlation": "Correlation",
    "rank-correlation": "Rank correlation",
    "centre-shift": "Shift of the centre",
    "agreement": "Same first guess",
}
MEANS, DIFFERENCES = "means", "differences"


def show_setting(report: dict[str, Any]) -> None:
    """What was measured on what."""
    counts = ", ".join(f"{report['images'][group]} {GROUP_WORDS[group].lower()}" for group in GROUPS if group != ALL)
    data = f" of `{report['data']}`" if "data" in report else ""
    view = "whole image" if report["view"] == "square" else "centre crop"
    st.markdown(
        f"**{counted(report['images'][ALL], 'photograph')}**{data} ({counts}) and "
        f"**{counted(report['mosaics'][ALL], 'mosaic')}**; method {METHODS[report['method']].label}, {view}."
    )


def counted(count: int, thing: str) -> str:
    """``1 mosaic``, ``2 mosaics``."""
    return f"{count} {thing}{'s' * (count != 1)}"


def show_measurements(report: dict[str, Any], key: str = "") -> None:
    """A measurement to choose: what it says, its chart, its table; below, all of them.

    Args:
        report: what to show.
        key: tells the choices of two reports on one page apart.
    """
    names = list(report["measurements"])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox(
            "Measurement", names, index=names.index(_telling(report)), key=f"measurement{key}",
            bind=None if key else "query-params", width=230,
            format_func=lambda one: report["measurements"][one]["label"],
        )  # fmt: skip
        groups = report["measurements"][name]["groups"]
        group = st.selectbox(
            "Images", list(groups), key=f"group{key}", width=220,
            format_func=lambda one: f"{GROUP_WORDS[one]} ({groups[one]['images']})",
        )  # fmt: skip
        shown = choose("Shown", f"as{key}", {MEANS: "Means", DIFFERENCES: "Differences to the baseline"}, MEANS)
    found = groups[group]
    st.markdown(_says(name, report))
    st.plotly_chart(
        measurement_chart(report, found, shown == DIFFERENCES), key=f"measured{key}", config=PLAIN,
        alt=f"{report['measurements'][name]['label']} of every network with intervals and controls",
    )  # fmt: skip
    st.table(measurement_table(report, found))
    if not found["noise_floor"]:
        st.caption("The noise floor was not measured: there is no second training of the baseline.")
    with st.expander("All measurements at once"):
        reading = choose("Reading", f"reading{key}", READING_WORDS, OWN)
        st.table(overview(report, reading))


def _telling(report: dict[str, Any]) -> str:
    """The measurement shown first: one that a verdict rests on."""
    return next(
        (one.name for verdict in session.judged(report["digest"], None, report) for one in verdict.evidence),
        next(iter(report["measurements"])),
    )


def _says(name: str, report: dict[str, Any]) -> str:
    measurement = MEASUREMENTS.get(name)
    words = report["measurements"][name]["summary"]
    if measurement is None or not measurement.claim:
        return f"{words[0].upper()}{words[1:]}."
    direction = "higher" if measurement.better == 1 else "lower"
    return f"{words[0].upper()}{words[1:]}. A {direction} score speaks for “{measurement.claim}”."


def measurement_table(report: dict[str, Any], found: dict[str, Any]) -> pd.DataFrame:
    """Every reading and control of one measurement, a row for each network."""
    rows = []
    for key, scores in found["networks"].items():
        row = {"": label(report, key)}
        for reading in READINGS:
            one = scores[reading]
            first = interval(one["mean"])
            row[READING_WORDS[reading]] = (
                first if key == report["baseline"] else f"{number(one['mean'][0])} ({signed(one['difference'])})"
            )
        row["Random weights"] = number(scores["random"]) if "random" in scores else "–"
        row["Gaussian"] = number(found["gaussian"])
        row["Noise floor"] = number(found["noise_floor"][OWN]) if found["noise_floor"] else "–"
        rows.append(row)
    return pd.DataFrame(rows).set_index("")


def overview(report: dict[str, Any], reading: str) -> pd.DataFrame:
    """All measurements in one reading: the mean, and the difference to the baseline with its interval."""
    rows = []
    for one in report["measurements"].values():
        for group, found in one["groups"].items():
            row = {"Measurement": one["label"], "Images": f"{GROUP_WORDS[group]} ({found['images']})"}
            for key, scores in found["networks"].items():
                mean, difference = scores[reading]["mean"], scores[reading]["difference"]
                row[label(report, key)] = (
                    interval(mean) if key == report["baseline"] else f"{number(mean[0])} ({signed(difference)})"
                )
            row["Gaussian"] = number(found["gaussian"])
            row["Noise floor"] = number(found["noise_floor"][reading]) if found["noise_floor"] else "–"
            rows.append(row)
    return pd.DataFrame(rows).set_index("Measurement")


def show_networks(report: dict[str, Any]) -> None:
    """Which weights were measured, and how often they are right."""
    rows = [
        {
            "": label(report, key), "Weights": one["provenance"] + (f" ({one['note']})" if one["note"] else ""),
            "Input": f"{one['resolution']} px", "First guess right": f"{report['accuracy'][key]:.1%}",
        }
        for key, one in report["networks"].items()
    ]  # fmt: skip
    st.table(pd.DataFrame(rows).set_index(""))


def show_pairs(report: dict[str, Any], key: str = "") -> None:
    """How much two networks' maps are alike, and two trainings of one network: without that, any two pictures differ."""
    pairs = {name: PAIR_WORDS.get(name, name) for name in report["pairs"]}
    name = choose("Compared by", f"alike{key}", pairs, next(iter(pairs)))
    summary = report["pairs"][name]["summary"]
    floor = "" if report["pairs"][name]["seeds"] else " Trainings from other seeds, the noise floor, were not measured."
    st.markdown(f"{summary[0].upper()}{summary[1:]}.{floor}")
    st.plotly_chart(
        pairs_chart(report, name), key=f"pairs{key}", config=PLAIN, alt=f"{pairs[name]} of networks in pairs"
    )
    with st.expander("As a table"):
        kinds = [kind for kind in ("variants", "seeds", "ancestor") if report["pairs"][name].get(kind)]
        rows = [
            {
                "": pair_words(report, pair),
                **{words: interval(report["pairs"][one][kind][pair]) for one, words in pairs.items()},
            }
            for kind in kinds
            for pair in report["pairs"][name][kind]
        ]
        st.table(pd.DataFrame(rows).set_index(""))


def show_checks(checks: dict[str, Any]) -> None:
    """Deletion, insertion, ROAD and randomisation, as means over the photographs of the evaluation."""
    scores = checks["scores"]
    falling = {name: value for name, value in scores.items() if name.startswith("random down to")}
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Mean of {checks['images']} photographs.** Baseline only.")
        st.plotly_chart(
            curves_chart(checks["curves"]), key="mean-curves", config=PLAIN, alt="Deletion, insertion and ROAD"
        )
        areas = {name: value for name, value in scores.items() if name in checks["curves"]}
        st.caption(
            "Areas: " + ", ".join(f"{'ROAD' if name == 'road' else name} {number(value)}" for name, value in areas.items())
            + f"; average drop {scores['average drop, per cent']:.1f} %, increase on {scores['increase, share of images']:.0%}."
        )  # fmt: skip
    with right:
        st.markdown("**Does the map change when the network forgets?** It should fall to about 0 at once.")
        st.plotly_chart(randomisation_chart(falling), key="forgetting", config=PLAIN, alt="Cascading randomisation")
    st.caption(checks["summary"])
