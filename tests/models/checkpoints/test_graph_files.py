"""A graph of this project is a checkpoint: the same network is loaded from it, and graphs of other networks are refused."""

import contextlib
import json
import shutil
from pathlib import Path

import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from cam.__main__ import main as cam
from models import CheckpointError, Scaling, efficientnet, load_checkpoint, load_study, save_checkpoint
from models.__main__ import main
from models.checkpoints.records import RECORD
from models.command_inputs import chosen
from models.graphs.reading import GraphError, read_graph
from tests.attacks import attacked

SCALING = Scaling(0.4, 0.3, 96)
SAMPLES = Path(__file__).parents[3] / "sample_images"


def tiny(folder, family="b", batches=0, **metadata):
    """A checkpoint with random weights and five classes."""
    torch.manual_seed(0)
    network = efficientnet(SCALING, 5, family)
    for name, buffer in network.named_buffers():
        if name.endswith("num_batches_tracked"):
            buffer.fill_(batches)
    path = folder / "tiny.safetensors"
    save_checkpoint(path, network, scaling=SCALING, family=family, metadata={"categories": list("abcde"), **metadata})
    return path


def graph_of(path, *options):
    out, one = path.parent / "graphs", one_photograph(path.parent)
    assert main(["onnx", str(path), "--out", str(out), "--photographs", str(one), *options]) == 0
    return out / f"{path.stem}.onnx"


def one_photograph(folder):
    (folder / "photographs").mkdir()
    shutil.copy(SAMPLES / "cat.jpg", folder / "photographs")
    return folder / "photographs"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return graph_of(tiny(tmp_path_factory.mktemp("written"))).read_bytes()


@pytest.fixture
def graph(tmp_path, written):
    (tmp_path / "tiny.onnx").write_bytes(written)
    return tmp_path / "tiny.onnx"


@pytest.mark.parametrize("family", ["b", "tf", "lite"])
@pytest.mark.parametrize("options", [(), ("--normalised",)])
def test_the_same_network_comes_out(tmp_path, family, options):
    path = tiny(tmp_path, family, batches=7, placement={"right": 2.5, "down": -1.0}, recipe={"epochs": 3})
    found = load_checkpoint(graph_of(path, *options))
    original = load_checkpoint(path)
    assert (found.scaling, found.family, found.normalisation) == (SCALING, family, original.normalisation)
    assert found.placement == original.placement
    assert found.metadata["recipe"] == {"epochs": 3}
    assert found.categories() == list("abcde")
    networks = [study.load(key, "cpu") for study, (key,) in (chosen(str(path)), chosen(str(found.path)))]
    assert networks[0].fingerprint == networks[1].fingerprint


def test_float16_gives_the_rounded_network(tmp_path):
    path = tiny(tmp_path)
    found = load_checkpoint(graph_of(path, "--weights", "float16")).state_dict
    for name, tensor in load_checkpoint(path).state_dict.items():
        rounded = tensor.half() if tensor.ndim > 1 else tensor
        assert torch.equal(found[name], rounded)


def test_blocks_that_other_libraries_join_stay_joined(tmp_path):
    network = efficientnet(SCALING, 5)
    torch.save(network.state_dict(), tmp_path / "plain.pth")
    original = load_checkpoint(tmp_path / "plain.pth", family="b")
    assert original.joined
    image = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        expected = original.network()(image)
        graph = graph_of_joined(tmp_path, original)
        assert torch.equal(load_checkpoint(graph).network()(image), expected)


def graph_of_joined(folder, checkpoint):
    """A graph where a stage as wide as the one before starts with a skip connection, as in torchvision's narrow networks."""
    from models.checkpoints.records import written_record
    from models.graphs.graph import onnx_graph

    record = written_record(SCALING, "b", checkpoint.normalisation, {})
    made = onnx_graph(checkpoint.network(), 96, normalisation=None, properties={RECORD: record})
    (folder / "joined.onnx").write_bytes(made.SerializeToString())
    return folder / "joined.onnx"


def test_a_shipped_graph_takes_its_networks_place(tmp_path, samples, capsys):
    graphs = tmp_path / "graphs"
    words = ["--weights", "float16", "--photographs", str(one_photograph(tmp_path))]
    assert main(["onnx", "photographs:baseline", "--out", str(graphs), *words]) == 0
    study = load_study("photographs")
    baseline = study.load("baseline", "cpu")
    found = study.with_checkpoint("baseline", graphs / "baseline.onnx").load("baseline", "cpu")
    assert found.fingerprint == baseline.fingerprint
    assert found.categories == baseline.categories
    assert found.placement == baseline.placement
    figure = tmp_path / "figure.png"
    words = ["compare", str(samples / "cat.jpg"), "--variants", "baseline", "--out", str(figure)]
    assert cam([*words, "--checkpoint", f"baseline={graphs / 'baseline.onnx'}"]) == 0
    assert figure.stat().st_size > 10_000
    capsys.readouterr()
    assert main(["inspect", str(graphs / "baseline.onnx")]) == 0
    assert "float16" in capsys.readouterr().out


