"""A report as Markdown tables."""

from cam.evaluation.measurements import HALF_PIXEL, OWN, POOLED, SIGNED
from cam.evaluation.report import ALL, ENOUGH, GROUPS, MISCLASSIFIED, RECOGNISED, headline, signed

TITLES = {
    RECOGNISED: "Images that every network recognises",
    MISCLASSIFIED: "Images that some network misclassifies",
    ALL: "All images",
}
CONTROLS = {POOLED: "pooled to 7 x 7", SIGNED: "without ReLU", HALF_PIXEL: "half-pixel", "random": "random weights"}
PAIR_KINDS = {"variants": "", "seeds": " (another seed)", "ancestor": ""}
CAVEAT = (
    "Brackets: 95 % percentile bootstrap intervals over images, paired. They do not cover the spread between trainings "
    "of the same network; the noise floor does, where trainings from other seeds were given."
)


def markdown(report: dict) -> str:
    """The tables of a report: verdicts, networks, measurements by group of images, controls, pairs of networks."""
    keys = list(report["networks"])
    lines = [f"# {report['title']}", "", _setting(report), "", "## Verdicts", ""]
    lines += [f"- {sentence}." for sentence in report["verdicts"].values()]
    lines += ["", CAVEAT, "", "## Networks", ""]
    lines += _table(["", "weights", "resolution", "top-1 right"], [_network_cells(report, key) for key in keys])
    for group in GROUPS:
        lines += _group_lines(report, group, keys)
    lines += [
        "",
        "## Controls",
        "",
        f"Means over the images that every network recognises, or over all where those are fewer than {ENOUGH}.",
        "",
    ]
    lines += _table(["", "reading", *keys, "centred Gaussian", f"{keys[0]} over it"], _control_rows(report, keys))
    lines += ["", "## Networks against each other", ""]
    lines += [f"- {name}: {pair['summary']}" for name, pair in report["pairs"].items()]
    lines += ["", *_table(["", *report["pairs"]], _pair_rows(report))]
    return "\n".join([*lines, *_check_lines(report), ""])


def _setting(report: dict) -> str:
    counts = ", ".join(f"{report['images'][group]} {group}" for group in GROUPS)
    return (
        f"Study {report['study']}, data {report['data']}, method {report['method']}, view {report['view']}. "
        f"Photographs: {counts}; mosaics: {report['mosaics'][ALL]}. The JSON file of the same name has every number."
    )


def _network_cells(report: dict, key: str) -> list[str]:
    network = report["networks"][key]
    note = f" ({network['note']})" if network["note"] else ""
    return [key, network["provenance"] + note, str(network["resolution"]), f"{report['accuracy'][key]:.1%}"]


def _group_lines(report: dict, group: str, keys: list[str]) -> list[str]:
    rows = []
    for measurement in report["measurements"].values():
        found = measurement["groups"].get(group)
        if found:
            cells = [_cell(found["networks"][key][OWN], first=key == keys[0]) for key in keys]
            floor = f"{found['noise_floor'][OWN]:.3f}" if found["noise_floor"] else "not measured"
            rows.append([f"{measurement['label']} ({found['images']})", *cells, floor])
    if not rows:
        return []
    return ["", f"## {TITLES[group]}", "", *_table(["mean (difference)", *keys, "noise floor"], rows)]


def _cell(found: dict, first: bool) -> str:
    """Mean and interval of the baseline; of others the mean, and the difference with its interval."""
    return _mean_cell(found["mean"]) if first else f"{found['mean'][0]:z.3f} ({signed(found['difference'])})"


def _mean_cell(interval: list[float]) -> str:
    return f"{interval[0]:z.3f} [{interval[1]:z.3f}, {interval[2]:z.3f}]"


def _control_rows(report: dict, keys: list[str]) -> list[list[str]]:
    rows = []
    for measurement in report["measurements"].values():
        found = headline(measurement)
        networks = found["networks"]
        own = [f"{networks[key][OWN]['mean'][0]:.3f}" for key in keys]
        rows.append(
            [measurement["label"], "own grid", *own, f"{found['gaussian']:.3f}", signed(found["over_gaussian"])]
        )
        for reading, words in CONTROLS.items():
            values = [networks[key].get(reading) for key in keys]
            cells = [
                "" if value is None else f"{value if isinstance(value, float) else value['mean'][0]:.3f}"
                for value in values
            ]
            rows.append(["", words, *cells, "", ""])
    return rows


def _pair_rows(report: dict) -> list[list[str]]:
    first = next(iter(report["pairs"].values()))
    return [
        [name + PAIR_KINDS[kind], *(_mean_cell(pair[kind][name]) for pair in report["pairs"].values())]
        for kind in PAIR_KINDS
        for name in first.get(kind, {})
    ]


def _check_lines(report: dict) -> list[str]:
    """The checks of the method, where they were made."""
    checks = report.get("checks")
    if not checks:
        return []
    rows = [[name, f"{value:.3f}"] for name, value in checks["scores"].items()]
    return ["", "## Checks of the method", "", checks["summary"], "", *_table(["", "mean"], rows)]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
