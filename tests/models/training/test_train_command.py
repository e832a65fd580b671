"""python -m models train and evaluate, from photographs to a study."""

import argparse
import json
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from models import load_checkpoint, save_checkpoint
from models.training import add_evaluate_arguments, add_train_arguments, run_evaluate, run_train
from models.training.datasets import labelled, list_names
from models.training.evaluation import (
    accuracy_difference,
    lead_in_points,
    predictions_path,
    read_predictions,
)
from models.training.lineage import TRAINED, draw
from tests.models.training.tiny import TINY, write_photographs
from tests.simulated_device import simulated

# The command


@pytest.fixture
def imagenet(tmp_path):
    for part, count in (("train", 4), ("val", 2)):
        write_photographs(tmp_path / "data" / part, count=count)
    return tmp_path


def command(*words):
    parser = argparse.ArgumentParser()
    add_train_arguments(parser)
    return run_train(parser.parse_args([str(word) for word in words]))


def test_imagenet_recipe_runs_dry(imagenet):
    """Two epochs of two fake batches with the paper's recipe, at a small resolution."""
    recipe = imagenet / "small.toml"
    recipe.write_text('extends = "imagenet"\nphases = [{ epochs = 2, resolution = 0.15 }]\n')
    words = ("--data", imagenet / "data", "--recipe", recipe, "--variant", "baseline", "--batch-size", 6)
    assert command(*words, "--out", imagenet / "out", "--device", "cpu") == 0
    checkpoint = load_checkpoint(imagenet / "out" / "baseline-seed0.safetensors")
    training = checkpoint.metadata["training"]["recipe"]
    assert (checkpoint.family, training["optimiser"], training["policy"]) == ("tf", "rmsprop", "autoaugment")
    assert training["lr"] == pytest.approx(0.256 * 6 / 4096)


