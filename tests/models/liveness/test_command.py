"""python -m models liveness, on small checkpoints and the sample photographs."""

import json

import pytest
import torch

from models import Scaling, efficientnet, grow, save_checkpoint
from models.__main__ import main

SCALING = Scaling(0.25, 0.25, 64)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A network, the same network grown exactly, and a folder with two photographs and a file that is not one."""
    folder = tmp_path_factory.mktemp("files")
    torch.manual_seed(0)
    network = efficientnet(SCALING, 3).eval()
    deeper = Scaling(0.25, 1.0, 64)
    save_checkpoint(folder / "one.safetensors", network, scaling=SCALING, family="b")
    save_checkpoint(folder / "deep.safetensors", grow(network, deeper), scaling=deeper, family="b")
    (folder / "study.toml").write_text(
        'title = "Two"\n[variants.baseline]\nsource = { file = "one.safetensors" }\n'
        '[variants.depth]\nsource = { file = "deep.safetensors" }\n[variants.width]\n'
    )
    return folder


@pytest.fixture
def folder(samples, tmp_path):
    for path in sorted(samples.glob("*.jpg"))[:3]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_a_checkpoint_beside_its_baseline(files, folder, capsys):
    out = folder / "found.json"
    words = ["liveness", str(files / "deep.safetensors"), "--photographs", str(folder), "--json", str(out)]
    assert main([*words, "--baseline", str(files / "one.safetensors"), "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "deep.safetensors, 3 photographs at 64 px" in printed
    assert "without its 9 added blocks it would answer differently on 0 % of photographs" in printed
    found = json.loads(out.read_text())
    assert set(found) == {"baseline", "network"}
    assert found["network"]["last"]["blocks"] == 9
    assert [stage["baseline_layers"] for stage in found["network"]["stages"]] == [1] * 7
    assert found["network"]["sentences"] == [printed.strip().splitlines()[-1]]
    assert found["baseline"]["sentences"] == []


def test_a_whole_study_with_a_variant_that_has_no_weights(files, folder, capsys):
    (folder / "broken.jpg").write_bytes(b"no image")
    words = ["liveness", str(files / "study.toml"), "--photographs", str(folder), "--device", "cpu"]
    assert main(words) == 3
    captured = capsys.readouterr()
    assert [line.split(",")[0] for line in captured.out.splitlines() if "photographs at" in line] == [
        "Baseline",
        "Depth",
    ]
    assert "variant 'width'" in captured.err
    assert "broken.jpg" in captured.err
    assert captured.err.count("\n") == 2


def test_one_variant_of_a_study_on_some_photographs(files, folder, capsys):
    words = ["liveness", f"{files / 'study.toml'}:depth", "--photographs", str(folder), "--limit", "2"]
    assert main(words) == 0
    assert "Depth, 2 photographs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["absent.safetensors"], "unknown study 'absent.safetensors'"),
        (["STUDY:height"], "has no variant 'height'; choose from baseline, depth, width"),
        (["STUDY:width"], "has no published weights"),
        (["STUDY", "--limit", "0"], "--limit is 0; expected 1 or more"),
        (["STUDY", "--baseline", "absent.pth"], "absent.pth"),
        (["STUDY", "--photographs", "EMPTY"], "no photographs in"),
        (["STUDY", "--photographs", "absent"], "'absent' is not a folder"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, said, files, folder, tmp_path_factory, capsys):
    empty = tmp_path_factory.mktemp("empty")
    words = [word.replace("STUDY", str(files / "study.toml")).replace("EMPTY", str(empty)) for word in words]
    assert main(["liveness", *words[:1], "--photographs", str(folder), *words[1:]]) == 1
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1
