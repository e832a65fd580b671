"""A report as Markdown tables."""

from collections.abc import Sequence

from cam.evaluation.contenders import AT_SIZE, CONTROL, VARIANT
from cam.evaluation.records import ALL, GROUPS, RECOGNISED, Finding, Interval, Report
from cam.evaluation.registry import CLASS_MEAN, COMMON, HALF_PIXEL, MEASUREMENTS, OWN, PAIRS
from cam.evaluation.verdicts import interval_of, line, signed

READING_WORDS = {
    OWN: "own grid, measured placement",
    COMMON: "common grid",
    CLASS_MEAN: "less the mean of all classes",
    HALF_PIXEL: "half-pixel placement",
}
GROUP_WORDS = {ALL: "all images", RECOGNISED: "images that every variant recognises"}
CAVEAT = (
    "Brackets: 95 % intervals over classes and, inside them, photographs; of differences, where some network was trained "
    "more than once, also over trainings. p: two-sided, of a test in which classes and trainings are random; corrected by "
    "Holm over all primary comparisons. Better: share of images. Secondary outcomes decide nothing."
)


def markdown(report: Report) -> str:
    """The tables of a report: statements, networks, contrasts, means, controls, pairs of networks."""
    lines = [f"# {report.about.title}", "", _setting(report), "", "## Statements", ""]
    lines += [f"- {line(report, one)}." for one in report.statements]
    lines += ["", CAVEAT, "", "## Networks", ""]
    rows = [
        [key, one.provenance + (f" ({one.note})" if one.note else ""), str(one.resolution), _percent(one.accuracy)]
        for key, one in report.trainings.items()
    ]
    lines += _table(["", "weights", "resolution", "top-1 right"], rows)
    for primary, title in ((True, "Primary outcomes"), (False, "Secondary outcomes")):
        found = [one for one in report.findings if MEASUREMENTS[one.measurement].primary is primary and _plain(one)]
        for finding in found:
            lines += ["", f"## {title}: {MEASUREMENTS[finding.measurement].label}", "", *_finding(report, finding)]
    lines += ["", "## The same in other readings and on other groups of images", "", *_readings(report)]
    lines += ["", "## Networks against each other", ""]
    lines += [f"- {name}: {words}; in brackets of different photographs" for name, words in PAIRS.items()]
    return "\n".join([*lines, "", *_pairs(report), *_checks(report), ""])


def _setting(report: Report) -> str:
    counts = ", ".join(f"{report.images[group]} {group}" for group in GROUPS)
    about = report.about
    return (
        f"Study {about.study}, data {about.data}, method {report.method}, view {report.view}. Photographs: {counts}. "
        f"{about.chosen} {about.masks} The JSON file of the same name has every number."
    )


def _plain(finding: Finding) -> bool:
    return (finding.reading, finding.group) == (OWN, ALL)


def _finding(report: Report, finding: Finding) -> list[str]:
    """Means of all arms, and the comparisons between them."""
    spread = "not measured" if finding.spread is None else f"{finding.spread:.4f}"
    head = (
        f"{MEASUREMENTS[finding.measurement].summary}. {finding.images} images of {finding.classes} classes; standard "
    )
    means = [[report.arms[key].label, _cell(mean), _each(report, finding, key)] for key, mean in finding.means.items()]
    compared = [
        [
            f"{report.arms[one.one].label} – {report.arms[one.other].label}",
            signed(interval_of(one)),
            f"{one.better:.0%}",
            f"{one.p:.4f}",
            "" if one.holm is None else f"{one.holm:.4f}",
            "" if one.over_spread is None else f"{one.over_spread:+.1f}",
        ]
        for one in finding.contrasts
    ]
    return [
        f"{head}deviation between trainings of one network: {spread}.",
        "",
        *_table(["", "mean", "each training"], means),
        "",
        *_table(["difference", "", "better", "p", "corrected", "over spread"], compared),
    ]


def _each(report: Report, finding: Finding, key: str) -> str:
    names = report.arms[key].trainings
    return (
        ", ".join(f"{finding.trainings[name]:.3f}" for name in names if name in finding.trainings)
        if len(names) > 1
        else ""
    )


def _readings(report: Report) -> list[str]:
    """The differences of the subject from its rivals, in every reading and group."""
    keys = [
        key
        for key, arm in report.arms.items()
        if key != report.subject and arm.role in (VARIANT, CONTROL, AT_SIZE) and arm.of in ("", key, report.subject)
    ]
    rows = []
    for one in report.findings:
        contrasts = [one.contrast(report.subject, key) for key in keys]
        cells = ["" if found is None else signed(interval_of(found)) for found in contrasts]
        words = MEASUREMENTS[one.measurement].label, READING_WORDS[one.reading], GROUP_WORDS[one.group]
        rows.append([*words, str(one.images), *cells])
    return _table(["", "reading", "images", "count", *(f"less {report.arms[key].label}" for key in keys)], rows)


def _pairs(report: Report) -> list[str]:
    names = list(dict.fromkeys((one.one, one.other) for one in report.pairs))
    found = {(one.one, one.other, one.name): one for one in report.pairs}
    rows = []
    for one, other in names:
        of_pair = [found[one, other, name] for name in PAIRS]
        cells = [_cell(pair.mean) + ("" if pair.floor is None else f" ({pair.floor:z.3f})") for pair in of_pair]
        rows.append([f"{one}, {other}", *cells])
    return _table(["", *PAIRS], rows)


def _checks(report: Report) -> list[str]:
    """The checks of the method, where they were made."""
    if report.checks is None:
        return []
    rows = [[name, f"{value:.3f}"] for name, value in report.checks.scores.items()]
    return ["", "## Checks of the method", "", report.checks.summary, "", *_table(["", "mean"], rows)]


def _cell(interval: Interval) -> str:
    return f"{interval[0]:z.3f} [{interval[1]:z.3f}, {interval[2]:z.3f}]"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