def test_a_graph_of_several_labels_at_once_stays_one(tmp_path):
    path = tiny(tmp_path)
    study, (key,) = chosen(str(path))
    assert study.load(key, "cpu").outputs == "softmax"
    graph = changed(graph_of(path), lambda made: record_of(made, outputs="sigmoid"))
    study, (key,) = chosen(str(graph))
    assert study.load(key, "cpu").outputs == "sigmoid"


def changed(path, change):
    made = onnx.load(path)
    change(made)
    path.write_bytes(made.SerializeToString())
    return path


def record_of(made, **about):
    entry = next(entry for entry in made.metadata_props if entry.key == RECORD)
    record = json.loads(entry.value)
    record["metadata"]["graph"].update(about)
    entry.value = json.dumps(record)


def node(made, name):
    return next(one for one in made.graph.node if one.name == name)


def tensor(made, name):
    return next(one for one in made.graph.initializer if one.name == name)


def stranger(made):
    del made.metadata_props[:]


def another_stride(made):
    strides = next(one for one in node(made, "features.0.0").attribute if one.name == "strides")
    strides.ints[0] = 1


def another_epsilon(made):
    node(made, "features.0.1").attribute[0].f *= 2


def no_skip(made):
    """Change the sum so that the block's output is added twice, and its input not at all."""
    add = next(one for one in made.graph.node if one.op_type == "Add")
    add.input[1] = add.input[0]


def one_node_more(made):
    made.graph.node.append(helper.make_node("Relu", ["features"], ["more"]))


def another_mean(made):
    tensor(made, "normalisation.mean").raw_data = b"\0" * 12


def another_opset(made):
    made.opset_import[0].version = 18


def no_classes_of_its_own(made):
    record_of(made, batches=[1, 2])


def in_another_file(made):
    weight = tensor(made, "classifier.1.bias")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")
    weight.ClearField("raw_data")


def too_few_values(made):
    weight = tensor(made, "classifier.1.bias")
    weight.dims[0] = 2**40


def twice(made):
    made.graph.initializer.append(tensor(made, "classifier.1.bias"))


def integers(made):
    tensor(made, "classifier.1.bias").data_type = TensorProto.INT64


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (stranger, "an ONNX file that this project did not write; save the state_dict"),
        (another_stride, "whose nodes are not those of a network with its weights and record"),
        (another_epsilon, "whose nodes are not those of a network with its weights and record"),
        (no_skip, "whose nodes are not those of a network with its weights and record"),
        (one_node_more, "whose nodes are not those of a network with its weights and record"),
        (another_mean, "whose nodes are not those of a network with its weights and record"),
        (another_opset, "whose nodes are not those of a network with its weights and record"),
        (no_classes_of_its_own, "batches recorded that BatchNorms cannot have seen"),
        (in_another_file, "'classifier.1.bias' is not a float32 or float16 tensor with its values in the file"),
        (too_few_values, "'classifier.1.bias' of shape .1099511627776,. has 20 bytes of values"),
        (integers, "'classifier.1.bias' is not a float32 or float16 tensor"),
        (twice, "two tensors for 'classifier.1.bias'"),
    ],
)
def test_what_is_another_graph_is_refused_in_one_sentence(graph, change, sentence):
    with pytest.raises(CheckpointError, match=sentence) as refusal:
        load_checkpoint(changed(graph, change))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"ONNX", b"\x08", b"\x3a\xff\xff\xff\xff\x0f", bytes(range(256)), b"\x0b" * 50])
def test_what_is_no_onnx_is_refused(tmp_path, content):
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a complete ONNX file|that this project did not write"):
        load_checkpoint(path)


@attacked(50)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(GraphError):
        read_graph(content)


@attacked(15)
@given(place=st.integers(0, 10**7), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_a_weight(tmp_path, written, place, bit):
    """Whatever the bit belongs to, a file that loads is a network with the graph's nodes."""
    content = bytearray(written)
    content[place % len(content)] ^= 1 << bit
    (tmp_path / "x.onnx").write_bytes(content)
    with contextlib.suppress(CheckpointError):
        assert load_checkpoint(tmp_path / "x.onnx").num_classes == 5


def field(number, content):
    """A protobuf field with a length."""
    return number_of(number << 3 | 2) + number_of(len(content)) + content


def number_of(value):
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (field(7, field(1, b"") * 200_000), "100,000 parts"),
        (field(7, field(5, b"") * 30_000), "20,000 tensors"),
        (field(7, field(1, field(5, b"") * 3_000_000)), "bytes beside the values of its tensors"),
        (field(14, b"x" * 5_000_000), "bytes beside the values of its tensors"),
        (field(7, field(5, field(4, b"\0" * 5_000_000))), "bytes beside the values of its tensors"),
    ],
)
def test_bombs_are_refused_before_they_are_parsed(monkeypatch, content, sentence):
    monkeypatch.setattr(onnx, "load_model_from_string", lambda _: pytest.fail("parsed"))
    with pytest.raises(GraphError, match=sentence):
        read_graph(content)


def test_without_onnx_it_is_one_sentence(graph, monkeypatch):
    monkeypatch.setattr("models.graphs.session.is_installed", lambda: False)
    with pytest.raises(CheckpointError, match=r"cannot be read here: ONNX Runtime is not installed; pip install onnx"):
        load_checkpoint(graph)
