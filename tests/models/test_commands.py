"""python -m models list, inspect, grow, fetch."""

import subprocess
import sys

import pytest
import torch

from models import SCALINGS, Scaling, efficientnet, load_checkpoint, save_checkpoint
from models.__main__ import main
from models.scaling import scaling_from


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "small.safetensors"
    scaling = Scaling(0.5, 0.5, 64)
    save_checkpoint(
        path, efficientnet(scaling, 3).eval(), scaling=scaling, family="b", metadata={"categories": list("abc")}
    )
    return path


def test_list_names_every_variant_with_its_costs(capsys):
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "imagenet-lite: ImageNet, EfficientNet-Lite" in printed
    assert "20.09 M  1.575 GMACs    (no weights here)" in printed
    assert "grown, not trained" in printed


def test_inspect_prints_what_was_found(checkpoint, capsys):
    assert main(["inspect", str(checkpoint)]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (rows["classes"], rows["width"], rows["resolution"], rows["categories"]) == ("3", "0.5", "64", "a, b, c")


def test_grow_writes_a_checkpoint_with_the_same_function(checkpoint, tmp_path, capsys):
    out = tmp_path / "grown.safetensors"
    assert main(["grow", str(checkpoint), "1.0,2.0,96", "--out", str(out)]) == 0
    grown, images = load_checkpoint(out), torch.randn(1, 3, 64, 64)
    assert grown.scaling == Scaling(1.0, 2.0, 96)
    assert "not trained" in grown.metadata["lineage"][0]
    assert capsys.readouterr().out.split() == [str(out), grown.sha256]
    with torch.no_grad():
        torch.testing.assert_close(
            grown.network()(images), load_checkpoint(checkpoint).network()(images), atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inspect", "absent.pth"], "absent.pth"),
        (["grow", "CHECKPOINT", "0.25,1", "--out", "OUT"], "growth needs a width not smaller"),
        (["grow", "CHECKPOINT", "huge", "--out", "OUT"], "scaling 'huge' is not understood; choose from b0"),
        (["list", "cifar"], "unknown study 'cifar'"),
        (["fetch", "cifar"], "unknown study 'cifar'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, said, checkpoint, tmp_path, capsys):
    places = {"CHECKPOINT": str(checkpoint), "OUT": str(tmp_path / "grown.safetensors")}
    assert main([places.get(word, word) for word in words]) == 1
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["small.safetensors"]


def test_scalings_by_name_and_by_numbers():
    assert scaling_from("depth") == SCALINGS["depth"]
    assert scaling_from("1.2,1.4,300") == Scaling(1.2, 1.4, 300)


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m models list | true"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
