"""A report from made-up rows: means over trainings, contrasts, floors, groups; written and read again."""

import msgspec
import pytest

from cam.evaluation.contenders import GAUSSIAN
from cam.evaluation.records import ALL, RECOGNISED, read_report, write_report
from cam.evaluation.registry import COMMON, OWN, PRIMARY
from cam.evaluation.report import build_report
from cam.evaluation.table import markdown
from cam.evaluation.verdicts import verdicts
from cam.question import QUESTION
from tests.cam.evaluation.made_up import ABOUT, CLASSES, made_up_arms, made_up_report, made_up_rows


@pytest.fixture(scope="module")
def report():
    made = made_up_report({"compound": 0.2, "depth": 0.1}, noise=0.0, between=0.04, common=0.5)
    return msgspec.structs.replace(made, statements=verdicts(made))


def test_arms_are_means_over_their_trainings_and_differences_are_between_those(report):
    """A single training may be an outlier: compound's mean is over both trainings, and so is the baseline's."""
    finding = report.finding("auroc")
    assert finding.trainings["compound"] == pytest.approx(0.7)
    assert finding.trainings["compound-seed1"] == pytest.approx(0.74)
    assert finding.means["compound"] == pytest.approx([0.72] * 3)
    assert finding.contrast("compound", "baseline").difference == pytest.approx([0.2] * 3)
    assert finding.contrast("compound", "baseline at 300").difference == pytest.approx([0.22] * 3)
    assert finding.spread == pytest.approx(0.04 / 2**0.5)
    assert finding.contrast("compound", "baseline").over_spread == pytest.approx(0.2 / (0.04 / 2**0.5), abs=0.01)
    assert finding.contrast("compound", "depth").better == 1


def test_classes_are_what_is_resampled():
    """Photographs of a class that all differ from the next class by 0.2: an interval over photographs would be half as wide."""
    arms = made_up_arms()
    rows = made_up_rows({"compound": 0.2}, arms, noise=0.0)
    for number, row in enumerate(rows):
        if number % CLASSES < CLASSES // 2:
            row.scores["auroc"][OWN]["compound"] = row.scores["auroc"][OWN]["compound-seed1"] = 0.5
    finding = build_report(rows, [], arms, QUESTION, ABOUT).finding("auroc")
    found = finding.contrast("compound", "baseline").difference
    assert finding.classes == CLASSES
    assert found.high - found.low > 0.13  # 2 * 1.96 * 0.1 / 8 ** 0.5; over 40 photographs it would be 0.06


def test_intervals_that_know_seeds_are_wider(report):
    contrast = report.finding("auroc").contrast("compound", "baseline")
    assert contrast.with_seeds.low < contrast.difference.low
    assert contrast.with_seeds.high > contrast.difference.high
    assert (
        made_up_report({"compound": 0.2}, seeds=0).finding("auroc").contrast("compound", "baseline").with_seeds is None
    )


def test_a_gaussian_and_random_weights_are_contenders_in_every_primary_score(report):
    for name in PRIMARY.values():
        finding = report.finding(name)
        assert finding.means[GAUSSIAN].estimate == pytest.approx(0.2)
        assert finding.means["random compound"].estimate == pytest.approx(0.2)
        assert set(finding.trainings) >= {"random compound 1", "random compound 2"}
        for key in (GAUSSIAN, "random compound", "baseline at 300", "resolution-300"):
            assert finding.contrast("compound", key) is not None


def test_correlations_stand_beside_those_of_different_photographs(report):
    pair = next(one for one in report.pairs if one.name == "correlation")
    assert (pair.mean.estimate, pair.floor) == (0.5, 0.3)
    assert {("baseline", "baseline-seed1"), ("baseline", "compound"), ("baseline", "resolution-300")} <= {
        (one.one, one.other) for one in report.pairs
    }


def test_groups_and_readings(report):
    assert report.images == {ALL: 40, RECOGNISED: 39}
    assert report.finding("auroc", group=RECOGNISED).images == 39
    assert report.finding("auroc", COMMON).contrast("compound", "baseline").difference.estimate == pytest.approx(0.1)
    assert GAUSSIAN not in report.finding("auroc", COMMON).means
    assert report.trainings["baseline"].accuracy == pytest.approx(39 / 40)
    assert report.trainings["baseline at 300"].accuracy == pytest.approx(39 / 40)
    assert report.finding("energy") is None


def test_a_report_is_written_and_read_again(report, tmp_path):
    write_report(report, tmp_path / "r.json")
    assert read_report(tmp_path / "r.json") == report
    assert report.photographs[0] == "0.jpg"
    assert {one.measurement for one in report.kept} == set(PRIMARY.values())


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}', '{"format": 2}', ""])
def test_what_is_no_report_is_one_sentence(tmp_path, content):
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ValueError, match="make it again"):
        read_report(tmp_path / "r.json")


def test_the_table_names_every_network_and_says_what_decides(report):
    text = markdown(report)
    assert "Primary outcomes: Relevant regions (AUROC)" in text
    assert "| Compound | 0.720 [0.720, 0.720] | 0.700, 0.740 |" in text
    assert "Compound – Baseline’s weights at 300 px" in text
    assert "(0.300)" in text
    tables = [block.strip().split("\n") for block in text.split("\n\n") if block.startswith("|")]
    assert all(len({line.count("|") for line in table}) == 1 for table in tables)
