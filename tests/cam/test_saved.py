"""Saved comparisons from strangers: what is loaded is what was saved, and anything else is refused in one sentence."""

import io
import json
import os
import zipfile
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cam import Comparison
from cam.__main__ import main
from cam.comparison import VariantFacts
from cam.question import QUESTION
from cam.saved import MOST_BYTES
from models import Scaling
from models.files import atomic_write
from tests.attacks import attacked

KINDS = ("maps", "logits", "class_idx")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A comparison of two variants on two images, made without networks: its file, and the comparison itself."""
    chance = np.random.default_rng(0)
    facts = {
        key: VariantFacts(
            key.capitalize(), "made up", "", Scaling(resolution=size), "b", 5, 7, "0" * 64, tuple(range(cells))
        )
        for key, size, cells in (("baseline", 224, 3), ("compound", 300, 4))
    }
    comparison = Comparison(
        facts,
        ["one.jpg", "zwei \udce9.jpg".encode("utf-8", "replace").decode()],
        chance.integers(0, 255, (2, 8, 8, 3), dtype=np.uint8),
        ["cat", "dog", "crab"],
        QUESTION,
        {
            key: chance.normal(size=(2, len(one.centres), len(one.centres))).astype(np.float32)
            for key, one in facts.items()
        },
        {key: chance.normal(size=(2, 3)).astype(np.float32) for key in facts},
        {key: chance.integers(0, 3, 2) for key in facts},
    )
    path = tmp_path_factory.mktemp("saved") / "maps.npz"
    comparison.save(path)
    return path, comparison


def arrays_of(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


class Blind:
    """A file that can only be written to."""

    def __init__(self, file):
        self.write, self.flush, self.read = file.write, file.flush, None


def test_a_file_that_cannot_tell_its_position_gets_the_same_bytes(saved, tmp_path, monkeypatch):
    """zipfile takes a call for it that fails as no error, and goes on in another way."""

    @contextmanager
    def blind(path):
        with atomic_write(path) as file:
            yield Blind(file)

    monkeypatch.setattr("cam.saved.atomic_write", blind)
    saved[1].save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == saved[0].read_bytes()


def refused(tmp_path, arrays, words=""):
    """Save arrays, load them, and expect an error of one sentence."""
    path = tmp_path / "changed.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="is not a saved comparison") as caught:
        Comparison.load(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "allow_pickle" not in str(caught.value)
    assert "unsafe" not in str(caught.value)


def document_of(arrays, **changes):
    document = json.loads(arrays["document"].tobytes()) | changes
    return arrays | {"document": np.frombuffer(json.dumps(document).encode(), np.uint8)}


def test_what_was_saved_is_loaded(saved):
    path, comparison = saved
    loaded = Comparison.load(path)
    assert loaded.variants == comparison.variants
    assert loaded.names == comparison.names
    assert np.array_equal(loaded.images, comparison.images)
    for kind in KINDS:
        for key, values in getattr(comparison, kind).items():
            assert np.array_equal(getattr(loaded, kind)[key], values)
    assert loaded.against_idx is None


@pytest.mark.parametrize("name", ["document", "images", "maps/baseline", "logits/compound", "class_idx/baseline"])
def test_a_missing_array_is_named(name, saved, tmp_path):
    arrays = arrays_of(saved[0])
    del arrays[name]
    refused(tmp_path, arrays, name.partition("/")[0])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("images", lambda a: a.astype(np.float64)),
        ("images", lambda a: a[:1]),
        ("images", lambda a: a[..., :2]),
        ("images", lambda a: a[:, :4]),
        ("images", lambda a: a[:, :0, :0]),
        ("maps/baseline", lambda a: a[:, :2]),
        ("maps/baseline", lambda a: a * np.nan),
        ("maps/compound", lambda a: a.astype(str)),
        ("maps/compound", lambda a: a.astype(object)),
        ("logits/baseline", lambda a: a[:, :2]),
        ("logits/baseline", lambda a: a.astype(complex)),
        ("class_idx/compound", lambda a: a + 3),
        ("class_idx/compound", lambda a: a - 9),
        ("class_idx/baseline", lambda a: a.astype(np.float32)),
        ("document", lambda a: a[:-5]),
        ("document", lambda a: a.astype(np.int64)),
        ("document", lambda a: a * 0 + 255),
    ],
)
def test_an_array_of_another_kind_is_refused(name, change, saved, tmp_path):
    arrays = arrays_of(saved[0])
    refused(tmp_path, arrays | {name: change(arrays[name])})


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": "1"},
        {"names": []},
        {"names": [1, 2]},
        {"method": "magic"},
        {"view": "round"},
        {"unit": "x"},
        {"unit": ""},
        {"variants": {}},
        {"variants": {"baseline": {}}},
        {"categories": "cat"},
        {"flip": "yes"},
        {"extra": 1},
        {"target": None},
    ],
)
def test_a_document_that_does_not_fit_is_refused(changes, saved, tmp_path):
    refused(tmp_path, document_of(arrays_of(saved[0]), **changes))


def test_deep_nesting_is_one_sentence(saved, tmp_path):
    deep = np.frombuffer(b'{"names": ' + b"[" * 100_000, np.uint8)
    refused(tmp_path, arrays_of(saved[0]) | {"document": deep})


def test_a_bomb_is_not_unpacked(tmp_path):
    """22 MB of zeros would unpack to twenty times the limit; a header announces more than the file has."""
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w", force_zip64=True) as entry,
    ):
        for _ in range(MOST_BYTES // 2**20 + 1):
            entry.write(bytes(2**20))
    with pytest.raises(ValueError, match="unpacks to more than 512 MiB"):
        Comparison.load(path)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", header.getvalue())
    with pytest.raises(ValueError, match="not as large as it says"):
        Comparison.load(path)


def test_what_could_not_be_read_is_not_written(saved, tmp_path, monkeypatch):
    """The limits are those of reading, each with its own reason."""
    path, comparison = tmp_path / "maps.npz", saved[1]
    monkeypatch.setattr("cam.saved.MOST_BYTES", 2**20)
    large = replace(comparison, images=np.zeros((2, 500, 500, 3), np.uint8))
    with pytest.raises(ValueError, match="2 MiB of a comparison; a file holds up to 1 MiB: save fewer images"):
        large.save(path)
    monkeypatch.setattr("cam.saved.MOST_ENTRIES", 7)
    with pytest.raises(ValueError, match="8 arrays of a comparison; a file holds up to 7: save fewer networks in it"):
        comparison.save(path)
    with pytest.raises(ValueError, match="it holds 8 arrays, more than 7"):
        Comparison.load(saved[0])
    assert not path.exists()


def test_too_many_photographs_are_refused_before_networks_run(tmp_path, monkeypatch, samples, capsys):
    monkeypatch.setattr("cam.commands.compare.ask", lambda *_: pytest.fail("the networks ran"))
    monkeypatch.setattr("cam.saved.MOST_BYTES", 2**20)
    words = [str(samples / "cat.jpg")] * 2 + ["--study", "photographs", "--variants", "baseline", "--device", "cpu"]
    assert main(["compare", *words, "--out", str(tmp_path / "a.png"), "--save", str(tmp_path / "a.npz")]) == 1
    assert "2 MiB of a comparison; a file holds up to 1 MiB" in capsys.readouterr().err


@pytest.mark.linux
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "maps.npz")
    with pytest.raises(ValueError, match="not a regular file"):
        Comparison.load(tmp_path / "maps.npz")


@attacked()
@given(st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 99))
def test_damaged_files_load_or_are_one_sentence(saved, tmp_path, changes, cut):
    content = bytearray(saved[0].read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path, said = tmp_path / "damaged.npz", ""
    path.write_bytes(content[: len(content) * (100 - cut) // 100])
    try:
        Comparison.load(path)
    except ValueError as error:
        said = str(error)
    assert "\n" not in said
