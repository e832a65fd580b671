"""Whichever disk call fails: finished files are whole, the error is one sentence, and a second run gives the same bytes.

A first run counts every call that opens for writing, writes, syncs, renames or makes folders
in the test's folder; then each of them fails once. ``pytest -m slow tests/cam/test_faults.py`` tries all of them with all errors.
"""

import builtins
import errno
import hashlib
import io
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import numpy as np
import pytest
import torch
from PIL import Image

from cam.__main__ import main
from cam.export import pipeline
from models import Scaling, efficientnet, save_checkpoint
from models.normalisation import LITE
from models.training.datasets import labelled, list_names
from models.training.lineage import draw
from models.training.recipe import Phase, Recipe
from models.training.run import TrainingRun

SCALING = Scaling(0.25, 0.5, 64)
CLASSES = ("ant", "bee", "cow")
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "lost")  # lost: a rename that never reached the disk
SAMPLED = {"export": 3, "compare": 2}  # calls that fail in every run; slow: all of them, of every work
RECIPE = Recipe("tiny", phases=(Phase(1, 1.0),), batch_size=8, policy="trivial", mix_probability=0.0)


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
    """A study of two tiny networks, and photographs of three classes."""
    folder, random = tmp_path_factory.mktemp("given"), np.random.default_rng(0)
    torch.manual_seed(0)
    save_checkpoint(
        folder / "tiny.safetensors",
        efficientnet(SCALING, 3).eval(),
        scaling=SCALING,
        family="b",
        metadata={"categories": list(CLASSES)},
    )
    tables = "\n".join(f'[variants.{key}]\nsource = {{ file = "tiny.safetensors" }}' for key in ("baseline", "width"))
    (folder / "study.toml").write_text(tables)
    for name in CLASSES:
        (folder / "data" / name).mkdir(parents=True)
        for number in range(3):
            pixels = random.integers(0, 255, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "data" / name / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Render in threads of this process, and restore torch's settings afterwards."""

    @contextmanager
    def pool(workers):
        with ThreadPoolExecutor(1) as made:
            yield made

    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    monkeypatch.setattr(pipeline, "rendering_processes", pool)
    yield
    torch.set_num_threads(before[0])
    torch.backends.cudnn.deterministic = before[1]


def export(given, out):
    words = [
        "--study",
        given / "study.toml",
        "--device",
        "cpu",
        "--dpi",
        "30",
        "--write",
        "figure,maps",
        "--workers",
        "1",
    ]
    return main(["export", *map(str, [given / "data" / "ant", "--out", out, "--limit", "1", *words])])


def compare(given, out):
    words = ["--study", given / "study.toml", "--device", "cpu", "--out", out / "f.png", "--save", out / "f.npz"]
    return main(["compare", *map(str, [given / "data" / "ant" / "0.png", *words])])


def evaluate(given, out):
    words = ["--study", given / "study.toml", "--device", "cpu", "--out", out / "r.json", "--seeds"]
    return main(["evaluate", "--data", *map(str, [given / "data", *words])])


def train(given, out):
    """Train as the command does, which reports errors of the disk."""
    torch.manual_seed(0)
    photographs = labelled(given / "data", list_names(given / "data"), list(CLASSES))
    run = TrainingRun(draw(SCALING, 3, "b", 1), photographs, RECIPE, 64, LITE, 1, torch.device("cpu"), out / "tiny")
    try:
        weights = run.finish()
    except OSError as error:
        return 4 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1
    content = b"".join(weights[name].numpy().tobytes() for name in sorted(weights))
    return [0, hashlib.sha256(content).hexdigest()]


def contents(out):
    """Finished files and their hashes; for journals, which hold times, only whether they can be read."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
        and path.parent.name != "ledger"
        and path.suffix not in (".jsonl", ".pt", ".partial")
        and path.name != ".lock"
    }


WORK = {"export": export, "compare": compare, "train": train, "evaluate": evaluate}
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
    assert code in (0, 3) or code[0] == 0
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
        assert came in (0, 1, 3, 4) or came == code, what
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
