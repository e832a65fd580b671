"""The numbers of a report: the networks, every measurement with its contrasts, networks compared in pairs, checks."""

import pandas as pd
import streamlit as st

from cam import METHODS
from cam.evaluation.records import ALL, RECOGNISED, Checks, Finding, Report
from cam.evaluation.registry import MEASUREMENTS, PAIRS
from cam.evaluation.verdicts import interval_of
from ui.address import choose
from ui.messages import plain
from ui.pages.evidence.charts import curves_chart, pairs_chart, randomisation_chart
from ui.pages.evidence.verdicts import PLAIN
from ui.pages.evidence.words import GROUP_WORDS, READING_WORDS, interval, label, minus, number, p_words, percent, signed

COLUMNS = (
    "Brackets are 95 % intervals. Better on: share of the images. p: how often chance alone would make so large a difference. "
    "Corrected: p for all comparisons that decide, together (Holm). In spreads: the difference divided by the standard "
    "deviation between trainings of one network."
)
PAIR_WORDS = {
    "correlation": "Correlation",
    "rank-correlation": "Rank correlation",
    "centre-shift": "Shift of the centre",
    "agreement": "Same first guess",
}


def show_setting(report: Report) -> None:
    """The photographs, the method and the view of the evaluation."""
    data = f" of {plain(report.about.data)}" if report.about.data else ""
    view = "whole image" if report.view == "square" else "centre crop"
    st.markdown(
        f"**{counted(report.images[ALL], 'photograph')}**{data} ({report.images[RECOGNISED]} that every network recognises); "
        f"method {METHODS[report.method].label}, {view}. {plain(report.about.chosen, 300)} {plain(report.about.masks, 300)}"
    )


def counted(count: int, thing: str) -> str:
    """``1 mosaic``, ``2 mosaics``."""
    return f"{count} {thing}{'s' * (count != 1)}"


def show_measurements(report: Report, key: str = "") -> None:
    """Menus to choose a measurement, and its means and contrasts as tables.

    Args:
        report: what to show.
        key: tells the choices of two reports on one page apart.
    """
    names = list(dict.fromkeys(one.measurement for one in report.findings))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox("Measurement", names, key=f"measurement{key}", width=260, format_func=_named)
        readings = list(dict.fromkeys(one.reading for one in report.findings if one.measurement == name))
        reading = st.selectbox(
            "Reading", readings, key=f"reading{key}", format_func=READING_WORDS.__getitem__, width=190
        )
        groups = [one.group for one in report.findings if (one.measurement, one.reading) == (name, reading)]
        group = st.selectbox("Images", groups, key=f"group{key}", format_func=GROUP_WORDS.__getitem__, width=190)
    finding = report.finding(name, reading, group)
    if finding is None:
        return
    summary = MEASUREMENTS[name].summary
    st.markdown(f"{summary[0].upper()}{summary[1:]}. {counted(finding.images, 'image')} of {finding.classes} classes.")
    st.table(means_table(report, finding))
    st.table(contrasts_table(report, finding))
    st.caption(COLUMNS)


def _named(name: str) -> str:
    kind = "" if MEASUREMENTS[name].primary else " (secondary)"
    return f"{MEASUREMENTS[name].label}{kind}"


def means_table(report: Report, finding: Finding) -> pd.DataFrame:
    """The mean of every arm, and of each of its trainings."""
    rows = []
    for key, mean in finding.means.items():
        each = [finding.trainings[one] for one in report.arms[key].trainings if one in finding.trainings]
        trainings = ", ".join(map(number, each)) if len(each) > 1 else ""
        rows.append({"": plain(label(report, key)), "Mean": interval(mean), "Each training": trainings})
    return pd.DataFrame(rows).set_index("")


def contrasts_table(report: Report, finding: Finding) -> pd.DataFrame:
    """Which arms were compared, and how certain their difference is."""
    rows = [
        {
            "": plain(f"{label(report, one.one)} – {label(report, one.other)}"),
            "Difference": signed(interval_of(one)),
            "Better on": percent(one.better),
            "p": p_words(one.p),
            "Corrected": "" if one.holm is None else p_words(one.holm),
            "In spreads": "" if one.over_spread is None else minus(f"{one.over_spread:+.1f}"),
        }
        for one in finding.contrasts
    ]
    return pd.DataFrame(rows or [{"": "nothing to compare"}]).set_index("")


def show_networks(report: Report) -> None:
    """The weights that were measured, and how often they are right."""
    rows = [
        {
            "": plain(key),
            "Weights": plain(one.provenance + (f" ({one.note})" if one.note else ""), 300),
            "Input": f"{one.resolution}\u00a0px",
            "First guess right": "–" if one.accuracy is None else percent(one.accuracy, 1),
        }
        for key, one in report.trainings.items()
    ]
    st.table(pd.DataFrame(rows).set_index(""))


def show_pairs(report: Report, key: str = "") -> None:
    """How similar two networks' maps are, beside maps of different photographs, which are somewhat similar as well."""
    if not report.pairs:
        return
    name = choose("Compared by", f"alike{key}", PAIR_WORDS, "correlation")
    st.markdown(
        f"{PAIRS[name][0].upper()}{PAIRS[name][1:]}. The grey line is the same for maps of **different** photographs: objects "
        "are often in the middle, so any two maps are somewhat alike."
    )
    st.plotly_chart(
        pairs_chart(report, name), key=f"pairs{key}", config=PLAIN, alt=f"{PAIR_WORDS[name]} of networks in pairs"
    )


def show_checks(checks: Checks) -> None:
    """Deletion, insertion, ROAD and randomisation, as means over photographs of the evaluation."""
    scores = checks.scores
    falling = {name: value for name, value in scores.items() if name.startswith("random down to")}
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(
            f"**Mean of {counted(len(checks.photographs), 'photograph')}**, spread over classes. Baseline only."
        )
        st.plotly_chart(
            curves_chart(checks.curves), key="mean-curves", config=PLAIN, alt="Deletion, insertion and ROAD"
        )
        areas = {name: value for name, value in scores.items() if name in checks.curves}
        st.caption(
            "Areas: "
            + ", ".join(f"{'ROAD' if name == 'road' else name} {number(value)}" for name, value in areas.items())
            + f"; average drop {scores['average drop, per cent']:.1f} %, "
            f"increase on {percent(scores['increase, share of images'])}."
        )
    with right:
        st.markdown("**Does the map change when the network forgets?** It should fall to about 0 at once.")
        st.plotly_chart(randomisation_chart(falling), key="forgetting", config=PLAIN, alt="Cascading randomisation")
    st.caption(checks.summary)
