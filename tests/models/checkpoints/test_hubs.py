"""Finding the weight file that a name means, without any network connection."""

import json
import urllib.error

import pytest

from models.checkpoints.hubs import located
from models.checkpoints.weight_files import CheckpointError


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Empty caches of the hub and of torch."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "torch"))
    return tmp_path


def file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"weights")
    return path


def refused_fetch(url, path, **_):
    raise urllib.error.URLError("Name or service not known")


def test_a_folder_with_one_weight_file(tmp_path):
    weights = file(tmp_path / "mine" / "best.pth")
    file(tmp_path / "mine" / "notes.txt")
    assert located(tmp_path / "mine") == weights
    hub_file = file(tmp_path / "mine" / "model.safetensors")
    assert located(tmp_path / "mine") == hub_file


def test_a_folder_with_several(tmp_path):
    file(tmp_path / "a.pth"), file(tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match=r"a folder with 2 weight files, 'a\.pth', 'b\.pth'; name the"):
        located(tmp_path)


def test_a_hubs_cache(hub):
    """The revision in use is chosen, not the last one by name."""
    folder = hub / "hf" / "models--timm--efficientnet_b0.ra_in1k"
    used = file(folder / "snapshots" / "aaa" / "model.safetensors")
    file(folder / "snapshots" / "bbb" / "model.safetensors")
    file(folder / "refs" / "main").write_text("aaa\n")
    assert located(folder) == used
    assert located("hf-hub:timm/efficientnet_b0.ra_in1k", refused_fetch) == used


def test_a_hubs_weights_are_downloaded_once(hub):
    asked = []

    def fetch(url, path, **_):
        asked.append(url)
        if url.endswith("preprocessor_config.json"):
            raise urllib.error.HTTPError(url, 404, "Not Found", None, None)
        with open(path, "w", encoding="utf-8") as target:
            target.write(json.dumps({"architecture": "efficientnet_b0"}))

    path = located("hf-hub:timm/efficientnet_b0.ra_in1k", fetch)
    assert path.name == "model.safetensors"
    assert (path.parent / "config.json").is_file()
    assert asked[0] == "https://huggingface.co/timm/efficientnet_b0.ra_in1k/resolve/main/config.json"
    assert located("hf-hub:timm/efficientnet_b0.ra_in1k", refused_fetch) == path
    assert len(asked) == 3


@pytest.mark.parametrize(
    "name", ["hf-hub:timm/efficientnet_b0.ra_in1k", "torchvision:EfficientNet_B3_Weights.IMAGENET1K_V1"]
)
def test_no_network_is_one_sentence(hub, name):
    with pytest.raises(
        CheckpointError, match=r"cannot download .*; connect to the internet once, or put the file into"
    ):
        located(name, refused_fetch)


@pytest.mark.parametrize(
    "name", ["hf-hub:efficientnet_b0", "hf-hub:../../etc/passwd", "hf-hub:timm/..", "torchvision:B3"]
)
def test_names_of_nothing(hub, name):
    with pytest.raises(CheckpointError, match="not the name of a hub's repository|torchvision has no weights"):
        located(name, refused_fetch)
