"""Files of torch.save take no more memory than they have bytes, and what was checked is what torch reads."""

import copy
import io
import pickletools
import zipfile
from itertools import islice, product

import pytest
import torch

from models.checkpoints.weight_files import CheckpointError, read_weights
from tests.attacks import little_memory

PROTO, END = b"\x80\x02", b"."
RECORD = 1000  # numbers of four bytes


def unicode(text):
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def tensors(keys, count=RECORD, kind=b"FloatStorage"):
    """The pickle of a dictionary with one tensor for each storage."""
    number = b"J" + count.to_bytes(4, "little")
    pickled = PROTO + b"}("
    for key in keys:
        storage = (
            b"(" + unicode("storage") + b"ctorch\n" + kind + b"\n" + unicode(key) + unicode("cpu") + number + b"tQ"
        )
        pickled += (
            unicode(key) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00" + number + b"\x85K\x01\x85"
        )
        pickled += b"\x89ccollections\nOrderedDict\n)RtR"
    return pickled + b"u" + END


def archive(pickle, records, more=(), shared=()):
    """An archive of a pickle and records, with more files, and entries under other names for the last record."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("archive/data.pkl", pickle)
        zipped.writestr("archive/version", "3\n")
        for name, content in [*more, *((f"archive/data/{key}", content) for key, content in records.items())]:
            zipped.writestr(name, content)
        for key in shared:
            entry = copy.copy(zipped.filelist[-1])
            entry.filename = entry.orig_filename = f"archive/data/{key}"
            zipped.filelist.append(entry)
    return file.getvalue()


def refused(tmp_path, content, words):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=words), little_memory():
        read_weights(tmp_path / "x.pth")


def spellings(count):
    return ["".join(letters) for letters in islice(product("aA", repeat=8), count)]


BYTES = bytes(4 * RECORD)
SHARED = [str(number) for number in range(1, 30)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: archive(tensors(["0", *SHARED]), {"0": BYTES}, shared=SHARED), "entries share bytes"),
        (lambda: archive(tensors(spellings(9)), {"aaaaaaaa": BYTES}), "not a complete file"),
        (lambda: archive(tensors(spellings(2)), dict.fromkeys(spellings(2), BYTES)), "two entries of one name"),
        (lambda: archive(tensors(["0"]), {"0": BYTES[:-4]}), "not a complete file"),
        (lambda: archive(tensors(["0"]), {"0": BYTES + bytes(4)}), "not a complete file"),
        (lambda: archive(tensors(["1"]), {"0": BYTES}), "not a complete file"),
        (lambda: archive(tensors(["0"], kind=b"OddStorage"), {"0": BYTES}), "not a complete file"),
        (lambda: archive(tensors(["0"]), {"0": BYTES}, [("archive/b.PKL", b"N.")]), "an archive of 2 pickles"),
        (lambda: archive(tensors(["0"]), {"0": BYTES})[4:], "not a complete file"),
        (lambda: archive(tensors(["0"]), {"0": BYTES}) + b"PK", "not a complete file"),
    ],
)
def test_what_would_be_read_more_than_once_is_refused(content, words, tmp_path):
    refused(tmp_path, content(), words)


def test_entries_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("models.checkpoints.archives.MOST_TENSORS", 5)
    empty = dict.fromkeys(map(str, range(5)), b"")
    refused(tmp_path, archive(tensors(["0"], 0), empty), "it holds 7 tensors; expected up to 5")


def test_the_same_archive_without_tricks_loads(tmp_path):
    (tmp_path / "x.pth").write_bytes(archive(tensors(["0", "1"]), {"0": BYTES, "1": BYTES}))
    content, _ = read_weights(tmp_path / "x.pth")
    assert [len(tensor) for tensor in content.values()] == [RECORD, RECORD]


def test_a_second_directory_is_not_read(tmp_path):
    """Python finds a directory by its size, torch by its place: here these are two, and only one of them is harmless."""
    bad, good = archive(tensors(["0"], 10**6), {"0": BYTES}), archive(tensors(["0"]), {"0": BYTES})
    place = int.from_bytes(bad[-6:-2], "little")
    refused(tmp_path, bad + good[:-6] + place.to_bytes(4, "little") + good[-2:], "not a complete file")


def old_file(pickle, listed):
    """A file of the older format: magic number, version, system, object and the keys of its storages, without these."""
    file = io.BytesIO()
    torch.save({}, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    for _ in range(3):
        for _step in pickletools.genops(file):
            pass
    keys = b"".join(unicode(key) for key in listed)
    return file.getvalue()[: file.tell()] + pickle + PROTO + b"](" + keys + b"e" + END


@pytest.mark.parametrize("listed", [["0"], []])
@pytest.mark.parametrize("count", [30, 10**9])
def test_storages_that_an_old_file_does_not_hold(count, listed, tmp_path):
    """They would be memory of any size, or what this process last held there."""
    pickle = tensors(["0"], count).replace(b"tQ", b"NtQ")
    refused(tmp_path, old_file(pickle, listed) + bytes(0 if listed else 200), "not a complete file")


def test_files_of_torch_load(tmp_path):
    """Shared, empty, transposed, half and complex tensors, parameters with attributes, and folders of any name."""
    base = torch.arange(12.0)
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.tag = "kept"
    state = {
        "base": base,
        "part": base[3:7],
        "transposed": base.view(3, 4).T,
        "wide": torch.ones(1).expand(4),
        "empty": torch.empty(0, 3),
        "half": base.half(),
        "complex": base.to(torch.cfloat),
        "counter": torch.tensor(3),
        "parameter": parameter,
    }
    for name, zipped in (("new.pth", True), ("ключ.pth", True), ("old.pth", False)):
        torch.save(state | {"bytes": b"abc"}, tmp_path / name, _use_new_zipfile_serialization=zipped)
        content, _ = read_weights(tmp_path / name)
        assert content.pop("bytes") == b"abc"
        assert content.keys() == state.keys()
        assert all(torch.equal(content[key], tensor) for key, tensor in state.items())


def test_a_whole_network_of_the_older_format_is_code(tmp_path):
    """Its persistent identity names a class and holds its source; "not a complete file" would be wrong advice."""
    path = tmp_path / "whole.pth"
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2)), path, _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match=r"it holds torch\.nn\.[\w.]*Sequential, which is code and was not run"):
        read_weights(path)
