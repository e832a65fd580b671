"""The offset between nominal centres and where cells look is recorded, read back, and found by the mirror test."""

import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from models import Scaling, efficientnet, load_checkpoint, load_study, save_checkpoint
from models.__main__ import main
from models.checkpoints.loading import CheckpointError
from models.mirror_test import aligned_offset, measure_placement, spline_weights
from models.placement import NOMINAL, Placement, placement_from
from models.studies import StudyError
from models.variants import variant_from

MEASURED = Placement(-11.5, 4.25, 200, (0.5, 0.25))
SMALL = Scaling(0.25, 0.25, 64)
BAD = [
    "left",
    [1],
    [1, 2, 3],
    [1, "2"],
    [1, True],
    [float("nan"), 0],
    [100, 0],
    {"right": 1},
    {"right": 1, "down": 2, "up": 3},
    {"right": 1, "down": 2, "error": [1]},
]


def fields(count, seed):
    """Smooth random pictures as functions of row and column in pixels, without any preferred position."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        waves = generator.normal(size=(12, 2)) / 60
        phases, heights = generator.uniform(0, 7, 12), generator.normal(size=12)

        def field(row, column, waves=waves, phases=phases, heights=heights):
            at = row[:, None, None] * waves[:, 0] + column[None, :, None] * waves[:, 1] + phases
            return (heights * np.sin(at)).sum(axis=-1)

        yield field


@pytest.mark.parametrize(
    ("offset", "first", "resolution"), [(-12, 31, 224), (-12, 0, 224), (7.5, 0, 300), (0, 18, 260)]
)
def test_a_planted_offset_is_found_whatever_the_nominal_centres(offset, first, resolution):
    centres = np.arange(first, first + resolution - 31, 32.0)
    places = centres + offset
    plain = np.stack([field(centres, places) for field in fields(60, 0)])
    mirrored = np.stack([field(centres, resolution - 1 - places) for field in fields(60, 0)])
    found, error = aligned_offset(plain, mirrored, centres.tolist(), resolution)
    assert found == pytest.approx(offset, abs=0.1)
    assert error < 0.1


def test_a_bootstrap_over_photographs_tells_how_far_offsets_scatter():
    """Offsets of disjoint sets of photographs scatter about as much as each set's bootstrap predicts."""
    centres, generator = np.arange(31, 224, 32.0), np.random.default_rng(5)
    found = []
    for seed in range(20):
        plain, turned = (
            np.stack([field(centres, at) + generator.normal(size=(7, 7)) for field in fields(25, seed)])
            for at in (centres - 12, 223 - (centres - 12))
        )
        found.append(aligned_offset(plain, turned, centres.tolist(), 224))
    offsets, errors = np.array(found).T
    assert offsets.mean() == pytest.approx(-12, abs=1)
    assert 0.5 < offsets.std() / errors.mean() < 2


def test_maps_that_never_agree_are_no_placement():
    ramp = np.tile(np.linspace(0, 1, 7), (12, 7, 1))
    with pytest.raises(ValueError, match="agree at no offset within a cell; is the network trained"):
        aligned_offset(ramp, ramp, [31 + 32.0 * cell for cell in range(7)], 224)


def test_spline_weights_are_a_partition_of_one_and_blur_alike_everywhere():
    centres = np.arange(7) * 32.0
    weights = spline_weights(centres, np.linspace(-50, 250, 61))
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(
        spline_weights(centres, np.array([96.0]))[0], [0, 0, 1 / 6, 2 / 3, 1 / 6, 0, 0], atol=1e-12
    )
    inner = np.linspace(40, 150, 23)
    np.testing.assert_allclose(spline_weights(centres, inner) @ centres, inner)


class Leaning(nn.Module):
    """A network whose cells each look at one pixel of the image, ``right`` and ``down`` from the nominal centre."""

    def __init__(self, right, down):
        super().__init__()
        self.at = (right, down)
        self.classifier = nn.Linear(1, 2)
        nn.init.constant_(self.classifier.weight, 1)
        self.scaling, self.device = SimpleNamespace(input_size=224, width_mult=1.0), torch.device("cpu")

    def cell_centres(self):
        return [31.0 + 32 * cell for cell in range(7)]

    def features(self, images):
        rows, columns = ([int(centre) + by for centre in self.cell_centres()] for by in self.at[::-1])
        return images[:, :1, rows][..., columns]

    def logits(self, features):
        return self.classifier(features.mean(dim=(2, 3)))

    def class_weights(self, features, class_idx):
        return self.classifier.weight.detach()[class_idx]


