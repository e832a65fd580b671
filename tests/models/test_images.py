"""Opening real files, which are made here with Pillow and numpy."""

import io
import struct
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps, features

from models import images
from models.images import ImageError, list_images, open_image
from tests.models.encoded import assert_close, encode, photo, png, tiff

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
    """A damaged file with some bytes changed; a quarter of these files are also cut off."""
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
