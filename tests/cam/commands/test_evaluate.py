"""python -m cam evaluate on small networks and made-up photographs: reports, resuming, errors in one sentence."""

import shutil
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image

from cam.commands import evaluate as command
from cam.evaluation import tasks
from cam.evaluation.placing import placed
from cam.evaluation.registry import OWN, READINGS
from cam.evaluation.scoring import readings
from cam.maps.cells import CellGrid
from models import Scaling, efficientnet, save_checkpoint
from models.placement import Placement
from tests.cam.commands.evaluating import CATEGORIES, evaluate


def test_a_tree_gives_mosaics_controls_and_similarities(study, tree, tmp_path):
    report = evaluate(study, tree, tmp_path / "r.json")
    names = {"objects-found", "worst-object", "evenness", "pointing", "concentration"}
    assert {one.measurement for one in report.findings} == names
    assert report.images["all"] == 20
    found = report.finding("objects-found")
    assert found.images == 12  # three rounds with one mosaic for each class
    assert found.classes == 4
    assert set(report.arms) == {
        "baseline",
        "compound",
        "baseline at 96",
        "random baseline",
        "random compound",
        "centred Gaussian",
    }
    assert report.arms["baseline"].trainings == ["baseline", "baseline-seed1"]
    assert report.arms["baseline at 96"].trainings == ["baseline at 96", "baseline-seed1 at 96"]
    assert found.spread is not None
    assert {one.reading for one in report.findings} == set(READINGS)
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "r.md"}


def test_the_studys_seeds_are_the_baselines_alone(study, tree, tmp_path):
    """Where other variants are measured without it, they were not trained again."""
    options = ["--variants=compound", "--limit=4", "--mosaics=0", "--draws=0"]
    report = evaluate(study, tree, tmp_path / "r.json", *options)
    assert report.arms["compound"].trainings == ["compound"]


def test_a_seed_of_the_baseline_is_a_control_where_the_baseline_is_not_measured(study, tree, tmp_path):
    """Only there: beside the baseline it is one of its trainings, and its name is taken."""
    options = [f"--control=again={study.parent}/baseline-seed1.safetensors", "--limit=4", "--mosaics=0", "--draws=0"]
    report = evaluate(study, tree, tmp_path / "r.json", "--variants=compound", *options)
    assert report.arms["again"].trainings == ["baseline-seed1"]
    with pytest.raises(ValueError, match="the file name baseline-seed1 is taken"):
        evaluate(study, tree, tmp_path / "r.json", *options)


def test_seeds_of_every_variant_and_controls_are_taken_any_of_them(study, tree, tmp_path):
    for name in ("compound-seed1", "resolution-300", "resolution-300b"):
        shutil.copy(study.parent / "baseline-seed1.safetensors", tmp_path / f"{name}.safetensors")
    options = [
        f"--seed=compound={tmp_path}/compound-seed1.safetensors",
        f"--control=res={tmp_path}/resolution-300.safetensors",
        f"--control=res={tmp_path}/resolution-300b.safetensors",
    ]
    report = evaluate(study, tree, tmp_path / "r.json", *options, "--limit", "4", "--mosaics", "0", "--draws", "0")
    assert report.arms["compound"].trainings == ["compound", "compound-seed1"]
    assert report.arms["baseline"].trainings == ["baseline", "baseline-seed1"]
    assert report.arms["res"].trainings == ["resolution-300", "resolution-300b"]
    assert report.arms["res"].role == "control"
    contrast = report.finding("concentration").contrast("compound", "res")
    assert contrast.with_seeds is not None
    pairs = {(one.one, one.other): one for one in report.pairs if one.name == "correlation"}
    assert {("compound", "compound-seed1"), ("baseline", "resolution-300")} <= pairs.keys()
    assert "random baseline" not in report.arms