def test_rows_and_columns_have_their_own_offset():
    pixels = np.arange(224.0)
    images = [torch.from_numpy(field(pixels, pixels)).float().repeat(3, 1, 1) for field in fields(60, 3)]
    found = measure_placement(Leaning(-13, -22), images)
    assert found.photographs == 60
    assert found.right == pytest.approx(-13, abs=0.1)
    assert found.down == pytest.approx(-22, abs=0.1)
    assert max(found.error) < 0.1
    with pytest.raises(ValueError, match="needs 8 photographs or more"):
        measure_placement(Leaning(0, 0), images[:7])
    with pytest.raises(ValueError, match="maps of 4 x 4 cells are too coarse"):
        aligned_offset(np.zeros((9, 4, 4)), np.zeros((9, 4, 4)), [0, 32, 64, 96], 128)


def test_a_placement_is_read_from_two_numbers_or_a_record():
    assert placement_from([-11.5, 4]) == Placement(-11.5, 4.0)
    assert placement_from(MEASURED.record()) == MEASURED
    assert str(MEASURED) == "-11.5 px right, +4.2 px down (standard errors 0.5, 0.2, 200 photographs)"


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_what_is_no_placement_is_one_sentence(value):
    with pytest.raises(ValueError, match="placement"):
        placement_from(value)


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, efficientnet(SMALL, 3).half(), scaling=SMALL, family="b", metadata={"seed": 7})
    return path


def test_a_checkpoint_records_it_and_a_manifest_overrides_it(checkpoint, tmp_path):
    assert load_checkpoint(checkpoint).placement == NOMINAL
    old = load_checkpoint(checkpoint)
    metadata = {"placement": MEASURED.record()}
    save_checkpoint(tmp_path / "measured.safetensors", old.state_dict, scaling=SMALL, family="b", metadata=metadata)
    tables = {
        "baseline": 'source = { file = "measured.safetensors" }',
        "width": 'source = { file = "small.safetensors" }',
    }
    tables["depth"] = tables["baseline"] + "\nplacement = [1, -2.5]"
    tables["compound"] = 'source = { grown_from = "baseline" }'
    manifest = tmp_path / "study.toml"
    manifest.write_text("".join(f"[variants.{key}]\n{table}\n" for key, table in tables.items()))
    study = load_study(manifest)
    placements = {key: study.load(key, "cpu").placement for key in ("baseline", "depth", "width")}
    assert placements == {"baseline": MEASURED, "depth": Placement(1.0, -2.5), "width": NOMINAL}
    network = study.load("depth", "cpu")
    nominal = study.with_checkpoint("depth", tmp_path / "measured.safetensors").load("depth", "cpu")
    assert network.fingerprint != nominal.fingerprint
    assert (network.cell_offset(), network.cell_offset("stage 5")) == ((1.0, -2.5), (0.0, 0.0))
    assert network.cell_centres() == study.load("width", "cpu").cell_centres()
    assert study.with_checkpoint("depth", checkpoint).load("depth", "cpu").placement == NOMINAL


def test_a_broken_placement_is_one_sentence(checkpoint, tmp_path):
    old = load_checkpoint(checkpoint)
    with pytest.raises(CheckpointError, match="placement = 'left' is not understood"):
        save_checkpoint(
            tmp_path / "bad.safetensors", old.state_dict, scaling=SMALL, family="b", metadata={"placement": "left"}
        )
    with pytest.raises(StudyError, match="variant 'depth': placement = 'left' is not understood"):
        variant_from("depth", tomllib.loads('placement = "left"'), tmp_path)


def test_the_command_measures_and_writes(checkpoint, samples, monkeypatch, capsys):
    monkeypatch.setattr("models.placement_command.measure_placement", lambda network, inputs: MEASURED)
    before = load_checkpoint(checkpoint)
    assert main(["placement", str(checkpoint), "--photographs", str(samples)]) == 0
    assert "placement = [-11.5, 4.25]" in capsys.readouterr().out
    assert load_checkpoint(checkpoint).sha256 == before.sha256
    assert main(["placement", str(checkpoint), "--photographs", str(samples), "--write"]) == 0
    after = load_checkpoint(checkpoint)
    assert after.sha256 in capsys.readouterr().out
    assert after.placement == MEASURED
    assert after.metadata == {**before.metadata, "placement": MEASURED.record()}
    assert all(
        tensor.dtype == after.state_dict[name].dtype and torch.equal(tensor, after.state_dict[name])
        for name, tensor in before.state_dict.items()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["absent.safetensors"], "unknown study 'absent.safetensors'"),
        (["CHECKPOINT", "--limit", "3"], "needs 8 photographs or more"),
        (["lite:lite0", "--write"], "--write needs a checkpoint"),
        (["lite:height"], "has no variant 'height'"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(words, said, checkpoint, samples, capsys):
    words = [str(checkpoint) if word == "CHECKPOINT" else word for word in words]
    assert main(["placement", *words[:1], "--photographs", str(samples), *words[1:]]) == 1
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1
