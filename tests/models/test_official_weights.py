"""Official weights are downloaded once and checked; if they are missing, the error is one sentence."""

import functools
import hashlib
import http.server
import threading

import pytest

from models import (
    CheckpointError,
    StudyError,
    load_study,
)
from models.checkpoints.hubs import official_weights


@pytest.fixture
def weight_server(tmp_path):
    """A local server with one file, named after its hash as the official weights are."""
    content = b"weights" * 1000
    name = f"efficientnet_b0_rwightman-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / name).write_bytes(content)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{name}", content
        server.shutdown()


def official(monkeypatch, tmp_path, url):
    weights = type("Weights", (), {"url": url})
    monkeypatch.setattr("torchvision.models.get_weight", lambda name: weights)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))


def test_official_weights_are_downloaded_once_and_checked(monkeypatch, tmp_path, weight_server):
    url, content = weight_server
    official(monkeypatch, tmp_path, url)
    path = official_weights("EfficientNet_B0_Weights.IMAGENET1K_V1")
    assert path.read_bytes() == content
    official(monkeypatch, tmp_path, url.replace("127.0.0.1", "127.0.0.2"))
    assert official_weights("EfficientNet_B0_Weights.IMAGENET1K_V1") == path


def test_a_corrupt_download_is_refused_and_leaves_nothing(monkeypatch, tmp_path, weight_server):
    url, _ = weight_server
    served = next((tmp_path / "served").iterdir())
    served.write_bytes(b"something else")
    official(monkeypatch, tmp_path, url)
    with pytest.raises(CheckpointError, match="cannot download .* put the file into"):
        official_weights("EfficientNet_B0_Weights.IMAGENET1K_V1")
    assert list((tmp_path / "hub" / "checkpoints").iterdir()) == []


def test_no_network_is_one_sentence(monkeypatch, tmp_path):
    official(monkeypatch, tmp_path, "http://127.0.0.1:9/efficientnet_b0_rwightman-7f5810bc.pth")
    with pytest.raises(StudyError, match="cannot download efficientnet_b0.*connect to the internet once") as caught:
        load_study("imagenet").load("baseline", "cpu")
    assert "\n" not in str(caught.value)
