"""Checkpoints of visitors are kept while anybody uses them, within a limit, and no pickle is read in this process."""

import os
import shutil

import pytest

from models.checkpoints.weight_files import CheckpointError
from ui import checkpoints, session, shared
from ui.session import Choice


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    yield
    shared.forget_who_left(lambda _: False)


def test_an_upload_lies_on_disk_until_its_visitor_has_left():
    path, digest = checkpoints.keep_checkpoint("../../x.safetensors", b"content")
    assert os.path.basename(path) == "x.safetensors"
    assert checkpoints.keep_checkpoint("x.safetensors", b"content") == (path, digest)
    with open(path, "rb") as file:
        assert file.read() == b"content"
    shared.forget_who_left(lambda _: False)
    assert not os.path.exists(os.path.dirname(path))


def test_what_does_not_fit_beside_the_others_is_refused(monkeypatch):
    monkeypatch.setattr(checkpoints, "MOST_CHECKPOINTS", 10)
    checkpoints.keep_checkpoint("a.pth", b"123456")
    with pytest.raises(ValueError, match="holds as many checkpoints as it can"):
        checkpoints.keep_checkpoint("b.pth", b"12345")
    checkpoints.keep_checkpoint("c.pth", b"1234")


def test_a_pickle_is_read_by_another_process_once(tmp_path, monkeypatch):
    """Whatever else is chosen, the server reads safetensors, from a folder with the same configuration."""
    (tmp_path / "x.pth").write_bytes(b"pickle")
    (tmp_path / "config.json").write_text("{}")
    asked = []

    def read(path, out):
        asked.append(path)
        shutil.copy(path, out)

    monkeypatch.setattr(checkpoints, "unpickled_apart", read)
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("read here"))
    path, digest = checkpoints.local_checkpoint(str(tmp_path / "x.pth"))
    for key in ("baseline", "compound"):
        with pytest.raises(CheckpointError, match="not a complete safetensors file"):
            session.network(Choice("caltech101", key, "cpu", path, digest))
    assert asked == [tmp_path / "x.pth"]
    plain = checkpoints.plain_checkpoint(path, digest)
    assert sorted(os.listdir(os.path.dirname(plain))) == ["config.json", "x.pth.safetensors"]
    assert checkpoints.plain_checkpoint("y.safetensors", "") == "y.safetensors"


@pytest.mark.linux
def test_a_local_path_goes_through_the_one_door(tmp_path):
    os.mkfifo(tmp_path / "x.pth")
    with pytest.raises(ValueError, match="not a regular file"):
        checkpoints.local_checkpoint(str(tmp_path / "x.pth"))


def test_a_graph_is_read_in_its_own_place(tmp_path):
    """Nothing in a graph is unpickled, and its record would be lost in another process."""
    path = tmp_path / "baseline.ONNX"
    path.write_bytes(b"")
    assert checkpoints.plain_checkpoint(str(path), "digest") == str(path)
