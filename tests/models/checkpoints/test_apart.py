"""Pickles read in a process of their own: tensors stay the same, and a file that needs too much ends only that process."""

import os
import signal
import subprocess
import time

import pytest
import torch

from models import Scaling, efficientnet, load_checkpoint
from models.checkpoints import apart
from models.checkpoints.apart import unpickled_apart
from models.checkpoints.weight_files import CheckpointError

SCALING = Scaling(0.5, 0.5, 64)


@pytest.fixture
def pickled(tmp_path):
    path = tmp_path / "tf_efficientnet_small.pth"
    network = efficientnet(SCALING, 3).eval()
    torch.save(
        {"state_dict": {f"module.{key}": value for key, value in network.state_dict().items()}, "epoch": 3}, path
    )
    return path


def test_what_comes_out_is_the_same_checkpoint(pickled, tmp_path):
    """The network is the same, and so is what the file's name tells about it."""
    out = tmp_path / f"{pickled.name}.safetensors"
    unpickled_apart(pickled, out)
    came, went = load_checkpoint(out), load_checkpoint(pickled)
    assert (came.family, came.scaling, came.normalisation) == (went.family, went.scaling, went.normalisation)
    assert came.state_dict.keys() == went.state_dict.keys()
    assert all(torch.equal(value, went.state_dict[name]) for name, value in came.state_dict.items())


def ended(work):
    """Exit code, negative for a signal, of a process that does some work within the limits."""
    process = os.fork()
    if not process:
        code = 99
        try:
            apart._limit()
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            code = work() or 0
        except MemoryError:
            code = 77
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.skipif(apart.resource is None, reason="this system has no limits for processes")
def test_memory_and_time_are_limited(monkeypatch):
    assert ended(lambda: len(bytearray(1 << 20)) and 0) == 0
    assert ended(lambda: len(bytearray(apart.MEMORY)) and 0) == 77
    monkeypatch.setattr(apart, "PROCESSOR", 1)
    begun = time.monotonic()

    def hang():
        while True:
            pass

    assert ended(hang) in (-signal.SIGXCPU, -signal.SIGKILL)
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ((apart.REFUSED, "a warning\nit holds os.system, which is code"), "it holds os.system, which is code"),
        ((-signal.SIGKILL, ""), apart.TOO_MUCH),
        ((1, "Traceback\nMemoryError"), apart.TOO_MUCH),
        ((0, ""), apart.TOO_MUCH),
        (None, apart.TOO_MUCH),
    ],
)
def test_however_it_ends_it_is_one_sentence(done, said, tmp_path, monkeypatch):
    def run(command, **_):
        if done is None:
            raise subprocess.TimeoutExpired(command, 1)
        return subprocess.CompletedProcess(command, done[0], "", done[1])

    monkeypatch.setattr(apart.subprocess, "run", run)
    with pytest.raises(CheckpointError) as caught:
        unpickled_apart(tmp_path / "x.pth", tmp_path / "out")
    assert str(caught.value) == said


def test_what_the_scan_refuses_is_said(tmp_path, capsys):
    (tmp_path / "x.pth").write_bytes(b"\x80\x02}" + b")" + b"q\x00h\x00\x86" * 200 + b"K\x01s.")
    process = os.fork()
    if not process:
        os._exit(apart.main([str(tmp_path / "x.pth"), str(tmp_path / "out")]))
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == apart.REFUSED
    assert not (tmp_path / "out").exists()
