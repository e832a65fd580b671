"""The network is found in the files of many training programs."""

import argparse
import collections
import functools
from typing import ClassVar

import pytest
import torch
from torch import nn

from models.checkpoints.description import describe
from models.checkpoints.key_styles import network_in
from models.checkpoints.loading import CheckpointError, load_checkpoint
from models.efficientnet import efficientnet
from models.scaling import Scaling

STATE = {"features.0.0.weight": torch.ones(2), "features.0.1.bias": torch.zeros(3)}
OTHER = {name: tensor + 1 for name, tensor in STATE.items()}


def prefixed(prefix, tensors=STATE):
    return {prefix + name: tensor for name, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("content", "entry"),
    [
        (STATE, ""),
        ({"state_dict": STATE, "epoch": 3}, "state_dict"),
        ({"model": STATE, "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}}}, "model"),
        ({"whatever people call it": STATE}, "whatever people call it"),
        ({"ema": STATE, "model": prefixed("x.", OTHER)}, "ema"),
        ({"state_dict_ema": STATE, "state_dict": prefixed("x.", OTHER)}, "state_dict_ema"),
        ({"model_ema": {"n_averaged": torch.tensor(9), **prefixed("module.")}, "model": {}}, "model_ema"),
        ({"state_dict": {"model": prefixed("model.")}}, "state_dict.model"),
        (prefixed("module."), ""),
        (prefixed("module._orig_mod."), ""),
        (prefixed("_orig_mod.module.model."), ""),
        (prefixed("net."), ""),
        (prefixed("a.name.of.their.own."), ""),
        ({**prefixed("student.", OTHER), **prefixed("ema_model.module.")}, "ema_model.module"),
        ({"epoch": 3, **STATE}, ""),
        ({3: torch.ones(1), **STATE}, ""),
        ({**prefixed("model."), **prefixed("net.")}, ""),  # one module under two names
        ({**prefixed("net."), "criterion.weight": torch.ones(5), "train_acc.total": torch.ones(1)}, ""),
    ],
)
def test_the_network_is_found(content, entry):
    """It is found by its stem; averaged weights are preferred, and the place where they were found is reported."""
    tensors, found, _ = network_in(content)
    assert found == entry
    assert tensors == STATE


def test_a_classifier_beside_the_network_belongs_to_it():
    tensors, _, _ = network_in({**prefixed("net.backbone."), "net.head.weight": torch.ones(4, 2)})
    assert tensors.keys() == STATE.keys() | {"head.weight"}


@pytest.mark.parametrize("entry", ["student", "teacher", "state_dict.student"])
def test_one_of_several_networks_is_chosen_by_name(entry):
    content = {"state_dict": {**prefixed("student."), **prefixed("teacher.", OTHER)}}
    tensors, found, others = network_in(content, entry)
    assert torch.equal(tensors["features.0.1.bias"], (OTHER if entry == "teacher" else STATE)["features.0.1.bias"])
    assert found.endswith(entry)
    assert len(others) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.ones(1)], "it holds a list; expected a dictionary of tensors"),
        ({}, "it holds no tensors"),
        ({"state_dict": STATE, "model": OTHER}, "2 networks, under 'model', 'state_dict'; say which as the entry"),
        ({**prefixed("student."), **prefixed("teacher.", OTHER)}, "2 networks, under 'student', 'teacher'"),
        ({**STATE, **prefixed("module.", OTHER)}, "2 networks, under '', 'module'"),
        ({**prefixed("a."), "features.0.1.bias": torch.ones(3)}, "two tensors for 'features.0.1.bias'"),
    ],
)
def test_what_is_no_one_network_is_refused(content, message):
    with pytest.raises(CheckpointError, match=message):
        network_in(content)


def test_an_unknown_entry_is_refused():
    with pytest.raises(CheckpointError, match="no network under 'x'; it has them under 'state_dict', 'model'"):
        network_in({"state_dict": STATE, "model": OTHER}, "x")


def test_a_dictionary_that_holds_itself_is_refused():
    content: dict = {}
    content["state_dict"] = content
    with pytest.raises(CheckpointError, match="no tensors within 5 nested dictionaries"):
        network_in(content)


