"""ONNX graphs compute the same as PyTorch and describe themselves; a graph that computes anything else is not written."""

import json
import shutil

import numpy as np
import onnx
import pytest
import torch

from models import FAMILIES, Scaling, efficientnet, load_study, save_checkpoint
from models import graph_command as command
from models.__main__ import main
from models.checkpoints.records import RECORD
from models.graph_agreement import agreement, in_pytorch
from models.graphs.graph import onnx_graph
from models.graphs.names import FLOAT16, LOGITS, MAPS, PIXELS
from models.graphs.session import session_of
from models.images import open_image, view_image
from models.normalisation import IMAGENET, LITE

TINY = Scaling(0.4, 0.3, 96)


def network(family="b", classes=5):
    """A network with random weights, BatchNorm statistics of random images, and a classifier whose classes differ."""
    torch.manual_seed(0)
    model = efficientnet(TINY, classes, family).train()
    torch.nn.init.normal_(model.classifier[-1].weight)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model(torch.rand(8, 3, 96, 96))
    return model.eval()


def run(graph, pixels, outputs=(LOGITS, MAPS)):
    return session_of(graph.SerializeToString()).run([*outputs], {PIXELS: pixels.numpy()})


@pytest.mark.parametrize("family", FAMILIES)
def test_any_family_and_batch_gives_pytorchs_logits_and_maps(family):
    model, pixels = network(family), torch.rand(3, 3, 96, 96)
    _, logits, maps = in_pytorch(model, pixels)
    assert abs(logits[0] - logits[1]).max() > 0.1 * abs(logits).max()  # images change the output: nothing is saturated
    came = run(onnx_graph(model, 96, normalisation=None), pixels)
    np.testing.assert_allclose(came[0], logits, atol=1e-4 * abs(logits).max())
    np.testing.assert_allclose(came[1], maps, atol=1e-4 * abs(maps).max())
    bias = model.classifier[-1].bias.detach().numpy()
    np.testing.assert_allclose(came[1].mean((2, 3)) + bias, came[0], atol=1e-4 * abs(logits).max())


def test_the_graph_normalises_once():
    """Normalising twice, not at all, or with another network's values would be noticed."""
    model, pixels = network("lite"), torch.rand(2, 3, 96, 96)
    expected = in_pytorch(
        model, (pixels - torch.tensor(LITE.mean)[:, None, None]) / torch.tensor(LITE.std)[:, None, None]
    )
    for normalisation, close in ((LITE, True), (None, False), (IMAGENET, False)):
        logits = run(onnx_graph(model, 96, normalisation=normalisation), pixels)[0]
        assert np.allclose(logits, expected[1], atol=1e-4 * abs(expected[1]).max()) == close


def test_heads_of_several_layers_keep_the_linear_map_around_the_image():
    model = network()
    width = model.classifier[-1].in_features
    model.classifier = torch.nn.Sequential(torch.nn.Linear(width, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4)).eval()
    pixels = torch.rand(2, 3, 96, 96)
    _, logits, maps = in_pytorch(model, pixels)
    came = run(onnx_graph(model, 96, normalisation=None), pixels)
    np.testing.assert_allclose(came[0], logits, atol=1e-4)
    np.testing.assert_allclose(came[1], maps, atol=1e-4 * abs(maps).max())


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The shipped baseline as written by the command, in float16, and the command's output."""
    folder = tmp_path_factory.mktemp("graphs")
    assert main(["onnx", "photographs:baseline", "--out", str(folder), "--weights", FLOAT16]) == 0
    return folder / "baseline.onnx"


def test_a_shipped_graph_has_its_networks_classes_and_says_what_it_is(shipped, samples):
    baseline = load_study("photographs").load("baseline", "cpu")
    graph = onnx.load(shipped)
    record = json.loads({entry.key: entry.value for entry in graph.metadata_props}[RECORD])
    assert record["family"] == "lite"
    assert record["metadata"]["categories"] == list(baseline.categories)
    assert record["metadata"]["graph"] == {
        "input": "RGB from 0 to 1",
        "weights": "float16",
        "label": "Baseline",
        "outputs": "softmax",
    }
    image = open_image(samples / "spaniels.jpg")
    pixels = torch.from_numpy(np.array(view_image(image, "square", 224), np.float32).transpose(2, 0, 1)[None] / 255)
    logits, maps = run(graph, pixels)
    assert logits.shape == (1, 1000)
    assert maps.shape == (1, 1000, 7, 7)
    assert "spaniel" in baseline.categories[int(logits.argmax())]
    assert shipped.stat().st_size < 10e6


def test_the_same_network_gives_the_same_bytes(shipped, tmp_path):
    main(["onnx", "photographs:baseline", "--out", str(tmp_path), "--weights", FLOAT16])
    assert (tmp_path / "baseline.onnx").read_bytes() == shipped.read_bytes()


def test_a_graph_of_other_weights_does_not_agree(samples):
    study = load_study("photographs")
    baseline = study.load("baseline", "cpu")
    photograph = [open_image(samples / "cat.jpg")]
    right = onnx_graph(baseline.model, 224, normalisation=baseline.normalisation).SerializeToString()
    assert agreement(right, baseline, photograph).holds
    with torch.no_grad():
        baseline.model.features[5][1].block[1][0].weight[3] *= 1.1
    wrong = onnx_graph(baseline.model, 224, normalisation=baseline.normalisation).SerializeToString()
    assert not agreement(wrong, study.load("baseline", "cpu"), photograph).holds


def test_rounding_to_float16_keeps_the_classes_and_is_told(tmp_path, samples, capsys):
    """Lite0's weights are float32, so that float16 rounds some; those of the shipped five are float16 already."""
    photographs = tmp_path / "one"
    photographs.mkdir()
    shutil.copy(samples / "cat.jpg", photographs)
    words = ["onnx", "lite:lite0", "--out", str(tmp_path), "--weights", FLOAT16, "--photographs", str(photographs)]
    assert main(words) == 0
    of_float16, of_float32 = capsys.readouterr().out.strip().split("; against float32 weights: ")
    assert "the same class in 1 of 1" in of_float16
    assert "the same class in 1 of 1" in of_float32


def test_a_graph_that_does_not_agree_is_not_written(tmp_path, monkeypatch, capsys):
    checkpoint = tmp_path / "tiny.safetensors"
    save_checkpoint(checkpoint, network(), scaling=TINY, family="b", metadata={"categories": list("abcde")})
    original = command.agreement
    monkeypatch.setattr(command, "agreement", lambda graph, *rest, **more: original(damaged(graph), *rest, **more))
    assert main(["onnx", str(checkpoint), "--out", str(tmp_path / "out")]) == 1
    assert "tiny.onnx was not written: its graph does not compute what PyTorch does" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def damaged(graph):
    made = onnx.load_from_string(graph)
    tensor = next(one for one in made.graph.initializer if one.name == "classifier.1.bias")
    tensor.raw_data = np.arange(5, dtype=np.float32).tobytes()
    return made.SerializeToString()


def test_without_onnx_runtime_it_is_one_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("models.graphs.session.is_installed", lambda: False)
    assert main(["onnx", "photographs", "--out", str(tmp_path)]) == 1
    assert "ONNX Runtime is not installed; pip install onnx onnxruntime" in capsys.readouterr().err
