"""What the tools in benchmarks compute, where a number in the documentation rests on it; made-up answers stand for networks."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from cam.evaluation.scoring import Scored

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def tool(name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_divergence_by_hand():
    """Two classes at even odds against one to three: log(2 / sqrt 3)."""
    even, uneven = np.log([[0.5, 0.5]]), np.log([[0.25, 0.75]])
    answers = tool("answers")
    assert answers.divergence(even, uneven) == pytest.approx([np.log(2 / np.sqrt(3))])
    assert answers.divergence(even, even) == pytest.approx([0])
    assert answers.divergence(uneven, even) != pytest.approx(answers.divergence(even, uneven))


class Foreground:
    """Answers as ISNet does: opaque in the left part of what it is shown, as wide as asked."""

    def __init__(self, *widths: float):
        self.widths, self.seen = list(widths), []

    def run(self, outputs, inputs):
        assert outputs == ["output"]
        self.seen.append(inputs["input"])
        opacity = np.zeros((1, 1, 1024, 1024), dtype=np.float32)
        opacity[..., : round(1024 * self.widths.pop(0))] = 1
        return [opacity]


@pytest.fixture
def photographs(tmp_path):
    found = []
    for number in range(3):
        path = tmp_path / "ant" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 20), (128, 0, 255)).save(path, quality=100)
        found.append(Scored(f"ant/{number}.jpg", path, ((0,),), cluster="ant"))
    return found


def test_outlines_are_of_the_photographs_size_and_none_is_of_nearly_nothing_or_everything(photographs, tmp_path):
    foreground, network = tool("foreground"), Foreground(0.25, 0.01, 0.95)
    foreground.make(photographs, network, tmp_path / "outlines")
    (drawn,) = (tmp_path / "outlines").rglob("*.png")
    indices = np.asarray(Image.open(drawn))
    assert indices.shape == (20, 40)
    np.testing.assert_array_equal(indices[:, :10], 1)
    np.testing.assert_array_equal(indices[:, 10:], 0)
    np.testing.assert_allclose(network.seen[0][0, :, 0, 0], [0, -0.5, 127 / 256], atol=0.02)
    again = Foreground(0.01, 0.95)  # the outline that is there is not made again
    foreground.make(photographs, again, tmp_path / "outlines")
    assert len(again.seen) == 2


def test_outlines_are_compared_with_boxes_by_their_own_boxes(photographs, tmp_path, monkeypatch, capsys):
    foreground = tool("foreground")
    monkeypatch.setattr(foreground, "STUDY_FOLDER", tmp_path)
    (tmp_path / "caltech101-categories.txt").write_text("ant\n")
    foreground.make(photographs, Foreground(0.5, 0.5, 0.5), tmp_path / "outlines")
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "ant.csv").write_text("0.jpg,0,0,20,20\n1.jpg,0,0,10,20\n")
    foreground.compare_with_boxes(photographs, tmp_path / "outlines", tmp_path / "boxes")
    assert "ant" in (words := capsys.readouterr().out)
    assert "2 photographs, mean intersection over union of boxes 0.75" in words
