"""Optimisers by hand, the averages, and above all: a killed training ends in the same weights as an unbroken one."""

import argparse
import errno
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models import Scaling, load_checkpoint, save_checkpoint
from models.normalisation import LITE
from models.training import add_evaluate_arguments, add_train_arguments, run_evaluate, run_train
from models.training.datasets import labelled, list_names
from models.training.evaluation import (
    accuracies,
    accuracy_difference,
    lead_in_points,
    logits_of,
    predict,
    predictions_path,
    read_predictions,
    view_batches,
)
from models.training.interruptions import Stopped, memory_advice
from models.training.lineage import TRAINED, draw
from models.training.optimisation import (
    TensorFlowRMSprop,
    WeightAverage,
    make_optimiser,
    parameter_groups,
    rate_factor,
    set_rates,
)
from models.training.recipe import Phase, Recipe, load_recipe
from models.training.run import Limits, TrainingRun, differences
from models.training.training import recalibrate

ROOT = Path(__file__).parents[3]
CPU = torch.device("cpu")
TINY = Scaling(0.25, 0.5, 64)
RECIPE = Recipe(
    "tiny",
    phases=(Phase(2, 0.5), Phase(1, frozen=2)),
    batch_size=4,
    ema_epochs=0.5,
    policy="trivial",
    erase=0.2,
    mixup=0.2,
    cutmix=1.0,
    mix_probability=0.7,
    clip_norm=5.0,
)

WORKER = """
import sys, torch, torch.distributed as dist
sys.path[:0] = [{tests!r}, {root!r}]
from test_training import *
out, sleep = Path(sys.argv[1]), float(sys.argv[2])
torch.set_num_threads(1)
if "RANK" in os.environ:
    dist.init_process_group("gloo")
run = tiny_run(Path({data!r}), out)
learn = run._learn
def slowly(images, labels):
    time.sleep(sleep)
    return learn(images, labels)
run._learn = slowly
weights = run.finish(Limits(save_minutes=0))
if run.rank == 0:
    torch.save(weights, out / "weights.pt")
if dist.is_initialized():
    dist.barrier()
    dist.destroy_process_group()
"""