class FocalLoss(nn.Module):
    """A class that people save among their hyper-parameters."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))


class CfgNode(dict):
    """A dictionary class of its own, as configurations often are."""


@pytest.fixture(scope="module")
def network():
    return efficientnet(Scaling(0.25, 0.3), 3)


@pytest.fixture(scope="module")
def average(network):
    return {name: t + 1 if t.is_floating_point() else t for name, t in network.state_dict().items()}


def test_a_file_of_timms_trainer(network, average, tmp_path):
    """Options and optimiser are skipped, the averaged weights are used, and the other contents are reported."""
    path = tmp_path / "checkpoint-13.pth.tar"
    content = {
        "epoch": 13,
        "arch": "efficientnet_b0",
        "state_dict": network.state_dict(),
        "state_dict_ema": average,
        "optimizer": torch.optim.RMSprop(network.parameters()).state_dict(),
        "version": 2,
        "args": argparse.Namespace(lr=0.1, aa="rand-m9", scale=[0.08, 1.0]),
        "amp_scaler": {"scale": 65536.0},
        "metric": 77.1,
    }
    torch.save(content, path)
    checkpoint = load_checkpoint(path)
    assert (checkpoint.entry, checkpoint.others) == ("state_dict_ema", ("state_dict",))
    assert "'state_dict'" in describe(checkpoint)
    assert torch.equal(checkpoint.state_dict["classifier.1.bias"], average["classifier.1.bias"])
    other = load_checkpoint(path, entry="state_dict")
    assert torch.equal(other.state_dict["classifier.1.bias"], network.state_dict()["classifier.1.bias"])


def test_a_file_of_lightning(network, tmp_path):
    """Objects of any class among the hyper-parameters become placeholders, whatever pickle does with them."""
    hyper_parameters = CfgNode(
        loss=FocalLoss(),
        rates=collections.defaultdict(list, {"a": [1]}),
        act=functools.partial(max, 1),
        last=collections.deque([1, 2]),
        kind=int,
        nested=CfgNode(loss=FocalLoss()),
    )
    content = {
        "state_dict": {**prefixed("net.", network.state_dict()), "loss.weight": torch.ones(3)},
        "pytorch-lightning_version": "2.4.0",
        "hyper_parameters": hyper_parameters,
        "callbacks": {"a": {"best": FocalLoss()}},
        "optimizer_states": [torch.optim.Adam(network.parameters()).state_dict()],
        "loops": None,
    }
    torch.save(content, tmp_path / "last.ckpt")
    checkpoint = load_checkpoint(tmp_path / "last.ckpt")
    assert checkpoint.entry == "state_dict"
    for name, tensor in network.state_dict().items():
        assert torch.equal(checkpoint.state_dict[name], tensor), name


def test_a_module_that_was_pickled_whole(network, tmp_path):
    """Its tensors are read, and its class is not imported."""
    torch.save({"net": network}, tmp_path / "model.pth")
    restored = load_checkpoint(tmp_path / "model.pth").state_dict
    assert restored.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        assert torch.equal(restored[name], tensor), name


def test_a_module_that_holds_itself_is_refused(tmp_path):
    module = nn.Module()
    module.__dict__["_modules"] = {"again": module}
    torch.save(module, tmp_path / "model.pth")
    with pytest.raises(CheckpointError, match=r"model\.pth: it holds an object without tensors"):
        load_checkpoint(tmp_path / "model.pth")


class Telltale:
    """Reports when it is created, filled or called."""

    made: ClassVar[list[str]] = []

    def __init__(self, *_):
        self.made.append("init")

    def __setstate__(self, state):
        self.made.append("state")

    def __reduce__(self):
        return Telltale, (1,), {"a": 1}


def test_nothing_that_a_file_names_is_made(network, tmp_path):
    torch.save({"state_dict": network.state_dict(), "extra": Telltale()}, tmp_path / "model.pth")
    Telltale.made.clear()
    assert load_checkpoint(tmp_path / "model.pth").num_classes == 3
    assert not Telltale.made
    torch.load(tmp_path / "model.pth", weights_only=False)
    assert Telltale.made == ["init", "state"]


def test_names_are_allowed_only_while_a_file_is_read(network, tmp_path):
    torch.save({"state_dict": network.state_dict(), "args": argparse.Namespace()}, tmp_path / "model.pth")
    before = set(torch.serialization.get_safe_globals())
    load_checkpoint(tmp_path / "model.pth")
    assert set(torch.serialization.get_safe_globals()) == before