def awake(network):
    """A random network with BatchNorm statistics of images, so that features differ between photographs."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        network.train()(torch.randn(16, 3, 96, 96, generator=torch.Generator().manual_seed(0)))
    return network.eval()


@pytest.fixture(params=["cpu", "simulated", pytest.param("real", marks=pytest.mark.gpu)])
def device(request, monkeypatch):
    """The CPU, and a CUDA device simulated by ``tests/simulated_device.py``; a real one with ``pytest -m gpu``."""
    with simulated(monkeypatch) if request.param == "simulated" else nullcontext():
        yield "cpu" if request.param == "cpu" else "cuda"


def test_study_from_ancestor_to_evaluation(imagenet, device, monkeypatch, capsys):
    """The whole course on twelve photographs: trained, stopped, resumed, finished, not trained again, and evaluated."""
    monkeypatch.setitem(TRAINED, "resolution-300", replace(TINY, resolution=96))
    recipe, out = imagenet / "small.toml", imagenet / "out"
    ancestor, teacher = (imagenet / f"{name}.safetensors" for name in ("ancestor", "teacher"))
    for seed, path in enumerate((ancestor, teacher)):
        save_checkpoint(path, awake(draw(TINY, 5, "lite", seed)), scaling=TINY, family="lite")
    recipe.write_text(
        f'batch_size = 6\nmicro_batch = 2\nbatchnorm = "kept"\nteacher = "{teacher}"\nteacher_resolution = 64\n'
        "phases = [{ epochs = 1, resolution = 0.7 }]\n"
    )
    more = write_photographs(imagenet / "more", ("dog",), 3)
    words = ("--data", imagenet / "data", "--unlabelled", more, "--ancestor", ancestor, "--recipe", recipe)
    words = (*words, "--variant", "resolution-300", "--out", out, "--device", device)
    assert command(*words, "--time-limit", 0) == 3
    assert "the same command goes on" in capsys.readouterr().out
    assert command(*words) == 0
    path = out / "resolution-300-seed0.safetensors"
    checkpoint = load_checkpoint(path)
    metadata = checkpoint.metadata
    assert (checkpoint.num_classes, metadata["categories"][-3:]) == (8, ["ant", "bee", "cow"])
    assert metadata["label_sets"] == {"teacher": 5, "labels": 3}
    assert metadata["training"]["parent"] == load_checkpoint(ancestor).sha256
    assert metadata["images"] == {"training": 15, "test": 6, "test_sha256": metadata["images"]["test_sha256"]}
    assert not list(out.glob("*.state.pt")) + list(out.glob("*draft*"))
    hashes = path.read_bytes()
    assert command(*words) == 0
    assert path.read_bytes() == hashes
    with pytest.raises(ValueError, match=r"is of another training \(recipe.batch_size 6 there, 4 here"):
        command(*words, "--batch-size", 4)
    check_evaluation(imagenet, path, metadata, device, capsys)


def test_accuracy_difference_is_paired_and_drawn_within_each_class():
    """By hand: half of class 0 gain one, all of class 1 stay the same; equal gains have no spread."""
    labels = torch.tensor([0, 0, 1, 1, 1])
    right, reference = torch.tensor([1, 1, 1, 0, 0]), torch.tensor([1, 0, 1, 0, 0])
    mean, low, high = accuracy_difference(right, reference, labels).tolist()
    assert (mean, low, high) == (0.25, 0.0, 0.5)  # means of two draws from (0, 1): 0, 1/2 or 1, halved over the classes
    assert lead_in_points(accuracy_difference(right, reference, labels)) == "25.0 [0.0, 50.0]"
    assert accuracy_difference(right, right, labels).tolist() == [0, 0, 0]
    many = torch.arange(4000) % 2
    sample = (torch.rand(4000, generator=torch.Generator().manual_seed(1)) < 0.3).double()
    mean, low, high = accuracy_difference(sample, torch.zeros(4000), many).tolist()
    assert (high - low) / 2 == pytest.approx(1.96 * float(sample.std()) / 4000**0.5, rel=0.08)
    assert mean == pytest.approx((low + high) / 2, abs=1e-3)


def check_evaluation(folder, path, metadata, device, capsys):
    study, split = folder / "small-study.toml", folder / "test.txt"
    source = f'source = {{ file = "{path}" }}\n'
    study.write_text(f'title = "small"\nlabel_set = "labels"\n[variants.baseline]\n{source}[variants.depth]\n{source}')
    split.write_text("\n".join(list_names(folder / "data" / "val")) + "\n")
    parser = argparse.ArgumentParser()
    add_evaluate_arguments(parser)
    args = parser.parse_args(
        ["--study", str(study), "--data", str(folder / "data/val"), "--split", str(split), "--device", device]
    )
    capsys.readouterr()
    assert run_evaluate(args) == 0
    output = capsys.readouterr().out
    assert f"{metadata['accuracy']:.2%}" in output
    baseline, depth = output.splitlines()[-2:]
    assert "0 differ (0.00%)" in baseline
    assert "[" not in baseline
    assert "0 differ (0.00%)" in depth
    assert "  0.0 [0.0, 0.0]  " in depth
    record = json.loads(predictions_path(path).read_text())
    record["predictions"][0] = (record["predictions"][0] + 1) % 3
    predictions_path(path).write_text(json.dumps(record))
    assert run_evaluate(args) == 1
    predictions_path(path).write_text("{}")
    with pytest.raises(ValueError, match="are damaged; restore them"):
        run_evaluate(args)


def test_command_names_wrong_variants(imagenet):
    with pytest.raises(ValueError, match="unknown variant 'deep'; choose from baseline"):
        command("--data", imagenet / "data", "--recipe", "imagenet", "--variant", "deep", "--out", imagenet / "out")


def test_predictions_of_other_photographs_are_refused(data, tmp_path):
    photographs = labelled(data, list_names(data), ["ant", "bee", "cow"])
    path = tmp_path / "x.predictions.json"
    path.write_text(json.dumps({"names_sha256": "0", "predictions": [0] * 24}))
    with pytest.raises(ValueError, match="about other photographs"):
        read_predictions(path, photographs)
    assert read_predictions(tmp_path / "none.json", photographs) is None
    path.write_text(json.dumps({"names_sha256": photographs.sha256, "predictions": [1.5] * len(photographs)}))
    with pytest.raises(ValueError, match="are damaged; restore them"):
        read_predictions(path, photographs)
