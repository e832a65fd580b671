"""Whole weight files that were changed: each is read, or refused in one sentence, with little time and memory."""

import io
import json
import re
import time
import zipfile

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.checkpoints.weight_files import SAFETENSORS, CheckpointError, read_weights
from tests.attacks import attacked, little_memory

TENSORS = {"a.weight": torch.arange(12.0).view(3, 4), "a.bias": torch.ones(3).half(), "count": torch.tensor(3)}
CHANGES = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6)
NUMBERS = st.sampled_from([0, 1, -1, 12, 48, 2**31, 2**40, 2**63, 1.5, None, "x"])
SIGNS = re.compile(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06|PK\x06\x06|PK\x06\x07")


def saved(zipped):
    file = io.BytesIO()
    torch.save(TENSORS, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


FILES = {".pth": [saved(True), saved(False)], SAFETENSORS: [safetensors.torch.save(TENSORS, {"format": "pt"})]}


def check_reading(path, content):
    """Read a file: the result is tensors, or a sentence."""
    path.write_bytes(content)
    begun, said = time.process_time(), ""
    try:
        with little_memory():
            read_weights(path)
    except CheckpointError as error:
        said = str(error)
    assert said.isprintable()
    assert "weights_only" not in said
    assert len(said) < 500
    assert time.process_time() - begun < 10


def damaged(content, changes, cut):
    content = bytearray(content[: len(content) - cut])
    for place, value in changes:
        content[place % len(content)] = value
    return bytes(content)


@attacked(40)
@given(st.sampled_from([(end, one) for end, them in FILES.items() for one in them]), CHANGES, st.integers(0, 200))
def test_damaged_files(tmp_path, chosen, changes, cut):
    ending, content = chosen
    check_reading(tmp_path / f"x{ending}", damaged(content, changes, cut if cut < 50 else 0))


@attacked(40)
@given(st.integers(0, 40), st.integers(4, 60), st.binary(min_size=1, max_size=8))
def test_changed_fields_of_an_archive(tmp_path, which, place, value):
    """Sizes, offsets and names near the signatures of a header, entry or end, which readers trust."""
    content = bytearray(FILES[".pth"][0])
    places = [found.start() for found in SIGNS.finditer(content)]
    start = places[which % len(places)] + place
    content[start : start + len(value)] = value
    check_reading(tmp_path / "x.pth", bytes(content))


@attacked(40)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_pickles_in_a_whole_archive(tmp_path, changes):
    """The archive around the pickle is sound, so that it is the pickle that is judged."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(FILES[".pth"][0])) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, damaged(content, changes, 0) if name.endswith(".pkl") else content)
    check_reading(tmp_path / "x.pth", file.getvalue())


@attacked(40)
@given(
    st.sampled_from(["dtype", "shape", "data_offsets", None]),
    NUMBERS | st.lists(NUMBERS, max_size=3) | st.sampled_from(["F64", "I64", "BOOL", "F8_E4M3", "C64", {"a": {}}]),
    st.sampled_from([0, 1, 8, 2**20, 2**40, 2**63]),
)
def test_changed_headers(tmp_path, field, value, longer):
    """A header that is sound JSON, with another type, shape, place or length than it should have."""
    content = FILES[SAFETENSORS][0]
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    if field is None:
        header["a.bias"] = value
    else:
        header["a.bias"][field] = value
    text = json.dumps(header).encode()
    check_reading(
        tmp_path / "x.safetensors",
        (len(text) + longer & 2**64 - 1).to_bytes(8, "little") + text + content[8 + length :],
    )


@pytest.mark.parametrize("ending", FILES)
def test_unchanged_files_are_read(tmp_path, ending):
    for content in FILES[ending]:
        (tmp_path / f"x{ending}").write_bytes(content)
        assert all(
            torch.equal(tensor, TENSORS[name]) for name, tensor in read_weights(tmp_path / f"x{ending}")[0].items()
        )
