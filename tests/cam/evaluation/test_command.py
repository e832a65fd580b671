"""python -m cam evaluate on small networks and made-up photographs: reports, resuming, errors in one sentence."""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cam.cells import CellGrid
from cam.evaluation import tasks
from cam.evaluation.command import add_evaluate_arguments, run_evaluate
from cam.evaluation.measurements import READINGS, readings
from models import Scaling, efficientnet, save_checkpoint

CATEGORIES = ["ant", "bee", "cat", "dog"]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Two small random networks that are said to be trained, of 64 and 96 pixels, and one from another seed."""
    folder = tmp_path_factory.mktemp("study")
    for seed, (name, side) in enumerate({"baseline": 64, "compound": 96, "baseline-seed1": 64}.items()):
        torch.manual_seed(seed)
        scaling = Scaling(1.0, 1.0, side, 0.2)
        model = efficientnet(scaling, len(CATEGORIES), "b")
        torch.nn.init.normal_(model.classifier[-1].weight)
        metadata = {"categories": CATEGORIES}
        save_checkpoint(folder / f"{name}.safetensors", model, scaling=scaling, family="b", metadata=metadata)
    tables = [f'[variants.{key}]\nsource = {{ file = "{key}.safetensors" }}\n' for key in ("baseline", "compound")]
    (folder / "small.toml").write_text('retrained = ["baseline-seed1.safetensors"]\n' + "".join(tables))
    return folder / "small.toml"


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Three photographs of each of four classes."""
    folder, generator = tmp_path_factory.mktemp("tree"), np.random.default_rng(0)
    for category in CATEGORIES:
        (folder / category).mkdir()
        for row in range(3):
            Image.fromarray(generator.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(
                folder / category / f"{row}.png"
            )
    return folder


@pytest.fixture(scope="module")
def masked(tmp_path_factory) -> Path:
    folder, generator = tmp_path_factory.mktemp("masked"), np.random.default_rng(1)
    rows = ""
    for name in ("a", "b"):
        Image.fromarray(generator.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(folder / f"{name}.jpg")
        mask = np.zeros((40, 50), dtype=np.uint8)
        mask[5:15, 5:15], mask[20:35, 25:45], mask[0], mask[18:20] = 1, 2, 255, 3
        Image.fromarray(mask).save(folder / f"{name}.png")
        rows += f'[{name}.instances]\n1 = {{ small = ["ant", "bee"] }}\n2 = {{ small = ["ant", "bee"] }}\n'
        rows += '3 = { small = ["dog"] }\n'
    (folder / "masks.toml").write_text(rows)
    return folder


def evaluate(study: Path, data: Path, out: Path, *options: str) -> dict:
    parser = argparse.ArgumentParser()
    add_evaluate_arguments(parser)
    words = ["--study", str(study), "--data", str(data), "--out", str(out), "--device", "cpu", *options]
    assert run_evaluate(parser.parse_args(words)) == 0
    return json.loads(out.read_text())


def test_a_tree_gives_pointing_games_and_similarities(study, tree, tmp_path):
    report = evaluate(study, tree, tmp_path / "r.json")
    assert set(report["measurements"]) == {"pointing-1x2", "pointing-2x2", "entropy"}
    assert report["images"]["all"] == 12
    found = report["measurements"]["pointing-2x2"]["groups"]["all"]
    assert 1 <= found["images"] <= 3
    assert found["gaussian"] == pytest.approx(0.25)
    assert set(found["networks"]["compound"]) == {*READINGS, "random"}
    assert set(found["networks"]) == {"baseline", "compound", "baseline-seed1"}
    assert "baseline and baseline-seed1" in report["pairs"]["correlation"]["seeds"]
    assert not report["pairs"]["correlation"]["ancestor"]
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "r.md"}


def test_an_ancestor_is_compared_with_the_variants_but_not_scored(study, tree, tmp_path):
    """Given the baseline itself as its ancestor, the two agree wholly."""
    ancestor = tmp_path / "ancestor.safetensors"
    shutil.copy(study.parent / "baseline.safetensors", ancestor)
    report = evaluate(study, tree, tmp_path / "r.json", "--limit", "4", "--seeds", "--ancestor", str(ancestor))
    found = report["pairs"]["correlation"]
    assert set(found["ancestor"]) == {"baseline and ancestor", "compound and ancestor"}
    assert found["ancestor"]["baseline and ancestor"] == pytest.approx([1.0, 1.0, 1.0])
    assert not found["seeds"]
    assert found["ancestor"]["compound and ancestor"] == pytest.approx(found["variants"]["baseline and compound"])
    assert "ancestor" not in {*report["networks"], *report["accuracy"]}
    assert "| compound and ancestor |" in (tmp_path / "r.md").read_text()


def test_masks_give_all_scores_and_the_same_file_twice(study, masked, tmp_path):
    report = evaluate(study, masked, tmp_path / "r.json")
    names = {"energy", "energy-ratio", "auroc", "average-precision", "best-iou", "boxes", "entropy"}
    assert set(report["measurements"]) == {*names, "worst-instance", "instance-recall"}
    evaluate(study, masked, tmp_path / "again.json")
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def test_checks_of_the_method_are_reported_apart(study, tree, tmp_path):
    report = evaluate(study, tree, tmp_path / "r.json", "--limit", "2", "--checks", "1", "--variants", "baseline")
    assert {"deletion", "insertion", "road", "random down to stem"} <= set(report["checks"]["scores"])
    assert len(report["checks"]["curves"]["road"]) == 21
    assert "it needs two variants" in report["verdicts"]["more relevant regions"]
    assert "never rank networks" in (tmp_path / "r.md").read_text()


def test_a_killed_run_goes_on_where_it_was(study, tree, tmp_path, monkeypatch):
    whole = evaluate(study, tree, tmp_path / "whole.json")
    measured, measure_task = [], tasks._measure_task

    def killed(task, *rest):
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(task)
        return measure_task(task, *rest)

    monkeypatch.setattr(tasks, "_measure_task", killed)
    with pytest.raises(KeyboardInterrupt):
        evaluate(study, tree, tmp_path / "r.json")
    partial = tmp_path / "r.json.partial"
    partial.write_text(partial.read_text() + '{"key": "cut o')
    assert not (tmp_path / "r.json").exists()
    first = list(measured)
    measured[:] = [None] * 3  # never 2 again
    assert evaluate(study, tree, tmp_path / "r.json") == whole
    assert not partial.exists()
    assert all(task not in first for task in measured[3:])


def test_limit_and_split_choose_photographs(study, tree, tmp_path):
    (tmp_path / "list.txt").write_text("ant/0.png\nbee/2.png\n")
    report = evaluate(study, tree, tmp_path / "r.json", "--split", str(tmp_path / "list.txt"))
    assert report["images"]["all"] == 2
    assert evaluate(study, tree, tmp_path / "r.json", "--limit", "3")["images"]["all"] == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "magic"], "unknown method 'magic'"),
        (["--method", "scorecam"], "method 'scorecam' runs the network for every map; choose from cam"),
        (["--target", "own"], "evaluate explains the class that each photograph shows; leave --target out"),
        (["--limit", "0"], "expected 1 or more"),
        (["--split", "nowhere.txt"], "there is no list nowhere.txt"),
        (["--seeds", "nowhere.safetensors"], "nowhere.safetensors"),
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
    """A class the study does not have, masks of another size or without categories, weights that are damaged."""
    strange = Path(shutil.copytree(tree, tmp_path / "strange"))
    (strange / "ant").rename(strange / "yak")
    other_size, nameless = (Path(shutil.copytree(masked, tmp_path / name)) for name in ("size", "nameless"))
    Image.fromarray(np.ones((20, 25), dtype=np.uint8)).save(other_size / "b.png")
    (nameless / "masks.toml").write_text("[a.instances]\n[b.instances]\n")
    broken = Path(shutil.copytree(study.parent, tmp_path / "broken"))
    scaling = Scaling(1.0, 1.0, 96, 0.2)
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


def test_too_few_classes_for_a_mosaic_are_said_and_the_rest_is_measured(study, tree, tmp_path, capsys):
    (tmp_path / "list.txt").write_text("ant/0.png\nant/1.png\nbee/2.png\n")
    evaluate(study, tree, tmp_path / "r.json", "--split", str(tmp_path / "list.txt"))
    assert "no 2x2 pointing game: a 2x2 mosaic needs 4 photographs of different classes" in capsys.readouterr().err


def test_readings_by_hand():
    maps = np.array([[[4.0, -2], [0, 2]]])
    found = readings(maps, CellGrid.even(2))
    np.testing.assert_array_equal(found["own"][0], [[[4, 0], [0, 2]]])
    np.testing.assert_array_equal(found["signed"][0], maps + 2)
    assert found["pooled"][0].shape == (1, 7, 7)
    assert found["pooled"][0][0, 3, 3] == pytest.approx(1)
    assert found["half-pixel"][1] == CellGrid.even(2)