def write_photographs(folder, categories=("ant", "bee", "cow"), count=8):
    """Photographs that can be told apart by colour."""
    random = np.random.default_rng(0)
    for index, category in enumerate(categories):
        (folder / category).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 120, (5, 7, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
            pixels[..., index] += 110
            Image.fromarray(pixels).save(folder / category / f"image_{number:04}.png")
    return folder


def tiny_run(data, out, recipe=RECIPE, seed=3):
    photographs = labelled(data, list_names(data), ["ant", "bee", "cow"])
    return TrainingRun(draw(TINY, 3, "tf", seed), photographs, recipe, 64, LITE, seed, CPU, out / "tiny")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("unbroken")
    torch.manual_seed(0)
    return tiny_run(data, out).finish(), out


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


# Optimisation


def test_rmsprop_follows_tensorflow_by_hand():
    """Two steps on one weight: mean square starts at 1, eps lies within the root, the rate goes into the momentum."""
    weight = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimiser = TensorFlowRMSprop([weight], lr=0.1, decay=0.9, momentum=0.5, eps=0.01, weight_decay=0.25)
    weight.grad = torch.tensor([0.5], dtype=torch.float64)
    optimiser.step()  # g = 0.5 + 0.25 * 2 = 1; ms = 1; mom = 0.1 / sqrt(1.01)
    first = 0.1 / math.sqrt(1.01)
    assert weight.item() == pytest.approx(2 - first, abs=1e-12)
    weight.grad = torch.tensor([3.0], dtype=torch.float64)
    optimiser.param_groups[0]["lr"] = 0.2
    optimiser.step()
    gradient = 3 + 0.25 * (2 - first)
    mean_square = 0.9 + 0.1 * gradient**2
    second = 0.5 * first + 0.2 * gradient / math.sqrt(mean_square + 0.01)
    assert weight.item() == pytest.approx(2 - first - second, abs=1e-12)


def test_rmsprop_differs_from_torchs_where_it_should():
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    ours = TensorFlowRMSprop([weights[0]], lr=0.1, eps=1e-3)
    theirs = torch.optim.RMSprop([weights[1]], lr=0.1, alpha=0.9, momentum=0.9, eps=1e-3)
    for weight in weights:
        weight.grad = torch.full((1,), 0.01)
    ours.step()
    theirs.step()
    assert abs(1 - weights[0].item()) < 0.002  # a small first gradient makes a small step
    assert abs(1 - weights[1].item()) > 0.2


def test_rates_and_decay_by_layer():
    network = draw(TINY, 3, "tf", 0)
    recipe = Recipe("groups", lr=0.01, lr_classifier=0.3, weight_decay=1e-4)
    optimiser = make_optimiser(parameter_groups(network, recipe), recipe)
    set_rates(optimiser, 0.5)
    found = {id(p): (g["lr"], g["weight_decay"]) for g in optimiser.param_groups for p in g["params"]}
    assert len(found) == len(list(network.parameters()))
    assert found[id(network.features[0][0].weight)] == (0.005, 1e-4)
    assert found[id(network.features[5][0].block[0][1].weight)] == (0.005, 0.0)
    assert found[id(network.features[8][1].bias)] == (0.005, 0.0)
    assert found[id(network.classifier[-1].weight)] == (0.15, 1e-4)
    assert found[id(network.classifier[-1].bias)] == (0.15, 0.0)


def test_schedules():
    cosine = Recipe("cosine", phases=(Phase(11),), warmup_epochs=1)
    assert rate_factor(cosine, 0.25) == 0.25
    assert [rate_factor(cosine, epoch) for epoch in (1, 6, 11)] == pytest.approx([1, 0.5, 0])
    paper = load_recipe("imagenet")
    assert rate_factor(paper, 24.1) == pytest.approx(0.97**10)
    assert rate_factor(paper, 23.9) == pytest.approx(0.97**9)


def test_average_is_a_plain_mean_at_first_and_then_exponential():
    network = torch.nn.BatchNorm1d(1)
    average = WeightAverage(network)
    expected = 1.0
    for update in range(1, 40):
        with torch.no_grad():
            network.weight.fill_(update)
        network.num_batches_tracked.fill_(update)
        average.update(network, decay=0.8)
        keep = min(0.8, update / (update + 9))
        expected = keep * expected + (1 - keep) * update
    assert average.tensors["weight"].item() == pytest.approx(expected, rel=1e-5)
    assert average.tensors["num_batches_tracked"] == 39
    average.restart(network)
    assert (average.updates, average.tensors["weight"].item()) == (0, 39)


# Interruptions


def launch(data, out, sleep=0.0, processes=1):
    """Start the processes of one training, as torchrun would."""
    script = out / "worker.py"
    script.write_text(WORKER.format(tests=str(Path(__file__).parent), root=str(ROOT), data=str(data)))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(processes)}
    ranks = [{"RANK": str(rank)} if processes > 1 else {} for rank in range(processes)]
    command = [sys.executable, str(script), str(out), str(sleep)]
    return [subprocess.Popen(command, env={**environment, **rank}, stderr=subprocess.DEVNULL) for rank in ranks]


