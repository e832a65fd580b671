"""Checkpoints load as they were written, and bad ones are refused in one sentence."""

import errno
import os

import pytest
import torch

from models.checkpoints.description import describe
from models.checkpoints.loading import CheckpointError, load_checkpoint, save_checkpoint
from models.efficientnet import efficientnet
from models.scaling import FAMILIES, Scaling
from tests.models.checkpoints.saving import METADATA, SCALING, images


def test_what_is_written_comes_back(network, saved):
    checkpoint = load_checkpoint(saved)
    assert (checkpoint.scaling, checkpoint.family, checkpoint.num_classes) == (SCALING, "tf", 3)
    assert (checkpoint.metadata, checkpoint.key_style) == (METADATA, "torchvision")
    assert checkpoint.state_dict.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        assert torch.equal(checkpoint.state_dict[name], tensor), name
    with torch.no_grad():
        assert torch.equal(checkpoint.network()(images()), network(images()))


def test_same_content_same_bytes(network, tmp_path):
    """Neither the order of the metadata nor the layout in memory changes the file or its hash."""
    backwards = dict(reversed(METADATA.items()))
    channels_last = {
        name: tensor.to(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        for name, tensor in network.state_dict().items()
    }
    first = save_checkpoint(tmp_path / "1.safetensors", network, scaling=SCALING, family="tf", metadata=METADATA)
    second = save_checkpoint(
        tmp_path / "2.safetensors", channels_last, scaling=SCALING, family="tf", metadata=backwards
    )
    assert first == second == load_checkpoint(tmp_path / "1.safetensors").sha256
    assert (tmp_path / "1.safetensors").read_bytes() == (tmp_path / "2.safetensors").read_bytes()


def test_half_keeps_batchnorm_in_full(network, tmp_path):
    path = tmp_path / "half.safetensors"
    save_checkpoint(path, network, scaling=SCALING, family="tf", half=True)
    checkpoint = load_checkpoint(path)
    for name, tensor in checkpoint.state_dict.items():
        original = network.state_dict()[name]
        weights = name.startswith("classifier") or original.ndim == 4 or ".fc" in name
        assert torch.equal(tensor, original.half() if weights else original), name
    restored = checkpoint.network()
    assert {tensor.dtype for tensor in restored.state_dict().values()} == {torch.float32, torch.int64}
    with torch.no_grad():
        torch.testing.assert_close(restored(images()), network(images()), rtol=0.01, atol=0.01)


def test_half_refuses_weights_beyond_its_range(network, tmp_path):
    large = {name: tensor * 1e6 if "classifier" in name else tensor for name, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"classifier\.1\.weight holds NaN or infinity"):
        save_checkpoint(tmp_path / "half.safetensors", large, scaling=SCALING, family="tf", half=True)
    assert not os.listdir(tmp_path)


def test_networks_are_independent_and_draw_no_random_numbers(saved):
    state = torch.get_rng_state()
    checkpoint = load_checkpoint(saved)
    first, second = checkpoint.network(), checkpoint.network()
    assert torch.equal(torch.get_rng_state(), state)
    with torch.no_grad():
        first.classifier[-1].weight.zero_()
    assert second.classifier[-1].weight.any()
    assert checkpoint.state_dict["classifier.1.weight"].any()
    assert not second.training
    assert all(parameter.requires_grad for parameter in second.parameters())


def test_a_checkpoint_does_not_lean_on_its_file(pickled):
    checkpoint = load_checkpoint(pickled)
    before = checkpoint.network()(images())
    pickled.write_bytes(b"")
    assert torch.equal(checkpoint.network()(images()), before)


def test_compiled_and_averaged_networks_can_be_saved(network, tmp_path):
    averaged = torch.optim.swa_utils.AveragedModel(network)
    hashes = {
        save_checkpoint(tmp_path / "a.safetensors", module, scaling=SCALING, family="tf")
        for module in (network, torch.compile(network), averaged)
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions_are_brought_to_float32(network, tmp_path, dtype):
    state = {name: t.to(dtype) if t.is_floating_point() else t for name, t in network.state_dict().items()}
    torch.save(state, tmp_path / "model.pt")
    restored = load_checkpoint(tmp_path / "model.pt").network().state_dict()
    for name, tensor in network.state_dict().items():
        assert torch.equal(restored[name], tensor.to(state[name].dtype).to(tensor.dtype)), name


def test_what_is_not_recorded_is_recognised(pickled):
    checkpoint = load_checkpoint(pickled)
    assert (checkpoint.scaling, checkpoint.family) == (Scaling(0.4, 0.3, "unrecorded"), "b")
    assert checkpoint.metadata == {}


def test_what_tensors_cannot_tell_can_be_given(pickled):
    scaling = Scaling(0.4, 0.3, 320)
    checkpoint = load_checkpoint(pickled, family="tf", scaling=scaling)
    assert (checkpoint.family, checkpoint.scaling) == ("tf", scaling)


def test_the_old_format_of_torch_save_is_read(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    restored = load_checkpoint(tmp_path / "old.pth", family="tf").network()
    assert torch.equal(restored(images()), network(images()))


def test_averaged_weights_are_taken_first_and_said_so(network, tmp_path):
    average = {f"module._orig_mod.{name}": tensor for name, tensor in network.state_dict().items()}
    other = {name: torch.zeros_like(tensor) for name, tensor in network.state_dict().items()}
    torch.save({"state_dict_ema": average, "state_dict": other, "epoch": 9}, tmp_path / "last.pth.tar")
    checkpoint = load_checkpoint(tmp_path / "last.pth.tar")
    assert torch.equal(checkpoint.state_dict["classifier.1.weight"], network.state_dict()["classifier.1.weight"])
    assert "torchvision, in state_dict_ema" in describe(checkpoint)


def test_a_failing_write_leaves_the_old_file_and_nothing_else(network, saved, monkeypatch):
    before = saved.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        save_checkpoint(saved, network, scaling=SCALING, family="tf", metadata={"epoch": 2})
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scaling": Scaling(1.0, 1.0)}, "not width 1 and depth 1: channels of the stem came as 16, expected 32"),
        ({"family": "lite"}, "family 'lite'; choose from b, tf, tv"),
        ({"family": "tensorflow"}, "unknown family 'tensorflow'; choose from b, tf, tv, lite"),
        ({"metadata": {"accuracy": float("nan")}}, "metadata is not JSON"),
        ({"metadata": {"recipe": object()}}, "metadata is not JSON"),
        ({"metadata": {"categories": ["ant"]}}, "1 categories recorded for 3 classes"),
        ({"metadata": {"categories": "ant"}}, "not a list of names"),
    ],
)
def test_what_could_not_be_read_is_not_written(network, tmp_path, options, message):
    options = {"scaling": SCALING, "family": "tf", **options}
    with pytest.raises(ValueError, match=message):
        save_checkpoint(tmp_path / "new.safetensors", network, **options)
    with pytest.raises(CheckpointError, match=r"written as \.safetensors"):
        save_checkpoint(tmp_path / "new.pth", network, scaling=SCALING, family="tf")
    assert not os.listdir(tmp_path)


def test_describe_says_what_was_found(network, tmp_path):
    path = tmp_path / "described.safetensors"
    metadata = {
        **METADATA,
        "recipe": {"epochs": 3, "lr": 0.1},
        "family": "spoofed",
        "notes": [1, 2, 3, 4, 5],
        "bell": "a\x1b[31m",
    }
    sha256 = save_checkpoint(path, network, scaling=SCALING, family="tf", metadata=metadata)
    lines = describe(load_checkpoint(path)).splitlines()
    assert len({line.index(line.split("  ", 1)[1].strip()) for line in lines}) == 1
    rows = [tuple(part.strip() for part in line.split("  ", 1)) for line in lines]
    expected = [
        ("file", str(path)),
        ("size", f"{path.stat().st_size:,} bytes"),
        ("sha256", sha256),
        ("key style", "torchvision"),
        ("family", "tf (silu, same padding, BatchNorm eps 0.001); recorded"),
        ("width", "0.4"),
        ("depth", "0.3"),
        ("resolution", "96"),
        ("dropout", "0.1"),
        ("named scaling", "none"),
        ("parameters", f"{sum(p.numel() for p in network.parameters()):,}"),
        ("classes", "3"),
        ("types", "float32, int64"),
        ("accuracy", "top1 0.75"),
        ("categories", "ant, bee, cat"),
        ("recipe", "epochs 3, lr 0.1"),
        ("notes", "1, 2, 3, ... (5 in all)"),
        ("bell", "a?[31m"),
        ("family", "spoofed"),
    ]
    assert set(expected) < set(rows)
    assert rows.index(expected[4]) < rows.index(("family", "spoofed"))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_comes_back(tmp_path, family):
    torch.manual_seed(0)
    network = efficientnet(SCALING, 2, family).eval()
    save_checkpoint(tmp_path / "model.safetensors", network, scaling=SCALING, family=family)
    checkpoint = load_checkpoint(tmp_path / "model.safetensors")
    assert checkpoint.family == family
    with torch.no_grad():
        assert torch.equal(checkpoint.network()(images()), network(images()))
