"""Outlines, boxes and masks that somebody made up are read or refused in one sentence: no fault, no minutes, no gigabytes."""

import io
import json
import math
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco
from scipy.io import savemat

from cam.measures import mask_sources
from cam.measures.coco import read_coco
from cam.measures.mask_sources import boxes_of_csv, outlines_of_caltech
from cam.measures.masks import read_masks
from cam.measures.outlines import inside_outline
from tests.attacks import attacked

WIDTH, HEIGHT = 50, 40
SQUARE = [10, 5, 30, 5, 30, 25, 10, 25]


@pytest.fixture
def photograph(tmp_path):
    """One photograph of 50 x 40 pixels, with its class, by name."""
    path = tmp_path / "photographs" / "image_0001.jpg"
    path.parent.mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(path)
    return {"ant/image_0001.jpg": (path, 0)}


def said(read):
    """What a reader refuses its file with; "" where it reads it."""
    try:
        read()
    except (ValueError, FileNotFoundError) as error:
        return str(error)
    return ""


def coco_file(path, segmentation, width=WIDTH, height=HEIGHT, **more):
    annotation = {"image_id": 7, "category_id": 3, "segmentation": segmentation, **more}
    image = {"id": 7, "file_name": "a.jpg", "width": width, "height": height}
    whole = {"images": [image], "annotations": [annotation], "categories": [{"id": 3, "name": "zebra"}]}
    path.write_text(json.dumps(whole))
    return path


def runs(counts, size=(HEIGHT, WIDTH)):
    return {"size": size, "counts": counts}


@pytest.mark.parametrize(
    "segmentation",
    [
        [[1e9, 0, 0, 1e9, 5, 5, 0, 0]],  # ended the process
        [[1e300] * 8],
        [[10**400] * 8],
        [[0, 0, 50, 40] * 10_000],
        [SQUARE] * 20_000,
        [[1, 2]],
        [[]],
        [5],
        "??",
        runs([-1, WIDTH * HEIGHT + 1]),
        runs([0, 5000]),
        runs([2**32 - 1, 2**31]),
        runs([1], (10**9, 10**9)),
        runs("abc", (10**5, 10**5)),
        runs("o" * 40),
        runs("P" * 40),
        runs("\x7f\0é"),
        runs(""),
        {"size": [HEIGHT, WIDTH]},
    ],
    ids=lambda one: ascii(one)[:40],
)
def test_outlines_that_ask_for_too_much_or_mean_nothing(tmp_path, segmentation):
    words = said(lambda: read_coco(coco_file(tmp_path / "c.json", segmentation), ["zebra"]))
    assert words.startswith("an outline of 'a.jpg' cannot be read")
    assert "\n" not in words


@pytest.mark.parametrize("size", [(-5, 40), (0, 0), (10**5, 10**5), (10**12, 10**12)])
def test_a_photograph_of_impossible_size(tmp_path, size):
    words = said(lambda: read_coco(coco_file(tmp_path / "c.json", [SQUARE], *size), ["zebra"]))
    assert words.endswith("in c.json; expected 1 to 100 million")


def test_a_panoptic_png_lies_in_its_folder_and_is_one(tmp_path):
    (tmp_path / "c").mkdir()
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "elsewhere.png")
    (tmp_path / "c" / "bad.png").write_bytes(b"no image")
    segments = [{"id": 0, "category_id": 3}]
    for name, words in (
        ("../elsewhere.png", "there is no"),
        ("", "there is no"),
        ("bad.png", "bad.png cannot be read"),
    ):
        path = coco_file(tmp_path / "c.json", None, segments_info=segments, file_name=name)
        assert said(lambda path=path: read_coco(path, ["zebra"])).startswith(words), name


