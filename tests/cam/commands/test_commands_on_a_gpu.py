"""Every command on a CUDA device gives what it gives on the CPU; every run simulates the device, see ``test_devices``.

On CUDA the body runs in float16, so numbers agree within a few thousandths and not to the last bits.
"""

import json

import numpy as np
import pytest
from PIL import Image

from cam.__main__ import main
from cam.evaluation.records import read_report
from models import save_checkpoint
from models.engine import VARIABLE
from tests.tiny_network import TINY, tiny_model

CATEGORIES = ["ant", "bee", "cat"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a study of two networks, and three photographs of each of its classes."""
    found, generator = tmp_path_factory.mktemp("study"), np.random.default_rng(0)
    tables = ""
    for seed, key in enumerate(("baseline", "depth")):
        metadata = {"categories": CATEGORIES}
        save_checkpoint(
            found / f"{key}.safetensors", tiny_model(seed=seed), scaling=TINY, family="b", metadata=metadata
        )
        tables += f'[variants.{key}]\nsource = {{ file = "{key}.safetensors" }}\n'
    (found / "study.toml").write_text(tables)
    for category in CATEGORIES:
        (found / "photographs" / category).mkdir(parents=True)
        for number in range(3):
            pixels = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
            Image.fromarray(pixels).save(found / "photographs" / category / f"{number}.png")
    return found


@pytest.fixture
def both(folder, tmp_path, gpu, monkeypatch):
    """Run a command on the CPU with PyTorch and on the GPU; both outputs."""
    monkeypatch.setenv(VARIABLE, "pytorch")

    def run(command, given, out, *options):
        made = []
        for device in ("cpu", str(gpu)):
            (tmp_path / device[:4]).mkdir()
            made.append(tmp_path / device[:4] / out)
            words = [command, *given, "--study", folder / "study.toml", "--device", device, "--out", made[-1], *options]
            assert main([str(word) for word in words]) == 0
        return made

    return run


def test_compare_by_a_method_that_needs_more_than_maps(folder, both):
    photographs = sorted((folder / "photographs").glob("*/0.png"))
    for figure in both("compare", photographs, "figure.png", "--method", "eigencam"):
        with Image.open(figure) as drawn:
            assert drawn.size > (200, 50)


def test_export_writes_the_same_classes_and_maps(folder, both, threads):
    here, there = both("export", [folder / "photographs"], "out", "--write", "figure,maps", "--limit", "3")
    names = sorted(path.relative_to(here) for path in here.rglob("*.npz"))
    assert len(names) == 3
    assert names == sorted(path.relative_to(there) for path in there.rglob("*.npz"))
    for name in names:
        with np.load(here / name) as one, np.load(there / name) as other:
            assert one.files == other.files
            for key in one.files:
                if one[key].dtype == np.float32:
                    np.testing.assert_allclose(one[key], other[key], atol=0.02 * max(np.ptp(one[key]), 1e-3))
                elif key.startswith("class_idx"):
                    np.testing.assert_array_equal(one[key], other[key])


def test_evaluate_measures_the_same(folder, both):
    """On two mosaics and three photographs, outcomes may differ only where two scores are close."""
    options = ("--draws", "1", "--mosaics", "2", "--limit", "3", "--checks", "1")
    here, there = map(read_report, both("evaluate", ["--data", folder / "photographs"], "report.json", *options))
    assert there.arms == here.arms
    for one, other in zip(here.findings, there.findings, strict=True):
        assert (one.measurement, one.reading, one.group) == (other.measurement, other.reading, other.group)
        assert one.means.keys() == other.means.keys()
        for arm, mean in one.means.items():
            assert other.means[arm].estimate == pytest.approx(mean.estimate, abs=0.05), (one.measurement, arm)
    for name, score in here.checks.scores.items():
        assert there.checks.scores[name] == pytest.approx(score, rel=0.1, abs=0.1), name


def test_bench_measures_peers_and_memory(folder, both):
    options = ("--batches", "1", "--minutes", "0", "--variants", "baseline")
    _, there = both("bench", [], "times.json", *options)
    groups = json.loads(there.read_text())["groups"]
    assert groups
    assert all(group["peak"] for group in groups)
