"""Pillow's own test images, which are the strangest ones: decoded as by Pillow, or refused in one sentence.

They come in its source distribution: ``pip download --no-binary pillow --no-deps pillow``, unpack, and
``PILLOW_IMAGES=pillow-VERSION/Tests/images pytest -m slow -s tests/models/test_pillows_images.py``.
"""

import os
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from models.images import ImageError, open_image

FOLDER = Path(os.environ.get("PILLOW_IMAGES", "pillow/Tests/images"))
PLAIN = ("RGB", "L", "1", "P", "RGBA", "LA", "RGBX")  # modes whose pixels can be read in only one way
TOO_LONG = 10.0  # seconds


def pillows(path):
    """A file decoded by Pillow over white; None where a profile or a mode needs more than that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            if image.mode not in PLAIN or image.info.get("icc_profile"):
                return None
            image = ImageOps.exif_transpose(image)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                white = Image.new("RGBA", image.size, "white")
                return Image.alpha_composite(white, image).convert("RGB")
            return image.convert("RGB")


def outcome(path):
    """The result for a file: ``same``, ``other rule``, ``refused`` or ``differs by N``."""
    try:
        ours = open_image(path)
    except ImageError as error:
        return "refused" if len(str(error)) < 400 and "\n" not in str(error) else f"differs from a sentence: {error}"
    theirs = pillows(path)
    if theirs is None:
        return "other rule"
    if ours.size != theirs.size:
        return f"differs in size: {ours.size} and {theirs.size}"
    most = np.abs(np.asarray(ours, np.int16) - np.asarray(theirs, np.int16)).max()
    return "same" if most <= 1 else f"differs by {most}"  # 1: premultiplied and composed in another order


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.is_dir(), reason="PILLOW_IMAGES names no folder of Pillow's test images")
def test_each_is_decoded_as_pillow_does_or_refused():
    found, odd = Counter(), []
    for path in sorted(one for one in FOLDER.rglob("*") if one.is_file()):
        before = time.perf_counter()
        said = outcome(path)
        assert time.perf_counter() - before < TOO_LONG, path
        found[said.split(" by ")[0].split(":")[0]] += 1
        if said.startswith("differs"):
            odd.append(f"{path.relative_to(FOLDER)} {said}")
    print(dict(found))
    assert not odd, "\n".join(odd)
    assert found["same"] > 300
