"""Means, paired differences and groups from rows made up by hand."""

from types import SimpleNamespace

import pytest

from cam.evaluation.measurements import GAUSSIAN, OWN, PAIRS, POOLED, RANDOM, READINGS, Networks
from cam.evaluation.report import ALL, MISCLASSIFIED, RECOGNISED, build_report, signed
from cam.evaluation.rows import column
from cam.evaluation.table import markdown


def networks(seeds: int = 0) -> Networks:
    own = dict.fromkeys(("baseline", "compound"), SimpleNamespace())
    return Networks(own, {f"baseline-seed{n + 1}": None for n in range(seeds)}, {f"{RANDOM}{key}": None for key in own})


def rows(advantage: float, pooled: float, seeds: int = 0, spread: float = 0.0, count: int = 12) -> list[dict]:
    """Photographs on which the compound network finds so much more; the last is misclassified by the compound one."""
    some, made = networks(seeds), []
    trained = [*some.own, *some.seeds]
    for row in range(count):
        scores: dict[str, float] = {}
        for name in ("worst-instance", "instance-recall"):
            for key in trained:
                for reading in READINGS:
                    gain = (pooled if reading == POOLED else advantage) if key == "compound" else 0
                    scores[f"{name}|{key}|{reading}"] = row / 100 + gain + (spread if "seed" in key else 0)
            scores |= {f"{name}|{key}|{OWN}": 0.1 for key in (*some.random, GAUSSIAN)}
        pairs = {f"{name}|{one}|{other}": 0.5 for name in PAIRS for one, other in some.pairs}
        right = {key: key != "compound" or row < count - 1 for key in trained}
        made.append({"name": f"{row}.jpg", "right": right, "scores": scores, "pairs": pairs})
    return made


def test_means_and_differences_by_hand():
    report = build_report(rows(0.2, 0.1), [], networks())
    found = report["measurements"]["worst-instance"]["groups"]
    assert report["images"] == {RECOGNISED: 11, MISCLASSIFIED: 1, ALL: 12}
    assert report["accuracy"] == {"baseline": 1, "compound": 11 / 12}
    assert found[RECOGNISED]["networks"]["baseline"][OWN]["mean"][0] == pytest.approx(0.05)
    assert found[MISCLASSIFIED]["networks"]["baseline"][OWN]["mean"] == pytest.approx([0.11] * 3)
    assert found[ALL]["networks"]["compound"][OWN]["difference"] == pytest.approx([0.2] * 3)
    assert found[ALL]["networks"]["compound"][POOLED]["difference"] == pytest.approx([0.1] * 3)
    assert found[ALL]["networks"]["compound"]["random"] == found[ALL]["gaussian"] == pytest.approx(0.1)
    assert found[ALL]["over_gaussian"][0] == pytest.approx(0.055 - 0.1)
    assert found[ALL]["noise_floor"] == {}


def test_the_noise_floor_is_the_largest_difference_between_trainings():
    report = build_report(rows(0.2, 0.2, seeds=2, spread=0.3), [], networks(2))
    floor = report["measurements"]["worst-instance"]["groups"][ALL]["noise_floor"]
    assert floor == pytest.approx(dict.fromkeys(READINGS, 0.3))
    assert set(report["pairs"]["correlation"]["seeds"]) == {
        "baseline and baseline-seed1", "baseline and baseline-seed2", "baseline-seed1 and baseline-seed2",
    }  # fmt: skip


def test_what_was_not_measured_is_not_there():
    assert "energy" not in build_report(rows(0.2, 0.1), [], networks())["measurements"]


def test_mosaics_belong_to_the_group_of_their_photographs():
    mosaics = []
    for tiles in (["0.jpg", "1.jpg"], ["2.jpg", "11.jpg"]):
        keys = [f"{key}|{reading}" for key in ("baseline", "compound") for reading in READINGS]
        keys += [f"{key}|{OWN}" for key in (f"{RANDOM}baseline", f"{RANDOM}compound", GAUSSIAN)]
        mosaics.append({"tiles": tiles, "scores": {f"pointing-1x2|{key}": 0.5 for key in keys}})
    report = build_report(rows(0, 0), mosaics, networks())
    assert report["mosaics"] == {RECOGNISED: 1, MISCLASSIFIED: 1, ALL: 2}


def test_differences_print_without_a_negative_zero():
    assert signed([-1e-9, -0.25, 1e-9]) == "+0.000 [-0.250, 0.000]"


def test_the_table_names_every_network_and_number():
    report = build_report(rows(0.2, 0.1, seeds=1), [], networks(1))
    facts = {"provenance": "made up", "note": "", "resolution": 224}
    report |= {"title": "T", "study": "s", "data": "d", "method": "cam", "view": "square"}
    report["verdicts"] = {"captures all objects": "it holds"}
    report["networks"] = dict.fromkeys(("baseline", "compound", "baseline-seed1"), facts)
    text = markdown(report)
    assert "| Worst object's mean (11) | 0.050 [" in text
    assert "0.250 (+0.200 [0.200, 0.200])" in text
    tables = [block.strip().split("\n") for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 6
    assert all(len({line.count("|") for line in table}) == 1 for table in tables)


def test_single_images_are_kept():
    kept = build_report(rows(0.2, 0.1), [], networks())["rows"]["photographs"]
    assert kept["name"][-1] == "11.jpg"
    assert kept["right"]["compound"] == [1] * 11 + [0]
    assert column(kept, f"worst-instance|compound|{POOLED}") - column(
        kept, f"worst-instance|baseline|{POOLED}"
    ) == pytest.approx(0.1)
    assert column(kept, f"worst-instance|{GAUSSIAN}|{OWN}") == pytest.approx(0.1)