@attacked()
@given(st.binary(min_size=WIDTH * HEIGHT // 8, max_size=WIDTH * HEIGHT // 8), st.integers(0, 3))
def test_run_lengths_are_read_as_pycocotools_reads_its_own(bits, smooth):
    region = np.unpackbits(np.frombuffer(bits, dtype=np.uint8)).reshape(HEIGHT, WIDTH)
    region = np.repeat(np.repeat(region, 4**smooth, axis=0), 3**smooth, axis=1)[:HEIGHT, :WIDTH]
    packed = coco.encode(np.asfortranarray(region))["counts"].decode()
    np.testing.assert_array_equal(inside_outline(runs(packed), WIDTH, HEIGHT), region == 1)


NUMBERS = st.integers() | st.floats() | st.integers(-60, 60)
SEGMENTS = (
    st.lists(st.lists(NUMBERS, max_size=12), max_size=4)
    | st.fixed_dictionaries(
        {"size": st.sampled_from([[HEIGHT, WIDTH], [1, 1], [-1, 5], "x"]) | st.lists(st.integers(), max_size=3)},
        optional={"counts": st.text(max_size=40) | st.lists(st.integers(-5, 2100), max_size=6) | NUMBERS},
    )
    | st.recursive(NUMBERS | st.text(max_size=9) | st.none(), lambda one: st.lists(one, max_size=3), max_leaves=5)
)


@attacked()
@given(SEGMENTS)
def test_any_outline_is_pixels_or_one_sentence(segmentation):
    words = "pixels"
    try:
        assert inside_outline(segmentation, WIDTH, HEIGHT).shape == (HEIGHT, WIDTH)
    except ValueError as error:
        words = str(error)
    assert words
    assert "\n" not in words


@pytest.mark.parametrize(
    "row", ["image_0001.jpg,10,5,30,25\n" * 255, f'"{"x" * 200_000}",1,2,3,4\n'], ids=["too many", "too long"]
)
def test_boxes_that_csv_or_numbers_cannot_hold(photograph, tmp_path, row):
    (tmp_path / "ant.csv").write_text(row)
    words = said(lambda: boxes_of_csv(tmp_path / "ant.csv", photograph, []))
    assert "has 255 boxes; expected 254 or fewer" in words or "ant.csv cannot be read" in words


@attacked()
@given(st.lists(st.lists(st.text(max_size=8) | NUMBERS.map(str), max_size=6), max_size=4), st.text(max_size=5))
def test_any_rows_are_boxes_or_one_sentence(photograph, tmp_path, rows, end):
    lines = [",".join(["image_0001.jpg", *row]) for row in rows]
    (tmp_path / "ant.csv").write_bytes("\n".join([*lines, end]).encode("utf-8", "surrogatepass"))
    assert "\n" not in said(lambda: boxes_of_csv(tmp_path / "ant.csv", photograph, []))


@pytest.fixture
def outline(tmp_path):
    """Where the outline of the photograph lies."""
    path = tmp_path / "Annotations" / "ant" / "annotation_0001.mat"
    path.parent.mkdir(parents=True)
    return path


def outlined(points, box=(5, 15, 12, 32)):
    file = io.BytesIO()
    savemat(file, {"obj_contour": np.array(points), "box_coord": np.array([box])})
    return file.getvalue()


def swollen():
    """A MATLAB file of some kilobytes whose outline has 64 million bytes."""
    size = 64 * 10**6
    matrix = (
        struct.pack("<8I", 6, 8, 6, 0, 5, 8, 1, size // 8) + struct.pack("<2I", 1, 11) + b"obj_contour".ljust(16, b"\0")
    )
    content = struct.pack("<2I", 14, len(matrix) + 8 + size) + matrix + struct.pack("<2I", 9, size) + bytes(size)
    packed = zlib.compress(content, 9)
    return (
        b"MATLAB 5.0 MAT-file".ljust(124)
        + struct.pack("<H", 256)
        + b"IM"
        + struct.pack("<2I", 15, len(packed))
        + packed
    )


@pytest.mark.parametrize(
    "content",
    [
        outlined([[1e300, 0.0, 5.0], [0.0, 1e300, 5.0]]),  # took a minute
        outlined([[2e9, 0.0, -2e9], [0.0, 2e9, -2e9]]),
        outlined(np.random.default_rng(0).random((2, 10_000)) * 40),
        outlined([[0, 20, 20, 0], [0, 0, 10, 10]], (np.nan,) * 4),
        outlined([[0, 20, 20, 0], [0, 0, 10, 10]], (np.inf,) * 4),
        outlined(np.array([[0, 20, 20, 0], [0, 0, 10, 10]]) * 1j),
        outlined("abc"),
        outlined(np.zeros((2, 20_000))),
        swollen(),
    ],
    ids=["huge", "far", "many corners", "no box", "endless box", "complex", "text", "large", "swollen"],
)
def test_matlab_files_that_ask_for_too_much_or_mean_nothing(photograph, outline, content):
    outline.write_bytes(content)
    words = said(lambda: outlines_of_caltech(outline.parents[1], photograph, []))
    assert words.startswith("the outline annotation_0001.mat of ant/image_0001.jpg cannot be read")


def test_an_outline_goes_through_the_one_door(photograph, outline, monkeypatch):
    monkeypatch.setattr(mask_sources, "MOST_OUTLINE", 10)
    outline.write_bytes(outlined([[0, 20, 20, 0], [0, 0, 10, 10]]))
    assert "is larger than" in said(lambda: outlines_of_caltech(outline.parents[1], photograph, []))


WHOLE = outlined([[0.0, 20.0, 20.0, 0.0], [0.0, 0.0, 10.0, 10.0]])


@attacked()
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(0, 99))
def test_damaged_matlab_files_are_outlines_or_one_sentence(photograph, outline, changes, cut):
    content = bytearray(WHOLE)
    for place, value in changes:
        content[place] = value
    outline.write_bytes(content[: len(content) * (100 - cut) // 100])
    assert "\n" not in said(lambda: outlines_of_caltech(outline.parents[1], photograph, []))


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a\\nb", "sub/../../a"])
def test_a_table_of_masks_names_none_outside_its_folder(tmp_path, name):
    (tmp_path / "masks.toml").write_text(f'["{name}".instances]\n1 = {{ mine = ["cat"] }}\n')
    words = said(lambda: read_masks(tmp_path, ["cat"]))
    assert "expected the name of a mask in its folder" in words
    assert "\n" not in words


VALUES = st.recursive(
    st.integers(-2, 300) | st.booleans() | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["mine", "instances", "1", "2"]), one),
    max_leaves=6,
)


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else json.dumps(value)


@attacked()
@given(
    st.dictionaries(st.text(max_size=4) | st.just("a"), VALUES, max_size=2), st.binary(max_size=9), st.integers(0, 99)
)
def test_any_table_and_any_png_are_masks_or_one_sentence(tmp_path, table, end, cut):
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(tmp_path / "a.png")
    png = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(png[: math.ceil(len(png) * (100 - cut) / 100)] + end)
    (tmp_path / "a.jpg").touch()
    lines = [f"[{toml(name)}]\ninstances = {toml(value)}" for name, value in table.items()]
    (tmp_path / "masks.toml").write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    assert "\n" not in said(lambda: read_masks(tmp_path, ["cat"]))
