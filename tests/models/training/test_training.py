"""Training: averages and learning, and above all, a killed training ends with the same weights as an uninterrupted one."""

import errno
import json
import os
import signal

import pytest
import torch

from models.normalisation import LITE
from models.training.evaluation import (
    accuracies,
    logits_of,
    predict,
    view_batches,
)
from models.training.interruptions import Stopped, memory_advice
from models.training.lineage import draw
from models.training.recipe import Phase, Recipe, differences
from models.training.run import Limits
from models.training.training import recalibrate
from tests.models.training.apart import codes, kill_after_saves, launch
from tests.models.training.tiny import CPU, RECIPE, TINY, equal, tiny_run

# Interruptions


@pytest.mark.linux
@pytest.mark.parametrize("processes", [1, 2])
def test_killed_training_ends_in_the_same_weights(data, tmp_path, processes):
    """After kill -9 within an epoch, and again later, weights equal those of an uninterrupted run, alone and with gloo."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    unbroken = launch(data, whole, processes=processes)
    for saves in (4, 7)[: 3 - processes]:
        kill_after_saves(launch(data, broken, 0.05, processes), broken, saves)
    assert codes(launch(data, broken, processes=processes) + unbroken) == [0] * 2 * processes
    expected, actual = (torch.load(folder / "weights.pt", weights_only=True) for folder in (whole, broken))
    assert equal(expected, actual)
    lines = [json.loads(line) for line in (broken / "log.jsonl").read_text().splitlines()]
    positions = [(line["epoch"], line["step"]) for line in lines if line.get("event") == "resumed"]
    assert len(positions) == 3 - processes
    assert (0, 0) < positions[0] <= positions[-1]


def test_time_limit_stops_cleanly_and_goes_on(data, tmp_path, unbroken):
    """With no time at all, every call makes one step; together they equal the uninterrupted run."""
    for _ in range(17):  # 3 epochs of 6 steps, less the last
        with pytest.raises(Stopped) as stopped:
            tiny_run(data, tmp_path).finish(Limits(end=0))
        assert stopped.value.signal == 0
    assert equal(tiny_run(data, tmp_path).finish(Limits(end=0)), unbroken[0])


@pytest.mark.linux
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
    with pytest.raises(ValueError, match="24 photographs are too few for a batch of 40; give a smaller --batch-size"):
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
    """The first BatchNorm's statistics become the mean and variance of the stem's output over all photographs."""
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
