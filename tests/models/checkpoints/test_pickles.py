"""Pickles from strangers: values that would need unbounded memory or time are refused before they are made."""

import contextlib
import io
import pickle
import time
import zipfile
from collections import Counter, OrderedDict

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.checkpoints.pickles import MOST_OPCODES, PickleError, scan_pickles
from tests.attacks import attacked, little_memory

PROTO, END = b"\x80\x02", b"."


def scan(content):
    scan_pickles(io.BytesIO(content))


def unicode(text):
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


STORED = b"(" + unicode("storage") + b"ctorch\nFloatStorage\n" + unicode("0") + unicode("cpu") + b"K\x03tQ"


class Calls:
    """An object whose pickle is a call of a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def nested(levels):
    """((..., ...), (..., ...)) through the memo: two to the power of ``levels`` values in a few bytes."""
    return b")" + b"q\x00h\x00\x86" * levels


BOMBS = {
    "key that hashes for ever": PROTO + b"}" + nested(200) + b"K\x01s" + END,
    "the same in a batch of items": PROTO + b"}(" + nested(200) + b"K\x01u" + END,
    "the same in a set": PROTO + b"c__builtin__\nset\n" + b"](" + nested(200) + b"e\x85R" + END,
    "short tuple as a key": PROTO + b"}" + b"K\x01K\x02\x86" + b"K\x01s" + END,
    "ordered dictionary of pairs": PROTO
    + b"ccollections\nOrderedDict\n]("
    + b"K\x01K\x02\x86K\x03\x86"
    + b"e\x85R"
    + END,
    "counter": PROTO + b"ccollections\nCounter\n](" + b"K\x01K\x02\x86" + b"e\x85R" + END,
    "list that grows after it was wrapped": PROTO
    + b"c__builtin__\nset\n]q\x01\x85q\x020h\x01K\x01K\x02\x86a0h\x02R"
    + END,
    "update from pairs": PROTO + b"ccollections\nOrderedDict\n)R](K\x01K\x02\x86K\x03\x86eb" + END,
    "buffer": PROTO + b"c__builtin__\nbytearray\nJ\x00\x00\x00\x7f\x85R" + END,
    "buffer by another name": b"\x80\x04" + b"\x8c\x08builtins\x8c\tbytearray\x93J\x00\x00\x00\x7f\x85R" + END,
    "storage": PROTO + b"ctorch.storage\nUntypedStorage\nJ\x00\x00\x00\x7f\x85R" + END,
    "tensor": PROTO + b"ctorch\nFloatTensor\nJ\x00\x00\x00\x7f\x85\x81" + END,
    "buffer of the keys of a dictionary": PROTO + b"c__builtin__\nbytearray\n}J\x00\x00\x00\x7fNsR" + END,
    "buffer of what a call returns": PROTO
    + b"c__builtin__\nbytearray\nccollections\nOrderedDict\n)RJ\x00\x00\x00\x7fNsR"
    + END,
    "the same as a new object": PROTO + b"c__builtin__\nbytearray\n}J\x00\x00\x00\x7fNs\x81" + END,
    "buffer in the name of a tensor": PROTO
    + b"ctorch._tensor\n_rebuild_from_type_v2\n(c__builtin__\nbytearray\nc__builtin__\nbytearray\n"
    + b"J\x00\x00\x00\x7f\x85}tR"
    + END,
    "container by a name of Python 2": PROTO + b"cUserList\nCounter\n](" + b"K\x01K\x02\x86" + b"e\x85R" + END,
    "update from a tuple of pairs": PROTO + b"ccollections\nOrderedDict\n)RK\x01K\x02\x86N\x86\x85b" + END,
    "update from another kind of list": PROTO + b"ccollections\nOrderedDict\n)Rcx\ny\n)\x81K\x01K\x02\x86N\x86ab" + END,
    "dictionary that is copied again and again": PROTO
    + b"("
    + b"K\x01N" * 1000
    + b"dq\x00c__builtin__\nset\nq\x010"
    + b"h\x01h\x00\x85R0" * 2000
    + b"N"
    + END,
    "text that is encoded again and again": PROTO
    + unicode("a" * 100_000)
    + b"q\x00c_codecs\nencode\nq\x01"
    + unicode("latin1")
    + b"q\x02"
    + b"h\x01h\x00h\x02\x86R" * 1000
    + END,
    "tensor larger than its storage": PROTO
    + b"ctorch._utils\n_rebuild_tensor_v2\n("
    + STORED
    + b"K\x00J\x00\x00\x00\x7f\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    + END,
    "tensor that is set to more than its storage": PROTO
    + b"ctorch\nTensor\n)R("
    + STORED
    + b"K\x00J\x00\x00\x00\x7f\x85K\x01\x85tb"
    + END,
    "copy of a view": PROTO + b"ctorch._utils\n_rebuild_device_tensor_from_cpu_tensor\n(NNNNtR" + END,
    "slow encoding": PROTO + b"c_codecs\nencode\n" + unicode("a" * 1000) + unicode("punycode") + b"\x86R" + END,
    "constructor": PROTO + b"(ios\nsystem\n" + END,
    "steps without end": PROTO + b"N0" * (MOST_OPCODES // 2 + 1) + END,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name):
    begun = time.process_time()
    with pytest.raises(PickleError) as caught:
        scan(BOMBS[name])
    assert time.process_time() - begun < 10
    assert "\n" not in str(caught.value)
    assert "not a complete file" not in str(caught.value), "refused for what it does, not by chance"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_trainings_save_passes(protocol):
    network = torch.nn.Linear(3, 2)
    optimiser = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    content = {
        "state_dict": OrderedDict(network.state_dict()),
        "optimizer": optimiser.state_dict(),
        "epoch": 3,
        "best": 0.5,
        "args": {"lr": [0.1, 0.2], "betas": (0.9, 0.999), "tags": {"a", "b"}, 3: None, True: "x"},
        "counts": Counter("aab"),
        "seen": b"bytes",
    }
    buffer = io.BytesIO()
    torch.save(content, buffer, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    buffer.seek(0)
    scan_pickles(buffer, 5)


def test_storages_are_told_with_their_sizes():
    buffer = io.BytesIO()
    torch.save({"a": torch.ones(3), "b": torch.ones(5).half()}, buffer, _use_new_zipfile_serialization=False)
    buffer.seek(0)
    found = scan_pickles(buffer, 5)
    assert sorted(found.storages.values()) == [10, 12]
    assert sorted(found.listed) == sorted(found.storages)


def test_five_pickles_share_one_budget():
    one = PROTO + b"N0" * (MOST_OPCODES // 4) + b"N" + END
    scan_pickles(io.BytesIO(one), 1)
    with pytest.raises(PickleError, match="steps"):
        scan_pickles(io.BytesIO(one * 5), 5)


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5)
)
KEYS = st.text(max_size=5) | st.integers() | st.booleans()
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4).map(OrderedDict)
    ),
    max_leaves=30,
)


@attacked()
@given(VALUES, st.sampled_from([2, 3, 4, 5]))
def test_any_plain_value_passes(value, protocol):
    """Any value that a training may save beside its tensors is read to its end, with nothing left on the stack."""
    scan(pickle.dumps(value, protocol))


@attacked()
@given(st.binary(max_size=200))
def test_any_bytes_end_in_one_error(content):
    """No other error than ``PickleError`` is raised."""
    with contextlib.suppress(PickleError):
        scan(PROTO + content)


def check_load(content):
    """torch's own unpickler needs almost no time or memory for what passes the scan."""
    try:
        scan(content)
    except PickleError:
        return
    begun = time.process_time()
    with contextlib.suppress(pickle.UnpicklingError, *DAMAGES), little_memory():
        torch.load(io.BytesIO(archive(content)), weights_only=True)
    assert time.process_time() - begun < 1