def test_one_network_alone_is_measured(study, tree, tmp_path):
    """There is no other network to compare its maps with, and no other training."""
    alone = tmp_path / "alone.toml"
    for key in ("baseline", "compound"):
        shutil.copy(study.parent / f"{key}.safetensors", tmp_path)
    alone.write_text(study.read_text().partition("\n")[2])  # without trainings from other seeds
    options = ("--variants", "baseline", "--limit", "4", "--mosaics", "0", "--draws", "0")
    report = evaluate(alone, tree, tmp_path / "r.json", *options)
    assert report.pairs == []
    assert report.finding("concentration").images == 4


def test_checks_of_the_method_are_of_all_classes(study, tree, tmp_path):
    options = ("--checks", "4", "--variants", "baseline", "--mosaics", "0", "--draws", "0")
    report = evaluate(study, tree, tmp_path / "r.json", *options)
    assert {"deletion", "insertion", "road", "random down to stem"} <= set(report.checks.scores)
    assert len(report.checks.curves["road"]) == 21
    assert {name.split("/")[0] for name in report.checks.photographs} == set(CATEGORIES)
    assert "there is one network only" in report.statements[0].reason
    assert "never rank networks" in (tmp_path / "r.md").read_text()


def test_a_killed_run_goes_on_where_it_was(study, tree, tmp_path, monkeypatch):
    options = ("--draws", "0")
    whole = evaluate(study, tree, tmp_path / "whole.json", *options)
    measured, measure_task = [], tasks.measure_task

    def killed(task, *rest):
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(task)
        return measure_task(task, *rest)

    monkeypatch.setattr(tasks, "measure_task", killed)
    with pytest.raises(KeyboardInterrupt):
        evaluate(study, tree, tmp_path / "r.json", *options)
    partial = tmp_path / "r.json.partial"
    partial.write_text(partial.read_text() + '{"key": "cut o')
    assert not (tmp_path / "r.json").exists()
    first = list(measured)
    measured[:] = [None] * 3  # the number 2 is not used again
    assert evaluate(study, tree, tmp_path / "r.json", *options) == whole
    assert not partial.exists()
    assert all(task not in first for task in measured[3:])


