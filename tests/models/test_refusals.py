"""What the command line and the manifest show to be impossible is refused before any weights are read or a file is written."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import __main__ as command_line
from models import variants
from models.__main__ import main
from models.training import lineage, training

CASES = [
    (["list", "photographs", "cifar"], "unknown study 'cifar'"),
    (["inspect", "{checkpoint}", "--photographs", "absent"], "absent"),
    (["grow", "{checkpoint}", "b1", "--out", "f.pth"], "checkpoints are written as .safetensors"),
    (["grow", "{checkpoint}", "b1", "--out", "absent/f.safetensors"], "the folder absent does not exist"),
    (["grow", "{checkpoint}", "b99", "--out", "f.safetensors"], "scaling 'b99' is not understood"),
    (["grow", "{checkpoint}", "b1", "--out", "f.safetensors", "--photographs", "absent"], "absent"),
    (["liveness", "photographs", "--photographs", "{folder}", "--json", "absent/f.json"], "the folder absent"),
    (["liveness", "photographs", "--photographs", "{folder}", "--limit", "0"], "--limit is 0"),
    (["liveness", "photographs:huge", "--photographs", "{folder}"], "no variant 'huge'"),
    (["liveness", "photographs", "--photographs", "{folder}", "--device", "tpu"], "unknown device 'tpu'"),
    (["placement", "{checkpoint}", "--photographs", "{folder}", "--write"], "written as .safetensors"),
    (["placement", "photographs:depth", "--photographs", "{folder}", "--write"], "--write needs a checkpoint"),
    (["judge", "--inside", "{folder}", "--outside", "absent"], "absent"),
    (["judge", "--inside", "{folder}", "--outside", "{few}"], "1 photographs in"),
    (["judge", "--inside", "{folder}", "--outside", "{folder}", "--false-alarms", "1"], "--false-alarms is 1"),
    (["judge", "--inside", "{folder}", "--outside", "{folder}", "--device", "tpu"], "unknown device 'tpu'"),
    (["evaluate", "--data", "absent"], "no data folder 'absent'"),
    (["evaluate", "--data", "{folder}", "--split", "absent.txt"], "no test list 'absent.txt'"),
    (["evaluate", "--data", "{folder}", "--variants", "huge"], "no variant 'huge'"),
    (["evaluate", "--data", "{folder}", "--study", "caltech101", "--checkpoint", "depth"], "expected KEY=FILE"),
    (["evaluate", "--data", "{folder}", "--study", "caltech101", "--checkpoint", "depth=absent.pth"], "absent.pth"),
    (["evaluate", "--data", "{folder}", "--study", "caltech101", "--device", "tpu"], "unknown device 'tpu'"),
    (["onnx", "photographs:huge", "--out", "f"], "no variant 'huge'"),
    (["onnx", "photographs", "--out", "f", "--photographs", "absent"], "absent"),
    (["train", "--data", "{folder}", "--out", "f", "--variant", "deep"], "unknown variant 'deep'"),
    (["train", "--data", "{folder}", "--out", "f", "--device", "tpu"], "unknown device 'tpu'"),
    (["train", "--data", "{folder}", "--out", "f", "--ancestor", "absent.pth"], "absent.pth"),
    (["train", "--data", "{folder}", "--out", "f", "--time-limit", "nan"], "--time-limit is nan"),
    (["train", "--data", "{folder}", "--out", "f", "--save-every=-1"], "--save-every is -1"),
    (["train", "--data", "{folder}", "--out", "f", "--epochs", "0"], "0 epochs train nothing"),
    (["train", "--data", "absent", "--out", "f"], "no data folder 'absent'"),
    (["fetch", "cifar"], "unknown study 'cifar'"),
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in, beside a folder of photographs, one with a single one, and a file that nobody may read."""
    for name, count in (("folder", 20), ("few", 1)):
        (tmp_path / name).mkdir()
        for number in range(count):
            Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / name / f"{number}.png")
    (tmp_path / "checkpoint.pth").write_bytes(b"")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def read(path, **options):
        if not Path(path).exists():
            raise FileNotFoundError(f"there is no {path}")
        raise AssertionError(f"{path} was read")

    for module in (variants, command_line, lineage, training):
        monkeypatch.setattr(module, "load_checkpoint", read)
    return tmp_path


@pytest.mark.parametrize(("words", "said"), CASES)
def test_it_is_refused_before_weights_are_read(words, said, place, capsys):
    known = {"folder": place / "folder", "few": place / "few", "checkpoint": place / "checkpoint.pth"}
    assert main([word.format(**known) for word in words]) == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert list((place / "here").iterdir()) == []


def test_a_score_that_networks_cannot_give_is_refused_before_they_run(place, monkeypatch, capsys):
    """Only checkpoints tell whether their classifiers know more than the study's classes."""
    monkeypatch.undo()
    monkeypatch.setattr("models.network.Network.features", None)
    words = ["--inside", str(place / "folder"), "--outside", str(place / "folder"), "--device", "cpu"]
    assert main(["judge", "--study", "lite", *words, "--score", "energy against others"]) == 1
    assert "needs checkpoints whose classifier knows more" in capsys.readouterr().err
