"""Whichever disk call fails: finished files are whole, the error is one sentence, and a second run gives the same bytes.

A first run counts every call that opens for writing, writes, syncs, renames or makes folders
in the test's folder; then each of them fails once. ``pytest -m slow tests/cam/test_faults.py`` tries all of them with all errors.
"""

import builtins
import errno
import io
import os
import shutil
import threading
from contextlib import suppress

import pytest
import torch

from cam.export import pipeline
from tests.cam.works import WORK, contents, make_given, one_thread

ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "lost")  # lost: a rename that never reached the disk
SAMPLED = {"export": 3, "compare": 2}  # calls that fail in every run; slow: all of them, of every work


class Disk:
    """Counts calls that change anything in a folder, and makes one of them fail."""

    def __init__(self, folder):
        self.folder, self.count, self.fail_at, self.error = str(folder), 0, None, ""
        self.lock = threading.Lock()
        self.calls = []

    def fails(self, name, path):
        """Count a call, and raise if it is the one that should fail; True if its rename should be lost."""
        if not str(path).startswith(self.folder):
            return False
        with self.lock:
            self.count += 1
            self.calls.append(name)
            due = self.count == self.fail_at
        if due and (self.error != "lost" or name != "replace"):
            code = getattr(errno, self.error if self.error != "lost" else "EIO")
            raise OSError(code, os.strerror(code), str(path))
        return due

    def install(self, patch):
        """Replace the calls by ones that are counted."""
        self._install_handles(patch)
        self._install_paths(patch)
        self._install_files(patch)

    def _install_handles(self, patch):
        before = {name: getattr(os, name) for name in ("open", "write", "fsync")}

        def opened_raw(path, flags, *rest, **more):
            if flags & (os.O_WRONLY | os.O_RDWR):
                self.fails("open", path)
            return before["open"](path, flags, *rest, **more)

        patch.setattr(os, "open", opened_raw)
        for name in ("write", "fsync"):
            patch.setattr(
                os,
                name,
                lambda handle, *rest, name=name: (self.fails(name, self.path(handle)), before[name](handle, *rest))[1],
            )

    def _install_paths(self, patch):
        before = {name: getattr(os, name) for name in ("mkdir", "chmod", "replace")}
        for name in ("mkdir", "chmod"):
            patch.setattr(
                os,
                name,
                lambda path, *rest, name=name, **more: (self.fails(name, path), before[name](path, *rest, **more))[1],
            )

        def replace(source, target):
            if self.fails("replace", target):
                os.unlink(source)
            else:
                before["replace"](source, target)

        patch.setattr(os, "replace", replace)

    def _install_files(self, patch):
        plain, fdopen = builtins.open, os.fdopen

        def opened(file, mode="r", *rest, **more):
            if isinstance(file, int) or not set("wa+") & set(mode):
                return plain(file, mode, *rest, **more)
            self.fails("open", os.fspath(file))
            binary = self.buffered(os.fspath(file), mode.replace("b", "").replace("t", ""))
            return binary if "b" in mode else io.TextIOWrapper(binary, encoding=more.get("encoding"))

        patch.setattr(
            os,
            "fdopen",
            lambda handle, mode="r", *rest, **more: (
                self.buffered(handle, "w") if mode == "wb" else fdopen(handle, mode, *rest, **more)
            ),
        )
        patch.setattr(builtins, "open", opened)
        patch.setattr(io, "open", opened)

    def buffered(self, file, mode):
        disk, path = self, self.path(file) if isinstance(file, int) else file

        class Raw(io.FileIO):
            def write(self, content):
                disk.fails("write", path)
                return super().write(content)

        return io.BufferedWriter(Raw(file, mode))

    @staticmethod
    def path(handle):
        with suppress(OSError):
            return os.readlink(f"/proc/self/fd/{handle}")
        return ""


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return make_given(tmp_path_factory.mktemp("given"))


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Rendering in a thread of this process, torch's settings back afterwards."""
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    monkeypatch.setattr(pipeline, "rendering_processes", one_thread)
    yield
    torch.set_num_threads(before[0])
    torch.backends.cudnn.deterministic = before[1]


_whole = {}


def whole(name, given, tmp_path_factory):
    """What a command writes without faults, and its number of calls; computed once for each command."""
    if name not in _whole:
        out = tmp_path_factory.mktemp(f"{name}-whole")
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(out)
            disk.install(patch)
            code = WORK[name](given, out)
        _whole[name] = code, contents(out), disk.calls
    return _whole[name]


def check(name, given, tmp_path_factory, places, capsys):
    code, expected, calls = whole(name, given, tmp_path_factory)
    assert code == 0
    assert {"open", "write", "fsync", "replace"} <= set(calls)
    out = tmp_path_factory.mktemp(name)
    for place, error in places(len(calls)):
        what = f"call {place} of {len(calls)}, {calls[place - 1]}: {error}"
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(out)
            disk.fail_at, disk.error = place, error
            disk.install(patch)
            came = WORK[name](given, out)
        assert came in (0, 1, 3, 4), what
        if came == 4:
            assert error in ("ENOSPC", "EDQUOT"), what
        assert "Traceback" not in capsys.readouterr().err, what
        assert contents(out).items() <= expected.items(), what
        assert not list(out.rglob(".*.partial")), what
        assert WORK[name](given, out) == code, what
        assert contents(out) == expected, what
        shutil.rmtree(out)
        out.mkdir()


@pytest.mark.parametrize("name", SAMPLED)
def test_some_calls_fail(name, given, tmp_path_factory, capsys):
    """Calls evenly spread over the run, each with another error."""

    def places(count):
        chosen = [(2 * step + 1) * count // (2 * SAMPLED[name]) for step in range(SAMPLED[name])]
        return [(place, ERRORS[(place + row) % len(ERRORS)]) for row, place in enumerate(chosen)]

    check(name, given, tmp_path_factory, places, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
def test_every_call_fails_in_every_way(name, given, tmp_path_factory, capsys):
    """With ``EVERY=7``, only every seventh of these faults."""

    def places(count):
        return [(place, error) for place in range(1, count + 1) for error in ERRORS][
            :: int(os.environ.get("EVERY", "1"))
        ]

    check(name, given, tmp_path_factory, places, capsys)
