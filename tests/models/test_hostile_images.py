"""Images that need too much memory for a page are refused by their header, decoded smaller, or decoded one at a time."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models import images, views
from models.gates import Gate
from models.images import ImageError, open_image
from models.views import Views
from tests.attacks import attacked


def encoded(size, kind, **options):
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_more_than_a_page_can_afford_is_refused_before_it_is_decoded(kind, monkeypatch):
    content = encoded((400, 300), kind)
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(ImageError, match="'big' has more than 0 megapixels; give a smaller image"):
        open_image(content, "big", most_pixels=100_000)


@pytest.mark.parametrize(("most", "part"), [(120_000, 1), (119_999, 2), (30_000, 2), (7_500, 4), (2_000, 8)])
def test_a_jpeg_is_decoded_at_the_largest_fraction_that_fits(most, part):
    content = encoded((400, 300), "JPEG", quality=95)
    small, whole = open_image(content, most_pixels=most), open_image(content)
    assert small.size == (-(-400 // part), -(-300 // part))
    assert small.width * small.height <= most
    apart = np.abs(np.asarray(small, float) - np.asarray(whole.resize(small.size, Image.Resampling.BOX), float))
    assert apart.mean() < 2


def test_decoding_waits_for_room(monkeypatch):
    held = []

    class Watching(Gate):
        def room(self, amount):
            held.append(amount)
            return super().room(amount)

    monkeypatch.setattr(images, "DECODING", Watching(1))
    open_image(encoded((400, 300), "PNG"))
    assert held == [120_000]


def test_what_is_decoded_keeps_its_room_until_its_views_are_cut(monkeypatch):
    """Otherwise thirty visitors' decoded photographs would be in memory, each waiting to be cut."""
    gate, held = Gate(10**9), []
    monkeypatch.setattr(images, "DECODING", gate)
    cut = views.view_image
    monkeypatch.setattr(views, "view_image", lambda *words: held.append(gate.held) or cut(*words))
    Views.of(encoded((400, 300), "PNG"), "square", [64, 224])
    assert held == [120_000, 120_000]
    assert gate.held == 0


def test_views_are_cut_as_from_the_image_itself():
    content = encoded((401, 299), "PNG")
    cut = Views.of(content, "centre", [64, 224], "x")
    assert cut.size == (401, 299)
    for side, view in cut.sides.items():
        assert view.tobytes() == images.view_image(open_image(content), "centre", side).tobytes()


def tiff(pixels, **tags):
    """A TIFF of 2 x 2 pixels in one strip, its tags by number; tuples are 16-bit values, integers 32-bit ones."""
    tags = {"256": 2, "257": 2, "259": (1,), "273": 8, "278": 2, "279": len(pixels)} | tags
    body, entries = pixels, b""
    place = 8 + len(pixels) + 2 + 12 * len(tags) + 4
    more = b""
    for number, value in sorted((int(name.strip("_")), value) for name, value in tags.items()):
        kind, values = (3, value) if isinstance(value, tuple) else (4, (value,))
        content = b"".join(one.to_bytes(2 if kind == 3 else 4, "little") for one in values)
        if len(content) > 4:
            content, more = (place + len(more)).to_bytes(4, "little"), more + content
        entries += struct.pack("<HHI", number, kind, len(values)) + content.ljust(4, b"\0")
    start = struct.pack("<2sHI", b"II", 42, 8 + len(body))
    return start + body + struct.pack("<H", len(tags)) + entries + bytes(4) + more


def test_tiffs_that_pillow_gets_wrong_are_refused():
    """Colour maps have 16 bits, and Pillow shows one of 8 bits black; colours in planes of 16 bits become noise."""
    ramp = tuple(range(256))
    palette = {"258": (8,), "262": (3,), "277": (1,)}
    assert open_image(tiff(bytes(4), **palette, _320=tuple(257 * value for value in ramp) * 3)).size == (2, 2)
    with pytest.raises(ImageError, match="its colour map has 8 bits where TIFF has 16"):
        open_image(tiff(bytes(4), **palette, _320=ramp * 3))
    with pytest.raises(ImageError, match="its colours lie in planes of 16 bits"):
        open_image(tiff(bytes(24), _258=(16, 16, 16), _262=(2,), _277=(3,), _284=(2,)))


SEEDS = {kind: encoded((40, 30), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")}


@attacked()
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=8),
    st.integers(0, 99),
)
def test_damaged_images_are_images_or_one_sentence(kind, changes, cut):
    """Some bytes of a small image are changed, and its end is cut off."""
    content = bytearray(SEEDS[kind])
    for place, value in changes:
        content[place % len(content)] = value
    content = bytes(content[: len(content) * (100 - cut) // 100])
    said = "'x' "
    try:
        assert open_image(content, "x", most_pixels=1_000_000).mode == "RGB"
    except ImageError as error:
        said = str(error)
    assert said.startswith("'x' ")
    assert "\n" not in said
