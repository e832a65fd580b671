"""Rendering processes start all at once, on one thread each and without Ctrl-C, and one that is killed is a sentence."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from cam.export.rendering import ONE_THREAD, rendering_processes


@pytest.mark.linux
def test_every_process_starts_on_one_thread_and_without_ctrl_c(monkeypatch):
    """What holds is read before they have imported anything."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    found = []

    def look_and_kill(pool, processes):
        found.extend((_environment(one.pid), _blocked(one.pid)) for one in processes)
        assert os.environ["OMP_NUM_THREADS"] == "7"
        assert "MKL_NUM_THREADS" not in os.environ
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        _kill(pool, processes)

    with pytest.raises(ChildProcessError):
        _in_processes(look_and_kill)
    assert len(found) == 3
    assert all(environment.items() >= ONE_THREAD.items() for environment, _ in found)
    assert all(signal.SIGINT in blocked for _, blocked in found)


def test_one_that_is_killed_is_a_sentence():
    with pytest.raises(ChildProcessError, match="a rendering process was killed.*try --workers 1"):
        _in_processes(_kill)


def _in_processes(function):
    """Call a function with a pool of three processes, and with these."""
    with rendering_processes(3) as pool:
        assert not multiprocessing.active_children()  # an export that has nothing to do starts none
        pool.submit(int)
        function(pool, multiprocessing.active_children())


def _kill(pool, processes):
    """What a system without memory does."""
    for one in processes:
        one.kill()
    pool.submit(int).result()


def _environment(pid):
    """Its environment variables, as soon as it runs a program of its own instead of a copy of this one."""
    while b"spawn_main" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        time.sleep(0.01)
    parts = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(part.split("=", 1) for part in parts if "=" in part)


def _blocked(pid):
    """Numbers of the signals that wait outside of a process."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigBlk"))
    bits = int(line.split()[1], 16)
    return {number for number in range(1, 65) if bits >> number - 1 & 1}
