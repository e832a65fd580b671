"""Pictures from web addresses, served here by a real server; every error is one sentence."""

import http.server
import io
import socket
import threading

import numpy as np
import pytest
from PIL import Image

from cam.__main__ import main
from cam.inputs import listed_pictures
from models import downloads, open_image
from models.downloads import is_address, picture_at
from models.images import ImageError


@pytest.fixture
def web(samples, tmp_path):
    """Address of a server with a photograph, under a name with a space, and a page that redirects to a file on this machine."""
    (tmp_path / "my cat.jpg").write_bytes((samples / "cat.jpg").read_bytes())

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *rest):
            super().__init__(*rest, directory=str(tmp_path))

        def do_GET(self):
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "file:///etc/hostname")
                self.end_headers()
            else:
                super().do_GET()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_address_gives_the_picture_under_its_name(web, samples):
    picture = picture_at(f"{web}/my%20cat.jpg?size=large")
    assert picture.name == "my cat.jpg"
    assert np.array_equal(open_image(picture), open_image(samples / "cat.jpg"))
    path, address, array = listed_pictures([samples / "cat.jpg", f"{web}/my%20cat.jpg", np.zeros((8, 8, 3), np.uint8)])
    assert (path, address.name, array.size) == (samples / "cat.jpg", "my cat.jpg", (8, 8))


def test_the_command_takes_one(web, tmp_path):
    out = tmp_path / "figure.png"
    words = ["--study", "lite", "--variants", "lite0", "--device", "cpu", "--out", str(out)]
    assert main(["compare", f"{web}/my%20cat.jpg", *words]) == 0
    with Image.open(out) as figure:
        assert figure.width > 100


def test_what_cannot_be_downloaded_is_one_sentence(web, tmp_path, monkeypatch, capsys):
    with pytest.raises(ImageError, match=r"none\.jpg cannot be downloaded \(404 File not found\); check the address"):
        picture_at(f"{web}/none.jpg")
    with pytest.raises(ImageError, match=r"cannot be downloaded .*not allowed"):
        picture_at(f"{web}/away")
    with pytest.raises(ImageError, match="is larger than 0 MiB; give a smaller picture"):
        picture_at(f"{web}/my%20cat.jpg", most=1000)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}/cat.jpg"
        assert main(["compare", dead, "--study", "lite", "--variants", "lite0", "--out", str(tmp_path / "f.png")]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "cannot be downloaded (" in said
    assert said.endswith("save it yourself and give the file")
    monkeypatch.setattr(downloads, "PATIENCE", -1.0)
    with pytest.raises(ImageError, match="takes longer than"):
        downloads._read(io.BytesIO(b"slow"), 100, "an address")


@pytest.mark.parametrize("name", ["cat.jpg", "ftp://host/cat.jpg", "file:///etc/passwd", b"https://host", None])
def test_other_names_are_no_addresses(name):
    assert not is_address(name)
