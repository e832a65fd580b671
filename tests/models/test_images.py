"""Real files, made here with Pillow and numpy, through the door of the program."""

import io
import struct
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, ImageOps, features
from torchvision.transforms import v2

from models import images
from models.images import ImageError, denormalised, image_tensor, list_images, note_of, open_image, view_box, view_image
from models.normalisation import HALF, IMAGENET, LITE
from models.views import Views


def encode(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photo(width: int = 48, height: int = 32) -> Image.Image:
    """Smooth colours, different in every corner, so that JPEG and flips leave no doubt."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return Image.fromarray(np.uint8(255 * np.stack([rows, columns, 1 - rows * columns], axis=-1)))


def assert_close(image: Image.Image, expected: Image.Image | np.ndarray, atol: int = 0) -> None:
    assert image.mode == "RGB"
    assert not image.info
    assert type(image) is Image.Image
    difference = np.abs(np.asarray(image).astype(int) - np.asarray(expected).astype(int))
    assert image.size == np.shape(expected)[1::-1]
    assert difference.max() <= atol


def png(header: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    body = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def tiff(data: bytes, tags: dict[int, int]) -> bytes:
    """Little-endian TIFF of one grey strip or tile (``tags`` adds to it) whose data follows the directory."""
    start = 8 + 2 + 12 * (len(tags) + 3) + 4
    tags = tags | {262: 1, 277: 1, (324 if 322 in tags else 273): start}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + data


def segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """Insert a JPEG segment right after the start of the image."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + jpeg[2:]


def gamma_profile(gamma: float = 1.0) -> bytes:
    """A matrix profile with the primaries of sRGB, and a gamma instead of its curve."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    for i in range(count):
        tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            struct.pack_into(">4sIHHi", profile, offset, b"para", 0, 0, 0, round(gamma * 65536))
    return bytes(profile)


# Sources


def test_every_kind_of_source_gives_the_same_pixels(tmp_path):
    data = encode(photo(), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    late = io.BytesIO(b"header" + data)
    late.seek(6)
    with path.open("rb") as file:
        for source in (path, str(path), data, late, file, photo(), Image.open(path)):
            assert_close(open_image(source), photo())


def test_a_pillow_image_is_left_as_it_is():
    image = photo().convert("RGBA")
    image.info["comment"] = "kept"
    result = open_image(image)
    result.paste("black", (0, 0, 9, 9))
    assert image.mode == "RGBA"
    assert image.info == {"comment": "kept"}
    assert_close(open_image(image), photo())
    plain = photo()
    open_image(plain).paste("black", (0, 0, 9, 9))
    assert_close(plain, photo())


def test_no_metadata_leaks():
    exif = Image.Exif()
    exif[0x010F] = "camera"
    exif[0x0112] = 6
    result = open_image(encode(photo(), "JPEG", exif=exif, comment=b"secret", dpi=(300, 300)))
    assert not result.info
    assert not result.getexif()
    again = encode(result, "JPEG")
    assert b"camera" not in again
    assert b"secret" not in again


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "MPO"])
def test_every_format_of_the_list_opens(kind):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    options = {"save_all": True, "append_images": [ImageOps.invert(photo())]} if kind == "MPO" else {}
    assert_close(open_image(encode(photo(), kind, **options)), photo(), atol=0 if kind in ("PNG", "BMP") else 40)


# Orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(kind, orientation):
    """Each tag is undone by the transposition that a slow look-up in the EXIF standard gives."""
    upright = np.asarray(photo())
    stored = {  # how the standard says that the rows and columns of an upright scene are stored
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
    """One opaque red pixel, one transparent, one half transparent, and what they look like on white."""
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


# Refused


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no image file '.*nothing.jpg'; check the path"):
        open_image(tmp_path / "nothing.jpg")
    with pytest.raises(FileNotFoundError):
        open_image("nul\0byte.jpg")
    with pytest.raises(IsADirectoryError, match="is a folder; give an image file in it"):
        open_image(tmp_path)


def test_what_is_no_source_at_all():
    with pytest.raises(TypeError, match="cannot open int as an image; give a path, bytes"):
        open_image(3)
    with pytest.raises(TypeError, match="gave str instead of bytes; open the file in mode 'rb'"):
        open_image(io.StringIO("text"))


OTHER_FORMATS = {
    "text": b"certainly not a photograph\n" * 20,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "pdf": encode(photo(), "PDF"),
    "eps": encode(photo(), "EPS"),
    "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(200),
    "ppm": encode(photo(), "PPM"),
    "ico": encode(photo(), "ICO"),
}


@pytest.mark.parametrize("kind", OTHER_FORMATS)
def test_other_formats_are_refused_whatever_their_suffix(kind, tmp_path, monkeypatch):
    def run(*arguments, **options):
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen", run)
    path = tmp_path / "photo.jpg"
    path.write_bytes(OTHER_FORMATS[kind])
    with pytest.raises(ImageError, match=r"photo.jpg' is not an image, or a damaged one; give .*JPEG, PNG.*AVIF$"):
        open_image(path)


def test_empty_and_oversized_files(monkeypatch, tmp_path):
    with pytest.raises(ImageError, match=r"'a.jpg' is empty \(0 bytes\); give an intact image$"):
        open_image(b"", "a.jpg")
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 2**20)
    path = tmp_path / "large.png"
    path.write_bytes(bytes(2**20 + 1))
    for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        with pytest.raises(ImageError, match=r"is larger than 1 MiB; give a smaller file$"):
            open_image(source)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_truncated_files(kind):
    data = encode(photo(480, 320), kind)
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(ImageError, match=r"^'cut' (cannot be decoded|is not an image).*; give an intact "):
            open_image(data[: int(share * len(data))], "cut")


HUGE = {
    "png": png(struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0), (b"IDAT", zlib.compress(bytes(100)))),
    "between the limits": png(struct.pack(">IIBBBBB", 12000, 10000, 8, 2, 0, 0, 0), (b"IDAT", b"x")),
    "jpeg": encode(photo(), "JPEG").replace(struct.pack(">HH", 32, 48), struct.pack(">HH", 20000, 20000), 1),
    "bmp": encode(photo(), "BMP").replace(struct.pack("<II", 48, 32), struct.pack("<II", 20000, 20000), 1),
    "gif screen": encode(photo(), "GIF").replace(struct.pack("<HH", 48, 32), struct.pack("<HH", 20000, 20000), 1),
    "gif frame": encode(photo(), "GIF")[::-1].replace(
        struct.pack("<HH", 48, 32)[::-1], struct.pack("<HH", 20000, 20000)[::-1], 1
    )[::-1],
    "webp": encode(photo().convert("RGBA"), "WEBP", exif=b"Exif\0\0x").replace(
        b"\x2f\0\0\x1f\0\0", b"\x1f\x4e\0\x1f\x4e\0", 1
    ),
    "tiff": tiff(bytes(9), {256: 20000, 257: 20000, 258: 8, 259: 1, 278: 20000, 279: 9}),
    "tiff tile": tiff(zlib.compress(bytes(99)), {256: 9, 257: 9, 258: 8, 259: 8, 322: 20000, 323: 20000, 325: 9}),
}


@pytest.mark.parametrize("kind", HUGE)
def test_huge_images_are_refused_from_their_header(kind):
    with pytest.raises(ImageError):
        open_image(b"first use imports the plugins of Pillow")
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match=r"^'bomb' has more than 100 megapixels; give a smaller image$"):
            open_image(HUGE[kind], "bomb")
    assert time.perf_counter() - start < 0.1


def test_images_without_pixels():
    with pytest.raises(ImageError, match=r"it has 0 x 5 pixels"):
        open_image(Image.new("RGB", (0, 5)))
    with pytest.raises(ImageError):
        open_image(png(struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0), (b"IDAT", b"")))


@pytest.mark.parametrize(
    "error", [SyntaxError, ValueError, EOFError, MemoryError, IndexError, KeyError, TypeError, OverflowError]
)
def test_any_error_of_pillow_becomes_one_sentence(error, monkeypatch):
    def fail(*arguments, **options):
        raise error("odd")

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ImageError, match=r"'x.png' cannot be decoded .*odd.*; give an intact image") as caught:
        open_image(b"x", "x.png")
    assert isinstance(caught.value.__cause__, error)


def fuzzed(seed: int) -> bytes:
    """One damaged file: some bytes changed, and a quarter of the files cut."""
    random = np.random.default_rng(seed)
    kind = ("JPEG", "PNG", "WEBP", "GIF", "TIFF")[seed % 5]
    options = {"compression": "tiff_lzw"} if seed % 10 == 4 else {}
    exif = {} if kind == "GIF" else {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"}
    data = np.frombuffer(encode(photo(), kind, **options, **exif), np.uint8).copy()
    places = random.integers(0, min(len(data), 400) if seed % 3 else len(data), random.integers(1, 12))
    data[places] = random.integers(0, 256, len(places))
    return data.tobytes()[: random.integers(1, len(data)) if seed % 4 == 0 else None]


def outcome(seed: int) -> str:
    try:
        return open_image(fuzzed(seed), "damaged.bin").mode
    except ImageError as error:
        return str(error)


def test_damaged_files_open_or_are_refused_and_nothing_else():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcomes = [outcome(seed) for seed in range(300)]
    refused = [sentence for sentence in outcomes if sentence != "RGB"]
    assert 30 < len(refused) < 270
    assert all(sentence.startswith("'damaged.bin' ") for sentence in refused)


def test_threads_do_not_disturb_each_other():
    limit, filters = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    data = [encode(photo(40 + i, 30), "PNG") for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for i, image in enumerate(pool.map(open_image, data * 10)):
            assert_close(image, photo(40 + i % 8, 30))
    assert limit == Image.MAX_IMAGE_PIXELS
    warnings.filters[:] = filters


# Views


def test_view_box():
    assert view_box(30, 20, "square") == (0, 0, 30, 20)
    assert view_box(30, 20, "centre") == (5, 0, 25, 20)
    assert view_box(20, 31, "centre") == (0, 5, 20, 25)
    assert view_box(1, 20000, "centre") == (0, 9999, 1, 10000)
    with pytest.raises(ValueError, match="unknown view 'center'; choose from square, centre"):
        view_box(3, 3, "center")


def test_a_view_is_one_resampling_of_its_box():
    image = photo(63, 40)
    squashed = image.resize((24, 24), Image.Resampling.BICUBIC)
    assert_close(view_image(image, "square", 24), squashed)
    cropped = image.crop(view_box(*image.size, "centre"))
    assert_close(view_image(image, "centre", 24), cropped.resize((24, 24), Image.Resampling.BICUBIC))
    assert_close(view_image(image, "centre", 40), cropped)


def test_a_view_is_antialiased():
    """Stripes of one pixel, too fine for the view, become grey and not stripes of another width."""
    stripes = np.zeros((64, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    view = np.asarray(view_image(Image.fromarray(stripes), "square", 64))[:, 4:-4]
    assert np.abs(view.astype(int) - 127).max() <= 3


@pytest.mark.parametrize("view", images.VIEWS)
@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1)])
def test_tiny_and_thin_images(view, size):
    image = open_image(encode(Image.new("RGB", size, (9, 8, 7)), "PNG"))
    assert_close(view_image(image, view, 32), np.broadcast_to((9, 8, 7), (32, 32, 3)))


def test_a_view_of_a_raw_pillow_image_opens_it_first():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(encode(photo(), "PNG", exif=exif)))
    for view in images.VIEWS:
        assert_close(view_image(image, view, 20), view_image(open_image(image), view, 20))
    view_image(photo().convert("L"), "square", 8)


def test_a_view_needs_a_size():
    with pytest.raises(ValueError, match="a view of 0 pixels is empty; give a size of at least 1"):
        view_image(photo(), "square", 0)


@pytest.mark.parametrize("normalisation", [IMAGENET, LITE, HALF])
def test_the_tensor_is_that_of_torchvision(normalisation):
    steps = [
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(list(normalisation.mean), list(normalisation.std)),
    ]
    for view in images.VIEWS:
        tensor = image_tensor(photo(63, 40), view, 24, normalisation)
        torch.testing.assert_close(tensor, v2.Compose(steps)(view_image(photo(63, 40), view, 24)))
        assert tensor.dtype == torch.float32
        assert tensor.is_contiguous()


def test_white_and_grey_as_the_networks_take_them():
    white, grey = Image.new("RGB", (5, 5), "white"), Image.new("RGB", (5, 5), (127, 127, 127))
    seen = image_tensor(white, "square", 2, IMAGENET)[:, 0, 0]
    torch.testing.assert_close(seen, torch.tensor([2.248908, 2.428571, 2.640000]))
    torch.testing.assert_close(image_tensor(white, "square", 2, LITE), torch.ones(3, 2, 2))
    assert not image_tensor(grey, "square", 2, LITE).any()


def test_what_a_network_takes_in_can_be_shown_again():
    picture = photo(24, 24)
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
    for normalisation in (IMAGENET, LITE):
        taken = image_tensor(picture, "square", 24, normalisation)
        torch.testing.assert_close(denormalised(taken, normalisation), pixels, atol=1e-6, rtol=0)
    assert denormalised(torch.full((3, 2, 2), 9.0), LITE).max() == 1


# Folders


def test_list_images(tmp_path):
    for name in ("b.JPG", "a.png", "sub/c.webp", ".hidden.png", ".cache/d.png", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list_images(tmp_path) == [tmp_path / name for name in ("a.png", "b.JPG", "sub/c.webp")]
    with pytest.raises(NotADirectoryError, match=r"a.png' is not a folder; give a folder with images"):
        list_images(tmp_path / "a.png")


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
