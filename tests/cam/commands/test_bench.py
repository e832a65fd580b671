"""The benchmark on small networks: what it runs, which ratios it takes, and what it prints."""

import argparse
import json
import sys

import pytest
import torch

from cam.__main__ import main
from cam.commands.bench import measured
from cam.commands.peers import grad_cams_maps, missing_peers, our_maps, plain_copy, torch_cams_maps
from cam.commands.timing import Group, claims, in_turns, table
from models import Scaling, efficientnet
from models.network import Network


@pytest.fixture(scope="module")
def networks():
    found = {}
    for key, size in (("baseline", 64), ("resolution", 96)):
        torch.manual_seed(0)
        scaling = Scaling(0.25, 0.25, size)
        model = efficientnet(scaling, 3)
        torch.nn.init.normal_(model.classifier[-1].weight, 0, 1000)  # large maps: grad-cam's 1e-7 does not show
        found[key] = Network(model, scaling=scaling, family="b", categories=list("abc"), label=key, device="cpu")
    return found


def test_a_run_has_every_group_and_leaves_the_networks_alone(networks):
    arguments = argparse.Namespace(full=False, minutes=0, compile=False)
    groups = list(measured(networks, ["gradcam", "layercam"], [1, 2], arguments))
    titles = [(group.title, group.variant, group.batch) for group in groups]
    for batch in (1, 2):
        assert ("forward passes", "baseline", batch) in titles
        assert ("methods", "baseline", batch) in titles
    assert ("methods", "resolution", 1) in titles
    assert ("ablation", "baseline", 1) in titles
    found = claims(groups)
    assert found["grad-cam's gradcam as a multiple of ours, drawn, baseline, batch 2"] > 1
    assert found["grad-cam's ablationcam as a multiple of ours, drawn, baseline, batch 1"] > 5
    assert found["another class of all variants, ms"] > 0
    for network in networks.values():
        assert not any(module._forward_hooks for module in network.model.modules())
        assert all(parameter.grad is None for parameter in network.model.parameters())


def test_both_sides_of_a_ratio_draw_the_same_map(networks):
    """Drawn in the same way and scaled as grad-cam scales it, our map equals its map."""
    network, images = networks["baseline"], torch.randn(2, 3, 64, 64)
    ours = our_maps(network, images, torch.tensor([0, 2]), "hirescam")["hirescam, raw"]()
    theirs = grad_cams_maps(plain_copy(network), images, [0, 2], "hirescam")["hirescam, grad-cam"]()
    assert theirs.shape == (2, 64, 64)
    for one, other in zip(ours.clamp(min=0), torch.from_numpy(theirs), strict=True):
        drawn = torch.nn.functional.interpolate(one[None, None], (64, 64), mode="bilinear")[0, 0]
        low, high = one.clamp(min=0).aminmax()
        torch.testing.assert_close((drawn - low) / (high - low), other, atol=1e-4, rtol=0)


def test_a_library_that_is_missing_is_said_and_left_out(networks, monkeypatch):
    for module in ("pytorch_grad_cam", "torchcam"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    network, images = networks["baseline"], torch.randn(1, 3, 64, 64)
    assert grad_cams_maps(plain_copy(network), images, [0], "gradcam") == {}
    assert torch_cams_maps(plain_copy(network), images, [0], "gradcam") == {}
    monkeypatch.undo()
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "torchcam", raising=False)
    assert "torchcam is not installed, so its rows are missing; pip install torchcam adds them" in missing_peers()


def test_contenders_take_turns_in_an_order_that_moves():
    seen = []
    contenders = {name: lambda name=name: seen.append(name) for name in "abc"}
    group = in_turns("t", "v", 1, "a", contenders, torch.device("cpu"), 0, turns=range(2, 9))
    assert seen == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    assert [len(times) for times in group.seconds.values()] == [2, 2, 2]


def test_ratios_are_medians_within_turns():
    seconds = {"a": [1.0, 2.0, 4.0], "b": [2.0, 4.0, 4.0], "once": [8.0]}
    group = Group("t", "v", 4, "a", seconds, {})
    assert group.ratio("b") == 2
    assert group.ratio("once") == 4
    assert "| b | 4e+03 | 1 | 2 | 3 |" in table(group)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--batches", "1,x"], "--batches '1,x' is not understood"),
        (["--batches", "0"], "expected numbers of images such as 1,32"),
        (["--methods", "magic"], "unknown method 'magic'"),
        (["--variants", "huge"], "unknown variant 'huge'"),
        (["--threads", "0"], "--threads is 0; expected 1 or more"),
        (["--out", "/no/such/folder/b.json"], "the folder /no/such/folder does not exist"),
    ],
)
def test_bad_options_are_one_sentence(words, sentence, capsys):
    assert main(["bench", *words]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_run_keeps_its_promises(tmp_path):
    """The paper's five networks on this machine take minutes. The ratios hold on an idle machine."""
    assert main(["bench", "--out", str(tmp_path / "b.json")]) == 0
    found = json.loads((tmp_path / "b.json").read_text())["claims"]
    assert found["gradcam raw as a part of the fastest forward pass, baseline, batch 32"] <= 1.05
    assert found["grad-cam's gradcam as a multiple of ours, drawn, baseline, batch 32"] >= 5
    assert found["grad-cam's ablationcam as a multiple of ours, drawn, baseline, batch 1"] >= 300
    assert found["all variants on one image as a part of their forward passes"] <= 1.15
    assert found["another class of all variants, ms"] < 10
