"""Files of figures: the same input gives the same bytes in any process with any number of threads."""

import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from PIL import Image

from cam import compare
from cam.figures.display import Display
from cam.figures.drawing import draw_pillow
from cam.figures.figure import figure_layout, save_figure
from cam.figures.photographic import jpeg
from cam.question import Question
from models import load_study
from models.home import SAMPLES
from tests.cam.figures.drawing import ROOT, words_of

# ------------------------------------------------------------------------------------------------------------ the files


SAVE_ALL = """
import pickle, sys
from cam.figures.figure import save_figure
comparison = pickle.load(open(sys.argv[1], "rb"))
for suffix in ("png", "webp", "pdf", "svg"):
    save_figure(comparison, f"{sys.argv[2]}/figure.{suffix}", dpi=100)
print("matplotlib.pyplot" in sys.modules)
"""


def test_same_input_gives_the_same_bytes_in_another_process(photographs, tmp_path):
    (tmp_path / "comparison.pickle").write_bytes(pickle.dumps(photographs))
    (tmp_path / "other").mkdir()
    command = [sys.executable, "-c", SAVE_ALL, str(tmp_path / "comparison.pickle"), str(tmp_path / "other")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.strip() == "False"  # pyplot was never imported
    for suffix in ("png", "webp", "pdf", "svg"):
        save_figure(photographs, tmp_path / f"figure.{suffix}", dpi=100)
        assert (tmp_path / f"figure.{suffix}").read_bytes() == (tmp_path / "other" / f"figure.{suffix}").read_bytes(), (
            suffix
        )


def test_files_hold_what_they_should(photographs, tmp_path):
    for suffix in ("png", "webp", "pdf", "svg"):
        save_figure(photographs, tmp_path / f"figure.{suffix}", variants=["baseline"])
    pdf, svg = (tmp_path / "figure.pdf").read_bytes(), (tmp_path / "figure.svg").read_text()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    assert pdf.count(b"/Subtype /Image") == 4
    assert b"/Width 224" in pdf
    assert "<text" not in svg
    assert "dc:date" not in svg
    assert "pixelated" not in svg
    assert svg.count("<image") == 4
    with Image.open(tmp_path / "figure.png") as png, Image.open(tmp_path / "figure.webp") as webp:
        assert png.size == webp.size
        assert png.info["dpi"] == pytest.approx((200, 200), abs=0.1)


def test_threads_share_no_settings(photographs, tmp_path):
    before = dict(matplotlib.rcParams)
    paths = [tmp_path / f"{i}.svg" for i in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda path: save_figure(photographs, path, variants=["baseline"]), paths))
    assert len({path.read_bytes() for path in paths}) == 1
    assert dict(matplotlib.rcParams) == before


def test_a_figure_too_tall_for_its_dpi_is_drawn_at_a_lower_one(photographs):
    layout = figure_layout(photographs, variants=["baseline"])
    page = draw_pillow(layout, dpi=400, tallest=500)
    assert max(page.size) == 500
    assert page.info["dpi"][0] == pytest.approx(72 * 500 / max(layout.width, layout.height))
    with pytest.raises(ValueError, match="dpi is 0"):
        draw_pillow(layout, dpi=0)


def test_comparison_figure_is_this_layout(photographs):
    figure = photographs.figure(style="paper")
    layout = figure_layout(photographs, Display(style="paper"))
    assert figure.get_size_inches() * 72 == pytest.approx((layout.width, layout.height))
    assert [text.get_text() for text in figure.axes[0].texts] == words_of(layout)


def test_errors_say_what_came_and_what_was_expected(photographs, tmp_path):
    bad = {**photographs.maps, "width": photographs.maps["width"].copy()}
    bad["width"][1, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"variant 'width' has a map .* not finite for image 'image 1.png'"):
        save_figure(replace(photographs, maps=bad), tmp_path / "figure.png")
    with pytest.raises(ValueError, match=r"unknown suffix '.jpg'; choose from .png, .webp, .pdf, .svg"):
        save_figure(photographs, tmp_path / "figure.jpg")
    with pytest.raises(ValueError, match="'gradcam\\+\\+' have no unit that variants could share"):
        figure_layout(replace(photographs, question=Question("gradcam++")), Display("row"))
    with pytest.raises(ValueError, match="the paper style gives every map its own scale"):
        Display("row", "paper")
    with pytest.raises(ValueError, match="unknown scale 'log'; choose from map, row"):
        Display("log")
    with pytest.raises(ValueError, match="unknown style 'jet'; choose from overlay, paper"):
        Display(style="jet")
    with pytest.raises(ValueError, match="unknown variant 'b9'; choose from baseline"):
        figure_layout(photographs, variants=["b9"])
    with pytest.raises(ValueError, match="got 0 variants and 2 images"):
        figure_layout(photographs, variants=[])
    assert list(tmp_path.iterdir()) == []


def test_noise_that_hardly_compresses_is_a_jpeg_all_the_same():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (448, 448, 3), dtype=np.uint8))
    assert jpeg(noise)[:2] == b"\xff\xd8"


@pytest.fixture(scope="module")
def two_rows():
    """The shipped five on two sample photographs."""
    study = load_study("photographs")
    samples = [SAMPLES / f"{name}.jpg" for name in ("meerkats", "cat")]
    return compare({key: study.load(key, "cpu") for key in study.variants}, samples)


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
def test_two_rows_of_photographs_are_small_vector_files(two_rows, tmp_path, suffix):
    """Five networks on two photographs give a file below 1 MB with photographs as JPEG, in under three seconds of one core."""
    began = time.process_time()
    save_figure(two_rows, tmp_path / f"figure{suffix}")
    assert time.process_time() - began < 3
    content = (tmp_path / f"figure{suffix}").read_bytes()
    assert len(content) < 1e6
    assert content.count(b"DCTDecode" if suffix == ".pdf" else b"data:image/jpeg") == 12
