"""Every orientation, mode, depth and colour profile gives the intended pixels."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from models.images import ImageError, note_of, open_image
from models.views import Views
from tests.models.encoded import assert_close, encode, gamma_profile, photo, png, tiff

# Orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(kind, orientation):
    """Each tag is undone by the transposition that follows from a table of the EXIF standard."""
    upright = np.asarray(photo())
    stored = {  # how rows and columns of an upright scene are stored, according to the standard
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    data = encode(image, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    assert_close(open_image(data), upright, atol=12 if kind == "JPEG" else 0)
    assert_close(open_image(Image.open(io.BytesIO(data))), upright, atol=12 if kind == "JPEG" else 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "block",
    [b"", b"garbage", b"MM\0*\0\0\0\x08\xff\xff" + b"garbage" * 9, b"II*\0\xff\xff\xff\xff", b"MM\0*"],
)
def test_a_damaged_exif_block_does_not_matter(kind, block):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_close(open_image(encode(photo(), kind, exif=b"Exif\0\0" + block)), photo(), atol=40)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_unknown_orientation_is_upright(value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert_close(open_image(encode(photo(), "PNG", exif=exif)), photo())


# Modes


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    values = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)
    grey = np.rint(values / 257)[..., None].repeat(3, axis=-1)
    assert_close(open_image(encode(Image.fromarray(values), kind)), grey)
    assert_close(open_image(Image.fromarray(values.astype(np.int32))), grey)


def test_big_endian_and_12_bit_grey():
    big = Image.frombytes("I;16B", (2, 1), struct.pack(">HH", 65535, 32768))
    assert_close(open_image(encode(big, "TIFF")), np.array([[[255] * 3, [128] * 3]]))
    twelve = tiff(bytes.fromhex("fff800"), {256: 2, 257: 1, 258: 12, 259: 1, 278: 1, 279: 3})
    assert_close(open_image(twelve), np.array([[[255] * 3, [128] * 3]]), atol=1)


def test_16_bit_rgb_png():
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    data = png(struct.pack(">IIBBBBB", 7, 5, 16, 2, 0, 0, 0), (b"IDAT", zlib.compress(rows)))
    assert_close(open_image(data), values / 257, atol=1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 0.5, 1], [0, 128, 255]),
        ([0.25, 0.5, 0.75], [64, 128, 191]),
        ([0, 100, 200], [0, 128, 255]),
        ([-1, 0, 1], [0, 128, 255]),
        ([-3e38, 0, 3e38], [0, 128, 255]),
        ([7, 7, 7], [255, 255, 255]),
    ],
)
def test_floats_are_scaled_to_the_range_0_to_1_or_wider(values, expected):
    image = Image.fromarray(np.array([values], np.float32))
    assert_close(open_image(encode(image, "TIFF")), np.array(expected)[None, :, None].repeat(3, 2), atol=1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_floats_that_are_not_finite_are_refused(value):
    data = encode(Image.fromarray(np.array([[0, value]], np.float32)), "TIFF")
    with pytest.raises(ImageError, match=r"'scan.tif' cannot be decoded \(it has pixels that are not finite\)"):
        open_image(data, "scan.tif")


def test_bilevel_and_grey():
    bits = np.eye(9, dtype=bool)
    expected = 255 * bits[..., None].repeat(3, 2)
    for kind in ("PNG", "TIFF", "BMP"):
        assert_close(open_image(encode(Image.fromarray(bits), kind)), expected)
        assert_close(open_image(encode(Image.fromarray(np.uint8(255 * bits)), kind)), expected)


def checker(mode: str) -> tuple[Image.Image, np.ndarray]:
    """One opaque red pixel, one transparent, one half transparent, and their colours on white."""
    image = Image.new("RGBA", (3, 1))
    image.putdata([(200, 0, 0, 255), (0, 0, 90, 0), (0, 100, 0, 127)])
    colours = [[200, 0, 0], [255, 255, 255], [128, 178, 128]]
    if mode == "LA":
        image.putdata([(10, 10, 10, 255), (0, 0, 0, 0), (100, 100, 100, 127)])
        colours = [[10] * 3, [255] * 3, [178] * 3]
    return image.convert(mode), np.array([colours])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGBa"])
def test_alpha_is_laid_over_white(mode):
    image, expected = checker(mode)
    assert_close(open_image(image), expected, atol=1)
    if mode != "RGBa":
        assert_close(open_image(encode(image, "PNG")), expected, atol=1)


def test_premultiplied_grey_and_alpha_palette():
    assert_close(open_image(Image.frombytes("La", (2, 1), bytes([50, 127, 0, 0]))), [[[178] * 3, [255] * 3]], atol=1)
    image = Image.frombytes("PA", (2, 1), bytes([1, 255, 1, 0]))
    image.putpalette([0, 0, 0, 9, 8, 7])
    assert_close(open_image(image), [[[9, 8, 7], [255] * 3]])


def test_palettes_with_and_without_transparency():
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    image.putpalette([200, 0, 0, 0, 0, 90, 0, 100, 0])
    plain = [[[200, 0, 0], [0, 0, 90], [0, 100, 0]]]
    one = [[[200, 0, 0], [255, 255, 255], [0, 100, 0]]]
    each = [[[200, 0, 0], [255, 255, 255], [128, 178, 128]]]
    for kind in ("PNG", "GIF"):
        assert_close(open_image(encode(image, kind)), plain)
        assert_close(open_image(encode(image, kind, transparency=1)), one)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_close(open_image(encode(image, "PNG", transparency=bytes([255, 0, 127]))), each, atol=1)


def test_rgb_and_grey_with_one_transparent_colour():
    image = Image.frombytes("RGB", (2, 1), bytes([1, 2, 3, 4, 5, 6]))
    assert_close(open_image(encode(image, "PNG", transparency=(1, 2, 3))), [[[255] * 3, [4, 5, 6]]])
    image = Image.frombytes("L", (2, 1), bytes([1, 4]))
    assert_close(open_image(encode(image, "PNG", transparency=1)), [[[255] * 3, [4] * 3]])


def test_cmyk():
    """Adobe writes inverted inks and says so in a marker; without the marker the inks are as they are."""
    inks = (0, 200, 100, 10)
    expected = np.array(Image.new("CMYK", (16, 16), inks).convert("RGB"))
    inverted = encode(Image.new("CMYK", (16, 16), inks), "JPEG", quality=100)
    assert inverted.count(b"Adobe") == 1
    assert_close(open_image(inverted), expected, atol=2)
    straight = encode(Image.new("CMYK", (16, 16), tuple(255 - ink for ink in inks)), "JPEG", quality=100)
    start = straight.index(b"\xff\xee")
    straight = straight[:start] + straight[start + 16 :]
    assert b"Adobe" not in straight
    assert_close(open_image(straight), expected, atol=2)
    assert_close(open_image(encode(Image.new("CMYK", (16, 16), inks), "TIFF")), expected)


def test_ycbcr_and_lab_tiff():
    assert_close(open_image(encode(photo().convert("YCbCr"), "TIFF")), photo(), atol=4)
    assert_close(open_image(encode(photo(), "TIFF", compression="jpeg", quality=100)), photo(), atol=8)
    lab = ImageCms.profileToProfile(
        photo(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    inside = np.asarray(open_image(encode(lab, "TIFF"))).astype(int) - np.asarray(photo())
    assert np.abs(inside).mean() < 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind):
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue", "green")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert_close(open_image(data), frames[0])


# Colour


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_an_icc_profile_is_converted_to_srgb(kind):
    """Linear light has the known curve of sRGB."""
    data = encode(Image.new("RGB", (8, 8), (64, 128, 255)), kind, icc_profile=gamma_profile(1.0), quality=100)
    linear = np.array([64, 128, 255]) / 255
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert_close(open_image(data), np.broadcast_to(expected, (8, 8, 3)), atol=4 if kind in ("JPEG", "WEBP") else 1)


def test_a_profile_of_srgb_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert_close(open_image(encode(photo(), "PNG", icc_profile=profile)), photo(), atol=1)


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA", "P", "1"])
@pytest.mark.parametrize("profile", [b"broken", gamma_profile()[:200], b"\0" * 300])
def test_a_broken_profile_does_not_matter(mode, profile):
    image = photo().convert(mode)
    assert_close(open_image(encode(image, "PNG", icc_profile=profile)), image.convert("RGB"))


def test_a_profile_of_another_kind_of_image_does_not_matter():
    image = photo().convert("L")
    assert_close(open_image(encode(image, "PNG", icc_profile=gamma_profile())), image.convert("RGB"))


# Sensors of fewer bits than their files


@pytest.mark.parametrize(("bits", "kind"), [(10, "PNG"), (12, "PNG"), (12, "TIFF"), (14, "PNG")])
def test_a_sensors_bits_in_16_are_stretched_and_that_is_said(bits, kind):
    values = np.linspace(0, 2**bits - 100, 32 * 32).reshape(32, 32).astype(np.uint16)
    found = open_image(encode(Image.fromarray(values), kind))
    assert_close(found, np.rint(values * (255 / (2**bits - 1)))[..., None].repeat(3, axis=-1))
    assert note_of(found) == f"grey values of {bits} bits in 16, stretched"
    assert Views.of(encode(Image.fromarray(values), kind), "square", [16]).note == note_of(found)
    assert Views.of(found, "square", [16]).note == note_of(found)


@pytest.mark.parametrize("most", [0, 200, 40000, 65535])
def test_other_grey_values_stay_as_they_are(most):
    values = np.linspace(0, most, 32 * 32).reshape(32, 32).astype(np.uint16)
    found = open_image(encode(Image.fromarray(values), "PNG"))
    assert_close(found, np.rint(values / 257)[..., None].repeat(3, axis=-1))
    assert note_of(found) == note_of(open_image(photo())) == ""
