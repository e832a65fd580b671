"""Verdicts on the paper's statements follow from the primary outcomes only: every verdict from made-up rows."""

import pytest

from cam.evaluation.records import ALL
from cam.evaluation.registry import CLAIMS, MEASUREMENTS, OWN, PRIMARY
from cam.evaluation.verdicts import FAILS, HOLDS, OPEN, line, numbers_of, verdicts
from tests.cam.evaluation.made_up import made_up_report

BEST = {"compound": 0.2}


@pytest.mark.parametrize(
    ("report", "outcome", "words"),
    [
        (
            made_up_report(BEST),
            HOLDS,
            "Compound beats Baseline, Depth, Baseline’s weights at 300 px and Resolution-300",
        ),
        (
            made_up_report({}),
            OPEN,
            "cannot be told apart from Baseline, Depth, Baseline’s weights at 300 px and Resolution-300",
        ),
        (
            made_up_report(BEST | {"baseline at 300": 0.3}),
            FAILS,
            "Baseline’s weights at 300 px is better than Compound",
        ),
        (made_up_report(BEST | {"resolution-300": 0.3}), FAILS, "Resolution-300 is better than Compound"),
        (made_up_report(BEST | {"depth": 0.3}), FAILS, "Depth is better than Compound"),
        (made_up_report(BEST | {"resolution-300": 0.2}), OPEN, "but cannot be told apart from Resolution-300"),
        (made_up_report(BEST, seeds=0), OPEN, "no network was trained twice"),
        (made_up_report(BEST | {"depth": 0.3}, seeds=0), FAILS, "; no network was trained twice, so another training"),
        (made_up_report(BEST, between=0.2), OPEN, "cannot be told apart from"),
        (made_up_report(BEST, common=0.0, noise=0.0), OPEN, "where both are read on one common grid"),
        (
            made_up_report(
                {"compound": -0.31, "baseline": -0.4, "depth": -0.4, "resolution-300": -0.4, "baseline at 300": -0.4}
            ),
            OPEN,
            "does not beat Centred Gaussian",
        ),
        (
            made_up_report(dict.fromkeys(("compound", "baseline", "depth", "resolution-300", "baseline at 300"), -0.4)),
            OPEN,
            "; a blob in the middle (Centred Gaussian) scores higher, so this cannot support the statement",
        ),
        (made_up_report(BEST, count=9), OPEN, "it takes 10 or more photographs"),
    ],
)
def test_every_outcome(report, outcome, words):
    for statement in verdicts(report):
        assert statement.outcome == outcome, statement.reason
        assert words.split(" photographs")[0] in statement.reason
        assert line(report, statement).startswith(f'"{statement.claim}" {outcome}: ')


def test_the_line_gives_the_numbers_that_its_reason_speaks_of():
    """Where another network is better those against it, not those against the baseline, which have the other sign."""
    for gains, rival in ((BEST, "Baseline"), (BEST | {"depth": 0.3}, "Depth")):
        report = made_up_report(gains)
        statement = verdicts(report)[0]
        contrast = report.finding(PRIMARY[statement.claim]).contrast("compound", rival.lower())
        assert line(report, statement).endswith(f"(Compound less {rival}: {numbers_of(contrast)})")
    assert contrast.difference.estimate < 0


def test_one_primary_outcome_for_each_statement_and_it_alone_decides():
    assert tuple(PRIMARY) == CLAIMS
    assert sum(one.primary for one in MEASUREMENTS.values()) == len(CLAIMS)
    assert not MEASUREMENTS["concentration"].claim
    assert MEASUREMENTS[PRIMARY["more object details"]].needs_outline


def test_entropy_decides_nothing():
    """Concentration, which is highest for random weights, belongs to no statement."""
    report = made_up_report(BEST)
    assert {one.measurement for one in report.findings} == set(PRIMARY.values())
    assert not MEASUREMENTS["concentration"].primary


def test_all_primary_comparisons_are_corrected_together_and_no_others():
    report = made_up_report(BEST)
    corrected = [
        (one.measurement, contrast.other)
        for one in report.findings
        for contrast in one.contrasts
        if contrast.holm is not None
    ]
    assert len(corrected) == 3 * 4
    assert {other for _, other in corrected} == {"baseline", "depth", "baseline at 300", "resolution-300"}
    smallest = min(
        contrast.p for one in report.findings if one.group == ALL and one.reading == OWN for contrast in one.contrasts
    )
    assert min(c.holm for one in report.findings for c in one.contrasts if c.holm is not None) >= smallest
