"""python -m models list, inspect, grow, fetch."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from models import SCALINGS, Scaling, StudyError, efficientnet, load_checkpoint, save_checkpoint
from models.__main__ import main
from models.commands import run_command
from models.scaling import scaling_from
from models.variants import variant_from


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
    assert "lite: ImageNet, EfficientNet-Lite" in printed
    assert "20.09 M  1.575 GMACs    (no weights here)" in printed
    assert "lite1       d 1.1  w 1     240 px   5.42 M" in printed


def test_list_knows_the_guides_own_example(checkpoint, tmp_path, capsys):
    """Widths and depths are read from the files that exist; for the others, only the name is known."""
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", guide, flags=re.DOTALL)
    (tmp_path / "classes.txt").write_text("a\nb\nc\n")
    (tmp_path / "my.toml").write_text(example)
    for name in ("b0.safetensors", "b3.pth"):
        (tmp_path / name).write_bytes(checkpoint.read_bytes() if name == "b0.safetensors" else b"no checkpoint")
    assert main(["list", str(tmp_path / "my.toml")]) == 3
    baseline, deeper, wider, higher, compound = capsys.readouterr().out.splitlines()[1::]
    assert "baseline    d 0.5  w 0.5    64 px" in baseline
    assert "depth       d 4    w 1     224 px" in deeper
    assert "no weights here" in deeper
    assert "width       d 1    w 2     224 px" in wider
    assert "448 px" in higher
    assert "compound" in compound
    assert "not a complete file of torch.save" in compound


def test_inspect_prints_what_was_found(checkpoint, capsys):
    assert main(["inspect", str(checkpoint)]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (rows["classes"], rows["width"], rows["resolution"], rows["categories"]) == ("3", "0.5", "64", "a, b, c")


def test_grow_on_photographs_leaves_nothing_silent(checkpoint, samples, tmp_path, capsys):
    """The 17 sample photographs are too few, and a message says so; 400 crops of them are enough, and added blocks are alive."""
    words = ["grow", str(checkpoint), "0.5,1.0,64", "--out", str(tmp_path / "grown.safetensors"), "--photographs"]
    assert main([*words, str(samples)]) == 1
    assert "17 photographs give 68 positions of the last map" in capsys.readouterr().err
    crops = tmp_path / "crops"
    crops.mkdir()
    for number in range(400):
        path = sorted(samples.glob("*.jpg"))[number % 17]
        with Image.open(path) as image:
            image.crop((number // 17, 0, number // 17 + 120, 120)).save(crops / f"{number:03}.png", compress_level=1)
    assert main([*words, str(crops)]) == 0
    grown = load_checkpoint(tmp_path / "grown.safetensors")
    assert grown.metadata["lineage"][-1].endswith("fitted on 400 photographs, not trained")
    added = [block for stage in grown.network().features[1:-1] for block in stage if block.use_res_connect]
    assert min(block.block[-1][1].weight.abs().mean() for block in added) > 0


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


@pytest.mark.linux
def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m models list | true"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_an_error_of_memory_without_words_gets_some(capsys):
    def full(_):
        raise MemoryError

    assert run_command(full, argparse.Namespace(), "it") == 1
    assert capsys.readouterr().err.startswith("it: memory is too small")


def test_a_sparse_file_with_a_hash_is_refused_at_once(tmp_path):
    """The file is read through ``models.files`` for its hash, too."""
    with open(tmp_path / "huge.pth", "wb") as file:
        file.truncate(60 << 30)
    variant = variant_from("baseline", {"source": {"file": "huge.pth"}, "sha256": "0" * 64}, tmp_path)
    with pytest.raises(StudyError, match="is larger than 1024 MiB"):
        variant.checkpoint()
