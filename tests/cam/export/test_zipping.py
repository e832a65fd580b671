"""An export's ZIP is whole or absent: a full disk or a kill while it is written leaves what was there before."""

import errno
import os
import shutil
import signal
import zipfile

import pytest

from cam.export.ledger import FOLDER
from cam.export.zipping import write_zip


@pytest.fixture
def out(tmp_path):
    """Three files of an export, and what does not belong into a ZIP: a ledger, a lock and a link."""
    folder = tmp_path / "out"
    for name in ("figures/a.png", "index.html", "predictions.csv", f"{FOLDER}/rank-0000.jsonl", ".lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 1000)
    (folder / "link").symlink_to(tmp_path)
    return folder


@pytest.fixture
def end_at_the_second_file(monkeypatch):
    """Call with what happens instead of copying the second file into a ZIP, once a part of it is written."""
    copy = shutil.copyfileobj

    def begin(end):
        copied = []

        def copying(source, target):
            copied.append(source)
            if len(copied) == 2:
                target.write(source.read(100))
                end()
            copy(source, target)

        monkeypatch.setattr(shutil, "copyfileobj", copying)

    return begin


def full():
    raise OSError(errno.ENOSPC, "no space left")


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def names(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.namelist()


WHOLE = ["out/figures/a.png", "out/index.html", "out/predictions.csv"]


@pytest.mark.parametrize("before", [False, True], ids=["the first one", "over another one"])
def test_a_full_disk_leaves_what_was_there(out, tmp_path, end_at_the_second_file, before):
    path = tmp_path / "out.zip"
    if before:
        write_zip(out, path)
    end_at_the_second_file(full)
    with pytest.raises(OSError, match="no space left"):
        write_zip(out, path)
    assert sorted(one.name for one in tmp_path.iterdir()) == (["out", "out.zip"] if before else ["out"])
    assert not before or names(path) == WHOLE


@pytest.mark.linux
def test_a_kill_leaves_no_half_zip_and_the_next_one_is_whole(out, tmp_path, end_at_the_second_file):
    path = tmp_path / "out.zip"
    process = os.fork()
    if not process:
        try:
            end_at_the_second_file(killed)
            write_zip(out, path)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    assert not path.exists()
    write_zip(out, path)
    assert names(path) == WHOLE
