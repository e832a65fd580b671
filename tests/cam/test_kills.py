"""An export that is killed again and again, at any moment, ends with the same bytes as an undisturbed one.

``pytest -m slow -s tests/cam/test_kills.py`` prints the number of kills; ``KILLS`` is the number of seconds that it runs.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = int(os.environ.get("KILLS", "480"))
LONGEST = 6.0  # seconds between two kills
EXPORTS = """
import os, sys, signal, contextlib, random, time
from concurrent.futures import ThreadPoolExecutor
from cam.__main__ import main
from cam.export import pipeline

@contextlib.contextmanager
def threads(workers):
    with ThreadPoolExecutor(workers) as pool:
        yield pool

pipeline.rendering_processes = threads  # so that one kill ends everything, and starting costs nothing
def child(words):
    process = os.fork()
    if not process:
        os._exit(main(words))
    return process

samples, plain, killed, longest, seconds = sys.argv[1:]
words = ["export", samples, "--study", "lite", "--device", "cpu", "--dpi", "60", "--write", "figure,maps", "--out"]
assert not os.waitpid(child([*words, plain]), 0)[1]
chance, kills, end = random.Random(0), 0, time.monotonic() + float(seconds)
while time.monotonic() < end:
    process = child([*words, killed])
    time.sleep(chance.random() * float(longest))
    os.kill(process, signal.SIGKILL)
    kills += os.waitpid(process, 0)[1] == signal.SIGKILL
    if os.path.exists(os.path.join(killed, "index.html")):
        os.rename(killed, f"{killed}-{kills}")
assert not os.waitpid(child([*words, killed]), 0)[1]
print(kills)
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
    """Finished exports start again, so that kills hit every part of an export."""
    command = [sys.executable, "-c", EXPORTS, samples, tmp_path / "plain", tmp_path / "killed", LONGEST, SECONDS]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, command)), env=environment, stdout=subprocess.PIPE, text=True, check=True)
    kills, ends = int(done.stdout.splitlines()[-1]), sorted(tmp_path.glob("killed*"))
    print(f"{kills} kills, {len(ends)} exports that ended all the same")
    assert kills > SECONDS / LONGEST / 4
    for out in ends:
        assert contents(out) == contents(tmp_path / "plain")
