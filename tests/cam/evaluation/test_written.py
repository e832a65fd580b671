"""What README and the results say of the shipped reports is what these hold."""

import pytest

from cam.evaluation.contenders import GAUSSIAN
from cam.evaluation.registry import CLAIMS
from cam.evaluation.shipped import shipped_evaluation
from cam.evaluation.statistics import holm
from cam.evaluation.verdicts import interval_of, judged, signed
from models.studies import STUDY_FOLDER

REPORTS = ("caltech101", "photographs-COCO")


def text_of(file: str) -> str:
    return (STUDY_FOLDER.parents[1] / file).read_text(encoding="utf-8")


def rows_of(table: str) -> dict[str, list[str]]:
    """The first cell of each of a Markdown table's rows -> the other cells."""
    lines = table[table.index("| ---") :].partition("\n\n")[0].splitlines()[1:]
    split = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: others for first, *others in split}


@pytest.mark.parametrize(
    ("file", "after", "name", "last", "rows_at_least"),
    [
        ("README.md", "**What it found.**", "caltech101", "objects-found", 8),
        ("docs/results.md", "Does compound scaling look better?", "caltech101", "objects-found", 14),
        ("docs/results.md", "**On crowded photographs**", "photographs-COCO", "instance-recall", 14),
    ],
)
def test_every_number_in_the_written_tables_is_the_reports(file, after, name, last, rows_at_least):
    """Means with their intervals, and differences with intervals that know trainings where there were several."""
    report = shipped_evaluation(name)
    findings = [report.finding(one) for one in ("auroc", "boundary", last)]
    rows = rows_of(text_of(file).partition(after)[2])
    named = {
        "baseline, mean of three trainings": "baseline",
        "deeper": "depth",
        "wider": "width",
        "higher resolution": "resolution",
        "the baseline's weights at 300 px": "baseline at 300",
        "*control* baseline's weights at 300 px": "baseline at 300",
        "*control* baseline's weights at 448 px": "baseline at 448",
        "*control* resolution-300, trained alike": "resolution-300",
        "*control* random weights of compound": "random compound",
        "*control* centred Gaussian": GAUSSIAN,
    }
    for words, shown in rows.items():
        key = words.removeprefix("compound less ")
        key = named.get(key, key)
        if words.startswith("compound less "):
            expected = [signed(interval_of(one.contrast("compound", key))) for one in findings]
        else:
            expected = ["{:z.3f} [{:z.3f}, {:z.3f}]".format(*one.means[key]) for one in findings]
        assert shown == expected, words
    assert len(rows) >= rows_at_least


def test_what_remains_where_both_reports_are_corrected_together():
    """Holm's correction over the comparisons of both: one finding remains, and the others' p are those in the results."""
    found = {
        (name, claim, one.rival): one.contrast
        for name in REPORTS
        for claim in CLAIMS
        for one in judged(shipped_evaluation(name), claim)
    }
    together = dict(zip(found, holm([one.p for one in found.values()]), strict=True))
    details, regions = CLAIMS[1], CLAIMS[0]
    assert [key for key, p in together.items() if p < 0.05] == [(REPORTS[1], details, "resolution")]
    words = " ".join(text_of("docs/results.md").partition("**One question, two sets of photographs.**")[2].split())
    words = words.partition("Measured was")[0]
    assert f"all {len(found)}, one finding remains" in words
    for key, said in (
        ((REPORTS[1], details, "resolution"), "details than compound (p {})"),
        ((REPORTS[0], details, "resolution"), "just fails then ({})"),
        ((REPORTS[1], regions, "baseline"), "the baseline ({})"),
        ((REPORTS[1], regions, "depth"), "the deeper ({})"),
        ((REPORTS[1], regions, "width"), "the wider network ({})"),
    ):
        assert said.format(f"{together[key]:.3f}") in words


def test_correlations_between_networks():
    rows = rows_of(text_of("docs/results.md").partition("How much do the maps differ at all?")[2])
    pairs = [
        {(one.one, one.other): one for one in shipped_evaluation(name).pairs if one.name == "correlation"}
        for name in REPORTS
    ]
    variants = ("baseline", "depth", "width", "resolution", "compound")
    for number, one in enumerate(variants[:-1]):
        expected = [
            " / ".join(f"{both[one, other].mean.estimate:.2f}" for both in pairs) for other in variants[number + 1 :]
        ]
        assert rows[one][number:] == expected
    floors = [[both[pair].floor for pair in both if {*pair} <= {*variants}] for both in pairs]
    words = " ".join(text_of("docs/results.md").partition("Two trainings of the baseline correlate")[2].split())
    for low_high, said in zip(floors, ("correlate at {} to {} on Caltech", "and at {} to {} on COCO"), strict=True):
        assert said.format(*(f"{one:.2f}" for one in (min(low_high), max(low_high)))) in words
    for other, said in (
        ("baseline-seed1", "at {} / {};"),
        ("baseline at 300", "at 300 pixels at {} / {}"),
        ("baseline at 448", "at 448 pixels at {} / {}"),
        ("resolution-300", "with resolution-300 at {} / {}"),
    ):
        assert said.format(*(f"{both['baseline', other].mean.estimate:.2f}" for both in pairs)) in words


def test_accuracies_of_the_controls_on_caltech101():
    trainings = shipped_evaluation("caltech101").trainings
    words = text_of("docs/results.md").partition("**What the accuracies on Caltech-101 say of the control.**")[2]
    words = " ".join(words.partition("\n\n")[0].split())

    def per_cent(key: str) -> str:
        return f"{trainings[key].accuracy:.1%}"[:-1]

    baselines = [per_cent(key) for key in ("baseline", "baseline-seed1", "baseline-seed2")]
    assert "{}, {} and {} % right".format(*baselines) in words
    assert f"300 pixels {per_cent('baseline at 300')} % and at 448 pixels {per_cent('baseline at 448')} %" in words
    assert f"has {per_cent('resolution-300')} %, compound {per_cent('compound')} and" in words
    assert f"higher resolution {per_cent('resolution')} %" in words
