"""What tests of Compare share: the page of a new visitor, and what its viewer holds."""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

LITE = "ImageNet, EfficientNet-Lite"
APP = str(Path(__file__).parents[3] / "app.py")


def opened(**query: str) -> AppTest:
    """The page of a new visitor who follows a link with these parameters."""
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params.update({"images": "cat", "study": LITE, **query})
    return app.run()


def drawn(app: AppTest) -> dict:
    """The data of the viewer."""
    assert not app.exception
    viewer = next(one for one in app.get("bidi_component") if "viewer" in one.proto.component_name)
    return json.loads(viewer.proto.json)


def maps(app: AppTest, row: int = 0) -> np.ndarray:
    return np.frombuffer(base64.b64decode(drawn(app)["rows"][row]["maps"]), "<f4")


def words(elements) -> str:
    return "\n".join(one.value for one in elements)


def photograph(colour: str = "tan", kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(buffer, kind)
    return buffer.getvalue()