def kill_after_saves(group, out, saves):
    """kill -9 every process once the state has been replaced so often."""
    path, seen = out / "tiny.state.pt", set()
    deadline = time.monotonic() + 60
    while len(seen) < saves and time.monotonic() < deadline and group[0].poll() is None:
        if path.is_file():
            seen.add(path.stat().st_mtime_ns)
        time.sleep(0.005)
    for process in group:
        process.kill()
    assert [process.wait() for process in group] == [-signal.SIGKILL] * len(group)
    assert len(seen) == saves


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_training_ends_in_the_same_weights(data, tmp_path, processes):
    """kill -9 within an epoch and later again: bitwise equal to an unbroken run, alone and with gloo."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    unbroken = launch(data, whole, processes=processes)
    for saves in (4, 7)[: 3 - processes]:
        kill_after_saves(launch(data, broken, 0.05, processes), broken, saves)
    assert [process.wait() for process in launch(data, broken, processes=processes) + unbroken] == [0] * 2 * processes
    expected, actual = (torch.load(folder / "weights.pt", weights_only=True) for folder in (whole, broken))
    assert equal(expected, actual)
    lines = [json.loads(line) for line in (broken / "log.jsonl").read_text().splitlines()]
    positions = [(line["epoch"], line["step"]) for line in lines if line.get("event") == "resumed"]
    assert len(positions) == 3 - processes
    assert (0, 0) < positions[0] <= positions[-1]


def test_time_limit_stops_cleanly_and_goes_on(data, tmp_path, unbroken):
    """With no time at all every call takes one step; the sum of them is the unbroken run."""
    for _ in range(17):  # 3 epochs of 6 steps, less the last
        with pytest.raises(Stopped) as stopped:
            tiny_run(data, tmp_path).finish(Limits(end=0))
        assert stopped.value.signal == 0
    assert equal(tiny_run(data, tmp_path).finish(Limits(end=0)), unbroken[0])


def test_signal_stops_after_the_step(data, tmp_path, unbroken):
    run = tiny_run(data, tmp_path)
    learn = run._learn
    run._learn = lambda *batch: (os.kill(os.getpid(), signal.SIGTERM), learn(*batch))[1]
    with pytest.raises(Stopped) as stopped:
        run.finish()
    assert stopped.value.signal == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert equal(tiny_run(data, tmp_path).finish(), unbroken[0])


def test_full_disk_leaves_the_last_state(data, tmp_path, unbroken, monkeypatch):
    with pytest.raises(Stopped):
        tiny_run(data, tmp_path).finish(Limits(end=0))
    before = (tmp_path / "tiny.state.pt").read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"cannot write .*No space left.*the last state .* is intact") as error:
            tiny_run(data, tmp_path).finish(Limits(save_minutes=0))
    assert error.value.errno == errno.ENOSPC
    assert (tmp_path / "tiny.state.pt").read_bytes() == before
    assert not list(tmp_path.glob(".*partial"))
    assert equal(tiny_run(data, tmp_path).finish(), unbroken[0])


def test_state_of_another_recipe_is_refused(data, tmp_path):
    with pytest.raises(Stopped):
        tiny_run(data, tmp_path).finish(Limits(end=0))
    before = (tmp_path / "tiny.state.pt").read_bytes()
    with pytest.raises(ValueError, match=r"belongs to another training \(recipe.batch_size 4 there, 2 here; .*--out"):
        tiny_run(data, tmp_path, RECIPE.with_batch_size(2)).finish()
    with pytest.raises(ValueError, match=r"seed 3 there, 4 here"):
        tiny_run(data, tmp_path, seed=4).finish()
    assert (tmp_path / "tiny.state.pt").read_bytes() == before
    (tmp_path / "tiny.state.pt").write_bytes(before[:1000])
    with pytest.raises(ValueError, match="is not a training state; delete it"):
        tiny_run(data, tmp_path).finish()


def test_differences_are_named():
    assert differences({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 4}}) == [
        "a.c 2 there, 4 here",
        "d 3 there, None here",
    ]


def test_memory_error_says_which_batch_size_to_try(tmp_path):
    state = tmp_path / "tiny.state.pt"
    with pytest.raises(MemoryError, match=r"batches of 64 images; try --batch-size 32$"), memory_advice(64, state):
        raise torch.OutOfMemoryError("CUDA out of memory")
    state.write_bytes(b"")
    with pytest.raises(MemoryError, match=r"try --batch-size 32 and another --out"), memory_advice(64, state):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")
    with pytest.raises(RuntimeError, match="something else"), memory_advice(64, state):
        raise RuntimeError("something else")


def test_batches_that_cannot_be_made(data, tmp_path):
    with pytest.raises(ValueError, match="24 photographs make no batch of 40; give a smaller --batch-size"):
        tiny_run(data, tmp_path, RECIPE.with_batch_size(40))


# Learning


def test_frozen_stages_keep_their_weights(data, tmp_path):
    run = tiny_run(data, tmp_path, Recipe("frozen", phases=(Phase(1, 0.5, frozen=4),), batch_size=8))
    before = {name: parameter.clone() for name, parameter in run.network.named_parameters()}
    run.finish()
    moved = {name.split(".")[1] for name, p in run.network.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"4", "5", "6", "7", "8", "1"}  # classifier.1


def test_tiny_network_learns_colours(data, tmp_path):
    recipe = Recipe(
        "colours", phases=(Phase(40, 0.5),), batch_size=8, lr=0.03, stochastic_depth=0.0, dropout=0.0, recalibrate=24
    )
    run = tiny_run(data, tmp_path, recipe)
    run.finish()
    run.resolution = 32
    recalibrate(run.network, run, 24)
    predictions = predict(logits_of(run.network, CPU), run.photographs, 32, LITE)
    assert accuracies(predictions, run.photographs.labels)[0] > 0.75  # chance: a third
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines[0]["event"] == "started"
    assert [line["epoch"] for line in lines[1:]] == list(range(40))
    assert lines[-1]["loss"] < lines[1]["loss"] - 0.3


def test_recalibration_measures_the_apps_view(data, tmp_path):
    """The first BatchNorm's statistics are the mean and variance of the stem's output over all photographs."""
    network = draw(TINY, 3, "tf", 0)
    run = tiny_run(data, tmp_path)
    run.resolution, photographs = 32, run.photographs
    recalibrate(network, run, 24)
    with torch.no_grad():
        stem = network.features[0][0](torch.cat(list(view_batches(photographs, 32, LITE))))
    norm = network.features[0][1]
    torch.testing.assert_close(norm.running_mean, stem.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm.running_var, stem.var((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert not network.training


def test_accuracy_is_a_mean_over_classes():
    predictions, labels = torch.tensor([0, 0, 0, 1, 0]), torch.tensor([0, 0, 0, 0, 1])
    assert accuracies(predictions, labels) == pytest.approx((0.75 / 2, 0.6))


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
    """Two epochs of two fake batches by the paper's recipe, at a small resolution."""
    recipe = imagenet / "small.toml"
    recipe.write_text('extends = "imagenet"\nphases = [{ epochs = 2, resolution = 0.15 }]\n')
    words = ("--data", imagenet / "data", "--recipe", recipe, "--variant", "baseline", "--batch-size", 6)
    assert command(*words, "--out", imagenet / "out", "--device", "cpu") == 0
    checkpoint = load_checkpoint(imagenet / "out" / "baseline-seed0.safetensors")
    training = checkpoint.metadata["training"]["recipe"]
    assert (checkpoint.family, training["optimiser"], training["policy"]) == ("tf", "rmsprop", "autoaugment")
    assert training["lr"] == pytest.approx(0.256 * 6 / 4096)


