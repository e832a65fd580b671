"""An export that is killed again and again, at any moment, ends with the same bytes as an undisturbed one.

``KILLS=1000 pytest -m slow -s tests/cam/test_kills.py`` says how often it was killed, how long that took, and how many exports
ended all the same. Every export is a copy of a process that has PyTorch imported and the networks loaded, so that nearly all of
its time is spent on photographs; and every core is busy besides. Files are rendered in threads here;
``tests/cam/export/test_interruptions.py`` kills an export with its rendering processes.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("KILLS", "200"))
PHOTOGRAPHS = 4  # of a whole export, so that kills fall on every part of one
EXPORTS = """
import contextlib, os, random, signal, sys, time
from concurrent.futures import ThreadPoolExecutor
from cam.__main__ import main
from cam.commands import export
from cam.export import pipeline

@contextlib.contextmanager
def threads(workers):
    with ThreadPoolExecutor(workers) as pool:
        yield pool

def child(function, *arguments):
    process = os.fork()
    if not process:
        os._exit(function(*arguments))
    return process

def spin(parent):
    while os.getppid() == parent:
        pass

samples, plain, killed, photographs, kills = sys.argv[1:]
pipeline.rendering_processes = threads  # so that one kill ends everything, and starting costs nothing
load, loaded = export.load_networks, []
export.load_networks = lambda arguments: loaded[0] if loaded else loaded.append(load(arguments)) or loaded[0]
words = ["export", samples, "--study", "lite", "--device", "cpu", "--dpi", "60", "--write", "figure,maps"]
words += ["--limit", photographs, "--out"]
assert not main([*words, plain])
export._rehearse = lambda *nothing: None  # it was rehearsed now, and writes nothing
busy = [child(spin, os.getpid()) for _ in range(os.cpu_count())]
began = time.monotonic()
assert not os.waitpid(child(main, [*words, f"{killed}-0"]), 0)[1]
whole = time.monotonic() - began
chance, came, ended, began = random.Random(0), 0, 0, time.monotonic()
while came < int(kills):
    process = child(main, [*words, killed])
    time.sleep(chance.random() * whole)
    os.kill(process, signal.SIGKILL)
    came += os.waitpid(process, 0)[1] == signal.SIGKILL
    if os.path.exists(os.path.join(killed, "index.html")):
        ended += 1
        os.rename(killed, f"{killed}-{ended}")
took = time.monotonic() - began
for process in busy:
    os.kill(process, signal.SIGKILL)
assert not os.waitpid(child(main, [*words, killed]), 0)[1]
print(f"{came} kills in {took:.0f} s")
"""


def contents(out: Path) -> dict[str, str]:
    """The sha256 of every file except ledgers and lock."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parent.name != "ledger" and path.name != ".lock"
    }


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_killed_at_any_moment_an_export_ends_with_the_same_bytes(samples, tmp_path):
    """Finished exports are begun anew, so that kills fall on every part of one."""
    command = [sys.executable, "-c", EXPORTS, samples, tmp_path / "plain", tmp_path / "killed", PHOTOGRAPHS, KILLS]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, command)), env=environment, stdout=subprocess.PIPE, text=True, check=True)
    ends = sorted(tmp_path.glob("killed*"))
    print(f"{done.stdout.splitlines()[-1]}, {len(ends)} exports that ended all the same")
    assert len(ends) > KILLS / 50
    for out in ends:
        assert contents(out) == contents(tmp_path / "plain")
