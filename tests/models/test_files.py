"""Reading files from outside, and writing files that are whole or absent whichever system call fails."""

import errno
import importlib.util
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "models" / "files.py"
spec = importlib.util.spec_from_file_location("files_alone", SOURCE)
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)  # loaded alone, without the seconds for importing torch
MOST = 1000
OLD, NEW = b"old", b"new" * 100_000
WRITER = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("files", {str(SOURCE)!r})
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)
with files.atomic_write(sys.argv[1]) as file:
    file.write(b"new" * 100_000)
"""
STRACE = shutil.which("strace")
WRITING = "openat,write,fsync,rename,chmod,fchmod"  # what may fail while a file is written


@pytest.fixture
def odd(tmp_path):
    """Name -> something that is not a regular file, or that may not be read."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(MOST + 1))
    (tmp_path / "folder").mkdir()
    (tmp_path / "link to pipe").symlink_to("pipe")
    (tmp_path / "link to nothing").symlink_to("nowhere")
    (tmp_path / "link to itself").symlink_to("link to itself")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        yield {
            **{path.name: path for path in tmp_path.iterdir()},
            "zero": "/dev/zero",
            "null": "/dev/null",
            "terminal": "/dev/tty",
            "long": tmp_path / ("x" * 300),
            "NUL": "a\0b",
            "missing": tmp_path / "missing",
            "memory": "/proc/self/mem",
            "below a file": tmp_path / "large" / "x",
            "escape": tmp_path / "\x1b[31m",
        }


def test_nothing_odd_is_read_or_waited_for(odd):
    refused = {}

    def read_all():
        for name, path in odd.items():
            with pytest.raises((ValueError, OSError)) as caught:
                files.read_file(path, MOST)
            refused[name] = str(caught.value)

    thread = threading.Thread(target=read_all, daemon=True)
    thread.start()
    thread.join(10)
    assert refused.keys() == odd.keys(), "waited for one"
    for words in refused.values():
        assert words.isprintable()
        assert "; " in words, "says the way out"


@pytest.mark.parametrize("size", [0, 1, MOST])
def test_a_file_of_allowed_size_comes_whole(tmp_path, size):
    (tmp_path / "file").write_bytes(bytes(range(256)) * 4)
    content = (tmp_path / "file").read_bytes()[:size]
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "link").symlink_to("file")
    assert files.read_file(tmp_path / "file", MOST) == files.read_file(tmp_path / "link", MOST) == content


def test_a_file_that_tells_no_size_or_grows_comes_whole_or_not_at_all(tmp_path, monkeypatch):
    """Files of the kernel report a size of 0; another may grow after it was asked."""
    (tmp_path / "file").write_bytes(bytes(range(256)) * (3 << 12))
    content = (tmp_path / "file").read_bytes()
    for told in (0, 7, len(content) - 1):
        asked = os.fstat
        monkeypatch.setattr(
            files.os,
            "fstat",
            lambda handle, told=told, asked=asked: os.stat_result((*asked(handle)[:6], told, 0, 0, 0)),
        )
        assert files.read_file(tmp_path / "file", 4 << 20) == content
        assert files.read_file(tmp_path / "file", len(content)) == content
        with pytest.raises(ValueError, match="is larger than"):
            files.read_file(tmp_path / "file", len(content) - 1)
        monkeypatch.undo()


def test_what_is_too_large_is_not_read(tmp_path):
    """A sparse file of sixty gigabytes costs neither memory nor time."""
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(60 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="is larger than"):
        files.read_file(tmp_path / "sparse", 1 << 30)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"


def test_texts_are_utf8_with_or_without_mark(tmp_path):
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbf\xc3\xa9")
    assert files.read_text(tmp_path / "text", MOST) == "é"
    (tmp_path / "text").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="not a text in UTF-8"):
        files.read_text(tmp_path / "text", MOST)


def test_a_small_file_takes_little_memory(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    tracemalloc.start()
    try:
        files.read_file(tmp_path / "file", 1 << 30)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", ["/proc/self/status", "/nowhere"])
def test_new_files_get_the_usual_permissions_and_nobody_changes_them(tmp_path, monkeypatch, status):
    """Threads that write side by side leave the process's umask as it was, and it is never set."""
    monkeypatch.setattr(files, "STATUS", status)
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(files, "UMASK", 0o027)
        monkeypatch.setattr(files.os, "umask", lambda mask: pytest.fail("the umask of all threads was set"))
        with files.atomic_write(tmp_path / "file") as file:
            file.write(NEW)
    finally:
        monkeypatch.undo()
        assert os.umask(before) == 0o027
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def traced(path, *injections):
    """Write a file in a process of its own under strace; its exit code and the calls that it made, in order."""
    log = path.parent / "calls"
    command = [
        STRACE,
        "-f",
        "-qq",
        "-e",
        f"trace={WRITING}",
        "-o",
        log,
        *injections,
        sys.executable,
        "-S",
        "-c",
        WRITER,
        path,
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False, timeout=60)
    return done.returncode, re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: it makes system calls fail")
@pytest.mark.parametrize("code", ["ENOSPC", "EIO", "EDQUOT", "EROFS"])
def test_whichever_call_fails_the_file_is_the_old_or_the_new_one(tmp_path, code):
    """All calls made while writing are counted, and each fails once."""
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(OLD)
    done, calls = traced(path)
    if done and not calls:
        pytest.skip("this machine does not allow tracing")
    assert done == 0
    assert path.read_bytes() == NEW
    first = max(place for place, call in enumerate(calls) if call == "openat")  # Python's own imports come before
    assert {"write", "fsync", "rename"} <= set(calls[first:])
    failed = 0
    for place in range(first, len(calls)):
        when = calls[: place + 1].count(calls[place])
        path.write_bytes(OLD)
        done, _ = traced(path, "-e", f"inject={calls[place]}:error={code}:when={when}")
        failed += done != 0
        assert path.read_bytes() == (NEW if done == 0 else OLD)
        (path.parent / "calls").unlink()
        assert [one.name for one in path.parent.iterdir()] == ["file"], "a half file is left"
    assert failed >= 4


def test_errors_keep_their_number(tmp_path):
    """The number distinguishes a full disk from other errors."""
    with pytest.raises(OSError, match="No space") as caught, files.atomic_write(tmp_path / "file"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