def awake(network):
    """A drawn network whose BatchNorms know what images give, so that features differ between photographs."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        network.train()(torch.randn(16, 3, 96, 96, generator=torch.Generator().manual_seed(0)))
    return network.eval()


def test_study_from_ancestor_to_evaluation(imagenet, monkeypatch, capsys):
    """The whole course on twelve photographs: taught, stopped, resumed, finished, left alone, and evaluated."""
    monkeypatch.setitem(TRAINED, "resolution-300", replace(TINY, resolution=224))
    recipe, out = imagenet / "small.toml", imagenet / "out"
    ancestor, teacher = (imagenet / f"{name}.safetensors" for name in ("ancestor", "teacher"))
    for seed, path in enumerate((ancestor, teacher)):
        save_checkpoint(path, awake(draw(TINY, 5, "lite", seed)), scaling=TINY, family="lite")
    recipe.write_text(
        f'batch_size = 6\nmicro_batch = 2\nbatchnorm = "kept"\nteacher = "{teacher}"\nteacher_resolution = 64\n'
        "phases = [{ epochs = 1, resolution = 0.3 }]\n"
    )
    more = write_photographs(imagenet / "more", ("dog",), 3)
    words = ("--data", imagenet / "data", "--unlabelled", more, "--ancestor", ancestor, "--recipe", recipe)
    words = (*words, "--variant", "resolution-300", "--out", out, "--device", "cpu")
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
    check_evaluation(imagenet, path, metadata, capsys)


def test_accuracy_difference_is_paired_and_drawn_within_each_class():
    """Hand-computed: of class 0 half gained one, of class 1 all stay; equal gains have no spread."""
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


def check_evaluation(folder, path, metadata, capsys):
    study, split = folder / "small-study.toml", folder / "test.txt"
    source = f'source = {{ file = "{path}" }}\n'
    study.write_text(f'title = "small"\nlabel_set = "labels"\n[variants.baseline]\n{source}[variants.depth]\n{source}')
    split.write_text("\n".join(list_names(folder / "data" / "val")) + "\n")
    parser = argparse.ArgumentParser()
    add_evaluate_arguments(parser)
    args = parser.parse_args(
        ["--study", str(study), "--data", str(folder / "data/val"), "--split", str(split), "--device", "cpu"]
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