DAMAGES = (ValueError, TypeError, AttributeError, LookupError, AssertionError, EOFError, RuntimeError)
FUNCTIONS = [
    b"c__builtin__\nbytearray\n",
    b"c__builtin__\nset\n",
    b"ccollections\nOrderedDict\n",
    b"ctorch.storage\nUntypedStorage\n",
    b"ctorch\nFloatTensor\n",
    b"ctorch._tensor\n_rebuild_from_type_v2\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
]
LARGE = b"J\x00\x00\x00\x7f"  # two thousand million, as a number of bytes
STEPS = [b")", b"]", b"}", b"(", b"t", b"l", b"d", b"e", b"u", b"s", b"a", b"R", b"b", b"0", b"2", b"1"]
STEPS += [b"\x85", b"\x86", b"\x87", b"N", b"K\x01", b"q\x00", b"h\x00", b"\x81", b"X\x01\x00\x00\x00k", b"Q"]


def archive(content):
    """A pickle in an archive, with one storage of three numbers."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("archive/data.pkl", content)
        zipped.writestr("archive/data/0", bytes(12))
        zipped.writestr("archive/version", "3\n")
    return file.getvalue()


def test_attacks_reach_torch():
    assert torch.load(io.BytesIO(archive(PROTO + b"}" + LARGE + STORED + b"s" + END)), weights_only=True)


@attacked()
@given(st.lists(st.sampled_from([*STEPS, *FUNCTIONS, LARGE, STORED]), max_size=60))
def test_what_passes_loads_in_no_time(steps):
    """Programs of random opcodes."""
    check_load(PROTO + b"".join(steps) + END)


def containers(inner):
    """A tuple, a list, or a dictionary with one key, of what is given."""
    several = st.lists(inner, max_size=4).map(b"".join)
    return (
        several.map(lambda items: b"(" + items + b"t")
        | several.map(lambda items: b"](" + items + b"e")
        | st.tuples(st.sampled_from([LARGE, unicode("k")]), inner).map(lambda pair: b"}" + b"".join(pair) + b"s")
    )


def calls(arguments):
    """A call of any function."""
    return st.tuples(st.sampled_from(FUNCTIONS), arguments, st.sampled_from([b"R", b"\x81"])).map(b"".join)


VALUE = st.sampled_from([LARGE, b"N", b")", STORED, *FUNCTIONS])
ARGUMENTS = st.recursive(containers(VALUE), lambda inner: containers(VALUE | inner) | calls(inner), max_leaves=3)


@attacked()
@given(calls(ARGUMENTS))
def test_any_call_of_anything_with_anything_loads_in_no_time(expression):
    """Whole expressions, so that calls have arguments."""
    check_load(PROTO + expression + END)
