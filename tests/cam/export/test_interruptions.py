"""Exports that are interrupted, killed, spread over ranks or out of disk space end with the same files as any other.

The same tests with larger numbers are marked slow: pytest -m slow tests/cam/export
"""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from cam.export import pipeline
from tests.cam.export.exporting import (
    CPU,
    ROOT,
    alive,
    children,
    contents,
    environment,
    export,
    make_photographs,
    records,
    run,
    slow,
    start,
)
from tests.cam.works import make_given, one_thread


def fork(*words):
    """Start an export in a copy of this process, which saves the seconds for imports."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = export(*words)
        finally:
            os._exit(code)
    return pid


def count_of(out):
    return len(records(out)) if out.exists() else 0


def wait_for(out, count, ended):
    """Wait until so many records are written or the export has ended."""
    while count_of(out) < count and not ended():
        time.sleep(0.005)


def signalled(out, words, number, after):
    """Start an export, and send a signal once ``after`` more records are written; its exit code, and its messages."""
    already = count_of(out)
    with start(*words) as process:
        wait_for(out, already + after, lambda: process.poll() is not None)
        workers = children(process.pid)
        process.send_signal(number)
        said = process.stderr.read()
        code = process.wait(60)
    for _ in range(100):
        if not any(map(alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(alive, workers)), "rendering processes outlive the one that started them"
    return code, said


def killed(out, words, after):
    """As ``signalled``, in a copy of this process."""
    already, ended = count_of(out), []
    pid = fork(*words)
    wait_for(out, already + after, lambda: ended.append(os.waitpid(pid, os.WNOHANG)[0]) or ended[-1])
    if not ended[-1:] or not ended[-1]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_ctrl_c_finishes_the_batch_and_rendering_dies_with_its_parent(samples, tmp_path, threads):
    photographs = make_photographs(samples, tmp_path / "photographs", 16)
    words, out = [photographs, *CPU, "--dpi", "60", "--write", "figure,maps", "--workers", "1"], tmp_path / "out"
    code, said = signalled(out, [*words, "--out", out], signal.SIGINT, 2)
    assert code == 130
    assert "the same command goes on from there" in said
    assert 2 <= count_of(out) < 16
    assert not list(out.rglob("*.partial"))
    assert signalled(out, [*words, "--out", out], signal.SIGKILL, 2)[0] == -signal.SIGKILL
    assert export(*words, "--out", out) == 0
    assert export(*words, "--out", tmp_path / "whole") == 0
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("count", "kills", "real"),
    [(12, 4, False), pytest.param(200, 100, False, marks=slow), pytest.param(60, 12, True, marks=slow)],
)
def test_killed_again_and_again_gives_the_same_as_never(samples, tmp_path, threads, count, kills, real):
    """Kills come at random times, from before the first image of a run to several images later."""
    photographs = make_photographs(samples, tmp_path / "photographs", count)
    words, out = [photographs, "--write", "figure,maps", "--dpi", "60", *CPU], tmp_path / "killed"
    chance = random.Random(0)
    for turn in range(kills):
        left = count - count_of(out)
        after = min(left - 1, chance.randint(0, max(1, 2 * left // (kills - turn))))
        if real:
            signalled(out, [*words, "--out", out], signal.SIGKILL, after)
        else:
            killed(out, [*words, "--out", out], after)
        assert not (out / "index.html").exists()
    assert export(*words, "--out", out) == 0
    assert export(*words, "--out", tmp_path / "whole") == 0
    assert contents(out) == contents(tmp_path / "whole")
    done = [record["path"] for record in records(out)]
    assert len(set(done)) == len(done) == count


def test_killed_with_its_rendering_processes_an_export_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    """The whole export at once: the process that leads it, and two that render."""
    given, out, family = make_given(tmp_path), tmp_path / "killed", []
    words = [given / "data", "--study", given / "study.toml", "--device", "cpu", "--write", "figure,panels,maps"]
    pid = fork(*words, "--workers", "2", "--out", out)
    while not count_of(out):
        assert os.waitpid(pid, os.WNOHANG) == (0, 0)
        family = [pid, *children(pid)]
    for one in family:
        with suppress(ProcessLookupError):  # a child that saw its parent end
            os.kill(one, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert len(family) >= 3
    assert 1 <= count_of(out) < 9
    assert not (out / "index.html").exists()
    assert export(*words, "--workers", "2", "--out", out) == 0
    monkeypatch.setattr(pipeline, "rendering_processes", one_thread)
    assert export(*words, "--out", tmp_path / "whole") == 0
    assert contents(out) == contents(tmp_path / "whole")


def test_some_ranks_die_and_fewer_finish(samples, tmp_path, threads):
    """Four processes share the images, two are killed, three go on; the index is the same as with one process."""
    photographs = make_photographs(samples, tmp_path / "photographs", 11)
    words = [photographs, *CPU, "--dpi", "60"]
    assert export(*words, "--out", tmp_path / "one") == 0
    many = tmp_path / "many"
    for rank in (1, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RANK", str(rank))
            patch.setenv("WORLD_SIZE", "4")
            assert export(*words, "--out", many) == 0
    assert not (many / "index.html").exists()
    assert len(records(many)) == 5
    for rank in range(3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RANK", str(rank))
            patch.setenv("WORLD_SIZE", "3")
            assert export(*words, "--out", many) == 0
    assert contents(many) == contents(tmp_path / "one")
    assert sorted(record["path"] for record in records(many)) == sorted(path.name for path in photographs.iterdir())


@slow
def test_four_processes_two_killed_three_finish(samples, tmp_path):
    photographs = make_photographs(samples, tmp_path / "photographs", 200)
    words = [photographs, *CPU, "--write", "figure,maps", "--dpi", "100", "--workers", "1"]
    out = tmp_path / "many"
    ranks = [start(*words, "--out", out, RANK=rank, WORLD_SIZE=4) for rank in range(4)]
    while not out.exists() or len(records(out)) < 40:
        time.sleep(0.1)
    for process in ranks[:2]:
        process.kill()
    for process in ranks:
        process.communicate()
    assert not (out / "index.html").exists()
    ranks = [start(*words, "--out", out, RANK=rank, WORLD_SIZE=3) for rank in range(3)]
    assert [process.communicate() and process.returncode for process in ranks] == [0, 0, 0]
    assert run(*words, "--out", tmp_path / "one").returncode == 0
    assert contents(out) == contents(tmp_path / "one")
    assert len({record["path"] for record in records(out)}) == 200


@slow
def test_under_torchrun_a_rank_is_killed_and_a_restart_finishes(samples, tmp_path):
    photographs = make_photographs(samples, tmp_path / "photographs", 60)
    (photographs / "broken.jpg").write_bytes(b"no image")
    words = [photographs, *CPU, "--dpi", "60", "--workers", "1"]
    out = tmp_path / "many"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "cam", "export"]
    torchrun += [*map(str, words), "--out", str(out)]
    with subprocess.Popen(torchrun, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        wait_for(out, 20, lambda: process.poll() is not None)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        process.communicate()
    assert process.returncode
    assert 20 <= count_of(out) < 61
    again = subprocess.run(
        torchrun, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=900, check=False
    )
    assert again.returncode, "a broken image is an end with code 3"
    assert "exitcode  : 3" in again.stderr
    assert run(*words, "--out", tmp_path / "one").returncode == 3
    assert contents(out) == contents(tmp_path / "one")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_exit_code_4_and_leaves_whole_files(samples, tmp_path, threads, monkeypatch, code, capsys):
    photographs = make_photographs(samples, tmp_path / "photographs", 6)
    words = [photographs, *CPU, "--dpi", "60", "--write", "figure,maps"]
    assert export(*words, "--out", tmp_path / "one") == 0
    out, sync, count = tmp_path / "full", os.fsync, 0

    def full(handle):
        nonlocal count
        count += 1
        if count > 10:
            raise OSError(code, os.strerror(code))
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert export(*words, "--out", out) == 4
    assert os.strerror(code).lower() in capsys.readouterr().err.lower()
    whole = contents(tmp_path / "one")
    assert 0 < len(contents(out)) < len(whole)
    assert all(whole[name] == digest for name, digest in contents(out).items())
    assert export(*words, "--out", out) == 0
    assert contents(out) == whole


@slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_small_file_system_fills_up_and_is_freed(samples, tmp_path):
    photographs = make_photographs(samples, tmp_path / "photographs", 24)
    words = [photographs, *CPU, "--write", "figure,maps"]
    assert run(*words, "--out", tmp_path / "one").returncode == 0
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        result = run(*words, "--out", disk / "out")
        assert result.returncode == 4, result.stderr
        whole = contents(tmp_path / "one")
        assert 2 < len(contents(disk / "out")) < len(whole)
        assert all(whole[name] == digest for name, digest in contents(disk / "out").items())
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
        assert run(*words, "--out", disk / "out").returncode == 0
        assert contents(disk / "out") == whole
    finally:
        subprocess.run(["umount", disk], check=True)