@pytest.mark.parametrize(("right", "again"), [(0, False), (3, True)])
def test_what_was_measured_with_the_cells_elsewhere_is_measured_again(study, tree, tmp_path, monkeypatch, right, again):
    """Weights do not know where their cells look: a manifest may say so, or the mirror test on other photographs."""
    options = ("--draws", "0", "--limit", "4", "--mosaics", "4")
    report = tmp_path / "r.json"
    with monkeypatch.context() as patch:
        patch.setattr(command, "build_report", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            evaluate(study, tree, report, *options)

    def moved(networks, *rest):
        found = placed(networks, *rest)
        for network in found.values():
            network.placement = Placement(network.placement.right + right, network.placement.down)
        return found

    measured = Mock(side_effect=tasks.measure_task)
    monkeypatch.setattr(tasks, "measure_task", measured)
    monkeypatch.setattr(command, "placed", moved)
    evaluate(study, tree, report, *options)
    assert bool(measured.call_count) == again


def test_limit_and_split_choose_photographs(study, tree, tmp_path):
    (tmp_path / "list.txt").write_text("ant/0.png\nbee/2.png\n")
    report = evaluate(study, tree, tmp_path / "r.json", "--split", str(tmp_path / "list.txt"))
    assert report.images["all"] == 2
    report = evaluate(study, tree, tmp_path / "r.json", "--per-class", "2", "--mosaics", "4", "--draws", "0")
    assert report.images["all"] == 8
    assert "At most 2 photographs of every class" in report.about.chosen
    assert len(report.photographs) == 8
    limited = evaluate(study, tree, tmp_path / "r.json", "--limit", "3", "--draws", "0")
    assert len({name.split("/")[0] for name in limited.photographs}) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "magic"], "unknown method 'magic'"),
        (["--method", "scorecam"], "method 'scorecam' runs the network for every map; choose from cam"),
        (["--target", "own"], "evaluate explains the class that each photograph shows; leave --target out"),
        (["--limit", "0"], "expected 1 or more"),
        (["--per-class", "2", "--limit", "3"], "both choose photographs"),
        (["--seed", "depth"], "--seed 'depth' is not understood; expected KEY=FILE, for instance depth="),
        (["--seed", "depth=x.safetensors"], "--seed names 'depth', which is not measured"),
        (["--control", "compound=x.safetensors"], "is a variant of the study"),
        (["--masks", "nowhere"], "there are no masks at nowhere"),
        (["--split", "nowhere.txt"], "there is no list nowhere.txt"),
        (["--control", "x=nowhere.safetensors"], "nowhere.safetensors"),
        (["--variants", "depth"], "has no variant 'depth'"),
    ],
)
def test_options_that_mean_nothing_are_refused_in_one_sentence(study, tree, tmp_path, options, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        evaluate(study, tree, tmp_path / "r.json", *options)
    assert not list(tmp_path.iterdir())


def test_data_that_cannot_be_measured_is_refused_in_one_sentence(study, tree, tmp_path):
    (tmp_path / "empty").mkdir()
    for data, words in (
        (tmp_path / "empty", "no photograph in .* shows a class"),
        (tmp_path / "none", "no data folder"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=words):
            evaluate(study, data, tmp_path / "r.json")
    with pytest.raises(ValueError, match=r"expected a name that ends in .json"):
        evaluate(study, tree, tmp_path / "r.txt")
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        evaluate(study, tree, tmp_path / "no" / "r.json")


def test_data_that_turns_out_wrong_is_one_sentence_and_no_report(study, tree, masked, tmp_path):
    """Data may have a class that the study lacks, masks of another size or without categories, or damaged weights."""
    strange = Path(shutil.copytree(tree, tmp_path / "strange"))
    (strange / "ant").rename(strange / "yak")
    other_size, nameless = (Path(shutil.copytree(masked, tmp_path / name)) for name in ("size", "nameless"))
    Image.fromarray(np.ones((20, 25), dtype=np.uint8)).save(other_size / "b.png")
    (nameless / "masks.toml").write_text("[a.instances]\n[b.instances]\n")
    broken = Path(shutil.copytree(study.parent, tmp_path / "broken"))
    scaling = Scaling(0.35, 0.4, 96, 0.2)
    model = efficientnet(scaling, len(CATEGORIES), "b")
    for layer in (model.features[-1][1], model.classifier[-1]):
        torch.nn.init.constant_(layer.weight, 1e30)  # finite, but logits of about 1e60 are not
    metadata = {"categories": CATEGORIES}
    save_checkpoint(broken / "compound.safetensors", model, scaling=scaling, family="b", metadata=metadata)
    for where, data, words in (
        (study, strange, "has folders without a category: yak"),
        (study, other_size, "its photograph"),
        (study, nameless, "no label set in masks.toml"),
        (broken / "small.toml", tree, "'compound' gives logits that are not finite on .*; its weights are damaged"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            evaluate(where, data, tmp_path / "r.json")
        assert "\n" not in str(caught.value)
        assert not str(caught.value).endswith(".")
        assert not (tmp_path / "r.json").exists()
        (tmp_path / "r.json.partial").unlink(missing_ok=True)


def test_readings_by_hand():
    maps = np.array([[[4.0, -2], [0, 2]]])
    found = readings(maps, CellGrid.even(2), np.ones((1, 2, 2)))
    np.testing.assert_array_equal(found[OWN][0], maps)
    np.testing.assert_array_equal(found["class mean"][0], maps - 1)
    assert found["common"][0].shape == (1, 7, 7)
    assert found["common"][0][0, 3, 3] == pytest.approx(1)
    assert found["half-pixel"][1] == CellGrid.even(2)
    assert "class mean" not in readings(maps, CellGrid.even(2), None)
