"""A photograph that shows none of the classes is marked wherever it is shown: real networks, a dog and a rhinoceros."""

import csv
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cam import Comparison, compare
from cam.__main__ import main
from cam.export.rows import rows_of
from cam.figures.figure import figure_layout
from models import load_study
from models.home import SAMPLES

SAID = "none of the 101 classes"


@cache
def networks():
    study = load_study("caltech101")
    return {key: study.load(key, "cpu") for key in ("baseline", "compound")}


@pytest.fixture(scope="module")
def compared():
    return compare(networks(), [SAMPLES / "spaniels.jpg", SAMPLES / "rhinoceros.jpg"])


def words(comparison):
    return " ".join(text.words for text in figure_layout(comparison).texts)


def test_the_dog_is_told_and_the_rhinoceros_is_not(compared):
    assert compared.out_of_class == [True, False]


def test_the_figure_says_it_once_and_only_of_the_dog(compared):
    assert words(compared).count(SAID) == 1
    unmeasured = {key: replace(facts, score_scale=None) for key, facts in compared.variants.items()}
    assert SAID not in words(replace(compared, variants=unmeasured))
    assert replace(compared, variants=unmeasured).out_of_class is None


def test_a_saved_comparison_still_says_it(compared, tmp_path):
    compared.save(tmp_path / "a.npz")
    compared.save(tmp_path / "b.npz")
    assert Comparison.load(tmp_path / "a.npz").out_of_class == [True, False]
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_what_other_rows_say_goes_wherever_the_logits_go(compared, tmp_path):
    """Without it the judgement would be another; a file that has lost it is refused."""
    turned = {key: -values for key, values in compared.others.items()}
    assert replace(compared, others=turned).out_of_class != compared.out_of_class
    apart = [compare(networks(), [SAMPLES / f"{name}.jpg"]) for name in ("spaniels", "rhinoceros")]
    stacked = Comparison.stack(apart).explain("own")
    assert stacked.out_of_class == [True, False]
    for key, values in stacked.others.items():
        np.testing.assert_array_equal(values, np.concatenate([one.others[key] for one in apart]))
    compared.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        arrays = {name: archive[name] for name in archive.files if name != "others/compound"}
    np.savez(tmp_path / "b.npz", **arrays)
    with pytest.raises(ValueError, match="others of 'compound' are missing"):
        Comparison.load(tmp_path / "b.npz")


def test_files_of_studies_that_do_not_need_it_are_as_they_were(tmp_path):
    plain = compare({"baseline": load_study("photographs").load("baseline", "cpu")}, [SAMPLES / "spaniels.jpg"])
    plain.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        assert set(archive.files) == {"images", "maps/baseline", "logits/baseline", "class_idx/baseline", "document"}


def test_an_export_has_a_column_and_its_gallery_marks_the_row(tmp_path, threads):
    (tmp_path / "in").mkdir()
    for name in ("spaniels.jpg", "rhinoceros.jpg"):
        (tmp_path / "in" / name).write_bytes((SAMPLES / name).read_bytes())
    options = ["--study", "caltech101", "--variants", "baseline,compound", "--device", "cpu", "--workers", "1"]
    options += ["--batch-size", "2"]
    assert main(["export", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options]) == 0
    with open(tmp_path / "out" / "predictions.csv", newline="", encoding="utf-8") as file:
        found = {row["image"]: row["out_of_class"] for row in csv.DictReader(file)}
    assert found == {"spaniels.jpg": "True", "rhinoceros.jpg": "False"}
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    rows = json.loads(page.split('id="rows">')[1].split("</script>")[0])
    assert {row[0]: row[4] for row in rows} == {"spaniels.jpg": True, "rhinoceros.jpg": False}


def test_rows_of_a_study_that_nobody_measured_say_nothing(compared):
    alone = compare({"baseline": _unmeasured()}, [SAMPLES / "spaniels.jpg"])
    assert [row.out_of_class for row in rows_of(alone)] == [None]


def _unmeasured():
    return load_study("lite").load("lite0", "cpu")
