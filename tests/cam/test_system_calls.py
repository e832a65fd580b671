"""Whichever system call on a file of its own fails, a work says one sentence, leaves no half file, and ends the next time.

A first run under strace counts every call that names a file below the work's folder, or a handle of one, whatever the call
and whoever makes it. Then the work is done again for each of them, and the kernel refuses that one call. Every time it is a
copy of this process, which has PyTorch imported, so that hundreds take minutes. ``pytest -m slow -s
tests/cam/test_system_calls.py`` tries every eleventh and says how many there were, with ``EVERY=1`` all of them.
"""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from typing import NamedTuple

import pytest
import torch

from cam.export import pipeline
from models import Study, load_study
from tests.cam.works import WORK, contents, make_given, one_thread

STRACE = shutil.which("strace")
EVERY = int(os.environ.get("EVERY", "11"))
FULL, BROKEN = ("ENOSPC", "EDQUOT"), ("EIO", "EROFS")
LOOKING = re.compile(
    r"\w*stat|\w*access|p?read|getdents|lseek|close|fcntl|ioctl|flock|mmap|open.*O_RDONLY"
)  # changes nothing
CALL = re.compile(r"^(\d+) +((\w+)\(.*)", re.MULTILINE)
PATIENCE = 120


class Call(NamedTuple):
    """The ``number``-th call of that name that one thread makes on a path."""

    name: str
    path: str
    number: int
    changes: bool


def copied(work, given, out, said):
    """Begin a work in a copy of this process, which waits until the other end of a pipe is closed; its number, and that end."""
    waiting, go = os.pipe()
    process = os.fork()
    if process:
        os.close(waiting)
        return process, go
    code = 70
    try:
        os.close(go)
        sys.stdout, sys.stderr = open(f"{said}.out", "w"), open(said, "w")  # noqa: SIM115
        tempfile._name_sequence = map(str, itertools.count())  # so that a path of one run is a path of the next
        signal.alarm(PATIENCE)
        os.read(waiting, 1)
        code = work(given, out)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def traced(work, given, out, options):
    """Do a work under strace: its exit code, what it said, and what strace noted.

    Raises:
        PermissionError: this machine does not allow tracing.
    """
    said, noted = out.parent / "said", out.parent / "noted"
    process, go = copied(work, given, out, said)
    command = [STRACE, "-f", "-y", "-s", "0", "-p", str(process), "-o", str(noted), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        attached = next((line for line in tracer.stderr if "ttached" in line or "not permitted" in line), "")
        os.close(go)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        tracer.communicate(timeout=PATIENCE)
    if f"{process} attached" not in attached:
        raise PermissionError(attached)
    return code, said.read_text(), noted.read_text()


def calls_below(folder, noted):
    """Every call of a trace on a path below a folder, once for each."""
    named, counts, found = re.compile(rf'[<"]({re.escape(str(folder))}[^">]*)[">]'), Counter(), {}
    for thread, line, name in CALL.findall(noted):
        for path in named.findall(line)[:1]:
            counts[thread, name, path] += 1
            found[Call(name, path, counts[thread, name, path], not LOOKING.match(line))] = None
    return list(found)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return make_given(tmp_path_factory.mktemp("given"))


@pytest.fixture
def ready(given, tmp_path, monkeypatch):
    """Call with a work: it is done once in this process, so that copies of it have nothing to import and no network to load."""
    study = load_study(given / "study.toml")
    networks = {key: study.load(key, "cpu") for key in study.variants}
    monkeypatch.setattr(Study, "load", lambda study, key, device: networks[key])
    monkeypatch.setattr(pipeline, "rendering_processes", one_thread)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def begin(work):
        (tmp_path / "once").mkdir()
        assert work(given, tmp_path / "once") == 0

    yield begin
    torch.set_num_threads(threads)


def check(name, given, folder):
    """Have one call after the other fail; what came of it, by exit code."""
    work, out, came = WORK[name], folder / "out", Counter()
    out.mkdir()
    code, said, noted = traced(work, given, out, ["-e", "trace=%file,%desc"])
    assert code == 0, said
    calls, expected, usual = calls_below(out, noted), contents(out), sentences(said)
    assert {"openat", "write", "fsync", "rename"} <= {call.name for call in calls}
    faults = [(call, error) for call in calls for error in (FULL + BROKEN if call.changes else ("EIO",))]
    for call, error in faults[::EVERY]:
        shutil.rmtree(out)
        out.mkdir()
        inject = f"inject={call.name}:error={error}:when={call.number}"
        code, said, noted = traced(work, given, out, ["-P", call.path, "-e", f"trace={call.name}", "-e", inject])
        came[code if "(INJECTED)" in noted else "missed"] += 1
        check_end(code, sentences(said) - usual, contents(out), expected, (call, error))
        assert not list(out.rglob(".*.partial")), (call, error)
        again, go = copied(work, given, out, folder / "said")
        os.close(go)
        assert os.waitstatus_to_exitcode(os.waitpid(again, 0)[1]) == 0, (call, error, (folder / "said").read_text())
        assert contents(out) == expected, (call, error)
    print(f"{name}: {len(calls)} calls, {len(faults)} faults, tried {came.total()}: {dict(came)}")
    return came


def sentences(said):
    """Lines on standard error that are not of a bar."""
    return {line for line in said.splitlines() if line and "%|" not in line}


def check_end(code, said, found, expected, fault):
    """Done all the same, or one sentence beside the usual ones; only finished files either way."""
    assert not any("Traceback" in line for line in said), (fault, said)
    if code == 0:
        assert found == expected, fault
    else:
        assert code in ((4,) if fault[1] in FULL else (1,)), (fault, code, said)
        assert len(said) == 1, (fault, said)
        assert found.items() <= expected.items(), fault


@pytest.mark.slow
@pytest.mark.skipif(STRACE is None, reason="strace is not installed: it makes system calls fail")
@pytest.mark.parametrize("name", WORK)
def test_every_call_fails_once(name, given, ready, tmp_path):
    ready(WORK[name])
    try:
        came = check(name, given, tmp_path)
    except PermissionError as error:
        pytest.skip(f"this machine does not allow tracing: {error}")
    assert came["missed"] < came.total() / 20
    assert came.keys() & {1, 4}
