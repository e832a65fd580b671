"""Configurations beside a file are read, damaged ones are refused, and they count more than names."""

import json

import pytest

from models.checkpoints.clues import Clues, clues_beside
from models.checkpoints.weight_files import CheckpointError
from models.normalisation import HALF, Normalisation


def beside(folder, config, preprocessor=None, file="model.safetensors"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    if preprocessor is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    return clues_beside(folder / file)


def test_timms_configuration(tmp_path):
    known = {
        "input_size": [3, 260, 260],
        "mean": [0.5] * 3,
        "std": [0.25] * 3,
        "label_names": ["n1", "n2"],
        "label_descriptions": {"n1": "tench, a fish", "n2": "goldfish"},
    }
    clues = beside(tmp_path, {"architecture": "tf_efficientnet_b2", "num_classes": 2, "pretrained_cfg": known})
    assert (clues.family, clues.resolution, clues.labels) == ("tf", 260, ("tench", "goldfish"))
    assert clues.normalisation == Normalisation((0.5,) * 3, (0.25,) * 3)
    assert clues.origin == "config.json says tf_efficientnet_b2"


def test_transformers_configuration(tmp_path):
    config = {"model_type": "efficientnet", "image_size": 300, "id2label": {"1": "bee", "0": "ant"}}
    clues = beside(tmp_path, config, {"image_mean": [0.4] * 3, "image_std": [0.2] * 3})
    assert (clues.resolution, clues.labels) == (300, ("ant", "bee"))
    assert clues.normalisation == Normalisation((0.4,) * 3, (0.2,) * 3)
    assert beside(tmp_path, {**config, "id2label": {"0": "LABEL_0", "1": "LABEL_1"}}).labels == ()


@pytest.mark.parametrize(
    "known",
    [
        {"mean": [0.5], "std": "?"},
        {"mean": [0.5] * 3, "std": [0.0] * 3},
        {"input_size": [3, 5, 5]},
        {"label_names": [1, 2]},
        3,
    ],
)
def test_what_a_configuration_has_wrong_is_left_out(known, tmp_path):
    clues = beside(tmp_path, {"architecture": "efficientnet_b0", "pretrained_cfg": known})
    assert (clues.family, clues.normalisation, clues.resolution, clues.labels) == ("b", None, None, ())


@pytest.mark.parametrize("text", ["{", "\x00", "[" * 100_000])
def test_a_damaged_configuration_is_refused(text, tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json beside it is not JSON; remove it or download it again"):
        beside(tmp_path, text)


@pytest.mark.parametrize(
    ("path", "family", "normalisation", "origin"),
    [
        ("models--timm--tf_efficientnet_b0.ns_jft_in1k/snapshots/ab12/model.safetensors", "tf", None, "its folder"),
        ("models--timm--efficientnet_b0.ra4_e3600_r224_in1k/snapshots/ab12/model.safetensors", "b", HALF, "its folder"),
        ("tf_efficientnet_b4_ap-dedb23e6.pth", "tf", HALF, "the file"),
        ("efficientnet_b3_ra2-cf984f9c.pth", "b", None, "the file"),
        ("adv-efficientnet-b0-b64d5a18.pth", "tf", HALF, "the file"),
        ("efficientnet_lite0_ra-37913777.pth", "lite-b", None, "the file"),
        ("model_best.pth.tar", None, None, ""),
    ],
)
def test_names(path, family, normalisation, origin, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("plain")  # the usual folder is named after the test and its parameters
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    clues = clues_beside(tmp_path / path)
    assert (clues.family, clues.normalisation) == (family, normalisation)
    assert clues.origin.startswith(origin)
    assert bool(clues.origin) == bool(origin)


def test_a_configuration_goes_before_names(tmp_path):
    clues = beside(tmp_path / "efficientnet_b0", {"architecture": "tf_efficientnet_b0"}, file="efficientnet_b0.pth")
    assert clues.family == "tf"


def test_a_configuration_of_something_else_says_nothing(tmp_path):
    assert beside(tmp_path, {"model_type": "bert"}) == Clues()
    assert beside(tmp_path, [1, 2]) == Clues()
