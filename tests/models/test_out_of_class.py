"""Photographs that show none of the classes: the score, its threshold, and how a manifest records them."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import StudyError, load_study, open_image
from models.home import SAMPLES
from models.judge_command import report, toml_lines
from models.judging import Answers, auroc, below, calibrated, measured, sure
from models.judging import table as table_of
from models.manifest_entries import IMAGENET, categories_of
from models.out_of_class import AGAINST, ScoreScale, energies, out_of_class, out_of_class_from, scored

KEYS = ("one", "two")
ROOT = Path(__file__).parents[2]


def answers(count, strength, seed, others=None):
    """Noise, with one class that stands out by ``strength``; other rows, where there are some, by ``others``."""
    generator = np.random.default_rng(seed)
    found = {}
    for key in KEYS:
        values = generator.normal(0, 1, (count, 10))
        values[np.arange(count), generator.integers(0, 10, count)] += strength
        found[key] = values.astype(np.float32)
    beside = {key: generator.normal(others, 1, count).astype(np.float32) for key in KEYS if others is not None}
    return Answers(found, beside)


def test_energy_is_the_logarithm_of_the_sum_of_exponentials():
    values = np.random.default_rng(0).normal(0, 30, (5, 7))
    expected = torch.logsumexp(torch.from_numpy(values), dim=1)
    torch.testing.assert_close(torch.from_numpy(energies(values)), expected)


def test_auroc_counts_pairs():
    inside, outside = np.array([1.0, 2.0, 2.0, 5.0]), np.array([0.0, 2.0, 3.0])
    pairs = [(a > b) + (a == b) / 2 for a in inside for b in outside]
    assert auroc(inside, outside) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("name", ["energy", "max logit", "max of the mean softmax"])
def test_labels_that_are_shuffled_tell_nothing_apart(name):
    """The same numbers with real labels and with labels drawn by lot."""
    inside, outside = answers(200, 8, 1), answers(200, 0, 2)
    score = calibrated(name, [answers(200, 8, 3)], 0.05)
    real = measured(score, inside, outside)
    assert real.auroc.value > 0.99
    assert real.found.value > 0.9
    order = np.random.default_rng(4).permutation(400)
    mixed = Answers.joined([inside, outside]).part(order)
    lots = [mixed.part(slice(0, 200)), mixed.part(slice(200, 400))]
    assert abs(measured(score, *lots).auroc.value - 0.5) < 0.1


def test_the_threshold_gives_up_what_was_asked_for_and_sets_count_alike():
    large, small = answers(900, 8, 1), answers(60, 4, 2)
    score = calibrated("energy", [large], 0.1)
    assert below(score.of(large), score.threshold) == pytest.approx(0.1, abs=0.01)
    both = calibrated("energy", [large, small], 0.1)
    shares = [below(both.of(one), both.threshold) for one in (large, small)]
    assert np.mean(shares) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("name", ["max logit", AGAINST])
def test_what_a_manifest_holds_judges_as_what_was_measured(name):
    known, score = answers(300, 8, 1, 2), calibrated(name, [answers(300, 8, 5, 2)], 0.05)
    strange = answers(300, 0, 2, 6)
    table = table_of(score, KEYS, measured(score, known, strange))
    scales = {key: table.scale(key) for key in KEYS}
    for photographs in (known, strange):
        judged = np.array(out_of_class(photographs.logits, scales, photographs.others))
        assert np.mean(judged == (score.of(photographs) < score.threshold)) > 0.99
    assert out_of_class(known.logits, dict.fromkeys(KEYS)) is None
    alone = {"one": scales["one"], "two": None}
    assert np.mean(out_of_class(strange.logits, alone, strange.others)) > 0.5


def test_what_other_rows_say_counts_where_logits_tell_nothing():
    """The networks are as sure of both; of one half, their other rows are too."""
    inside, outside, known = answers(200, 8, 1, 2), answers(200, 8, 2, 6), [answers(200, 8, 3, 2)]
    found = {name: measured(calibrated(name, known, 0.05), inside, outside) for name in ("energy", AGAINST)}
    assert abs(found["energy"].auroc.value - 0.5) < 0.1
    assert found[AGAINST].auroc.value > 0.99
    assert found[AGAINST].found.value > 0.95
    with pytest.raises(ValueError, match="needs the energy of other rows"):
        scored(AGAINST, inside.logits["one"])
    with pytest.raises(ValueError, match="of each photograph"):
        scored(AGAINST, inside.logits["one"], inside.others["one"][:1])


def test_a_report_of_the_surest_answers_and_of_other_rows():
    inside, outside = {"ins": answers(80, 8, 1, 2)}, {"outs": answers(60, 8, 2, 6)}
    plain, against = ("\n".join(report(inside, outside, name, 0.05)) for name in ("energy", AGAINST))
    count = int(sure(outside["outs"], 0.8).sum())
    assert count > 50
    assert re.search(rf"at least 80% sure +[12]?[0-9] of {count}\n", plain)
    assert re.search(rf"at least 80% sure +{count} of {count}\n", against)
    without = {"ins": answers(80, 8, 1)}, {"outs": answers(60, 8, 2)}
    assert AGAINST not in "\n".join(report(*without, "energy", 0.05))
    with pytest.raises(ValueError, match="whose classifier knows more"):
        report(*without, AGAINST, 0.05)


def test_a_report_says_every_set_and_prints_lines_that_load():
    lines = report({"ins": answers(80, 8, 1)}, {"outs": answers(50, 0, 2), "more": answers(30, 1, 3)}, "energy", 0.05)
    words = "\n".join(lines)
    for part in (
        "40 photographs of the classes calibrate",
        "inside ins (40)",
        "outside outs (50)",
        "outside more (30)",
    ):
        assert part in words

    found = out_of_class_from(tomllib.loads(words[words.index("[out_of_class]") :])["out_of_class"], KEYS)
    assert toml_lines(found) in words


@pytest.mark.parametrize(
    "change",
    [
        {"score": "softmax"},
        {"scales": {"three": [0, 1]}},
        {"scales": {"one": [0, 0]}},
        {"threshold": "x"},
        {"extra": 1},
    ],
)
def test_a_table_with_a_mistake_is_one_sentence(change):
    table = {"score": "energy", "threshold": -1, "scales": {"one": [1, 2]}, "auroc": 1, "false_alarms": 0, "found": 1}
    assert out_of_class_from(table, KEYS).scale("one") == ScoreScale("energy", 1, 2, -1)
    with pytest.raises(ValueError, match="out_of_class|scale"):
        out_of_class_from({**table, **change}, KEYS)


def test_a_manifest_with_a_mistake_is_refused_by_its_study(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text("[out_of_class]\nscore = 'energy'\n[variants.a]\n[variants.b]\n")
    with pytest.raises(StudyError, match="python -m models judge prints one"):
        load_study(path)


def test_weights_that_nobody_measured_are_not_judged_by():
    study = load_study("caltech101")
    other = study.with_checkpoint("depth", study.variant("baseline").path())
    assert set(study.out_of_class.scales) - set(other.out_of_class.scales) == {"depth"}
    assert load_study("imagenet").out_of_class is None


@pytest.fixture(scope="module")
def judged():
    """Whether the baseline and the compound network of each study find five samples out of class."""
    found = {}
    for name in ("caltech101", "photographs"):
        study = load_study(name)
        networks = {key: study.load(key, "cpu") for key in ("baseline", "compound")}
        for sample in ("spaniels", "red-panda", "rhinoceros", "dolphin", "spoonbills"):
            image = open_image(SAMPLES / f"{sample}.jpg")
            features = {key: one.features(one.transform(image)[None]) for key, one in networks.items()}
            logits = {key: one.logits(features[key]).numpy() for key, one in networks.items()}
            others = {key: one.other_rows.energy(features[key]).numpy() for key, one in networks.items()}
            scales = {key: one.score_scale for key, one in networks.items()}
            found[name, sample] = out_of_class(logits, scales, others)[0]
            raised = {key: replace(scale, threshold=-100.0) for key, scale in scales.items()}
            assert out_of_class(logits, raised, others) == [False], "the threshold is what decides"
    return found


def test_dogs_are_none_of_caltechs_classes_and_a_rhinoceros_is(judged):
    assert [judged["caltech101", name] for name in ("spaniels", "red-panda")] == [True, True]
    assert [judged["caltech101", name] for name in ("rhinoceros", "dolphin", "spoonbills")] == [False] * 3


def test_imagenets_networks_know_dogs_and_red_pandas(judged):
    assert [judged["photographs", name] for name in ("spaniels", "red-panda")] == [False, False]


def test_the_table_of_overlaps_names_every_category_and_only_classes_that_are():
    table = tomllib.loads((ROOT / "benchmarks" / "caltech101_in_imagenet.toml").read_text("utf-8"))
    names = categories_of(IMAGENET, ROOT)
    study = (ROOT / "models" / "studies" / "caltech101-categories.txt").read_text("utf-8").split("\n")
    assert list(table["categories"]) == [name for name in study if name]
    listed = {
        index
        for one in table["categories"].values()
        for index in (table["groups"][one] if isinstance(one, str) else one)
    }
    assert set(table["groups"]["covered"]) <= listed <= set(range(1000))
    named = {name: [names[index] for index in table["categories"][name]] for name in ("dalmatian", "crab", "airplanes")}
    assert named["dalmatian"] == ["dalmatian"]
    assert "Dungeness crab" in named["crab"]
    assert "airliner" in named["airplanes"]
