"""Figures: maps are drawn where the network looked, in both back ends; the same input gives the same bytes."""

import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from skimage import data

from cam import compare
from cam.comparison import Comparison, VariantFacts
from cam.figures.colours import colour_table, coloured, scaled
from cam.figures.figure import (
    COLOUR_MAP,
    OPACITY,
    display_scale,
    draw_matplotlib,
    draw_pillow,
    figure_layout,
    overlay,
    save_figure,
)
from cam.figures.layout import BODY, MARGIN, NARROW, PAGE, Words, fitted, printable, shortened, text_width
from cam.question import Question
from models import load_study
from models.costs import network_cost
from models.home import SAMPLES
from models.scaling import SCALINGS, Scaling

ROOT = Path(__file__).parents[3]
SCALING_OF = {
    "baseline": "b0",
    "depth": "depth",
    "width": "width",
    "resolution": "resolution",
    "compound": "compound",
}
CATEGORIES = ["tabby", "tiger cat", "American Staffordshire terrier", "espresso"]
NOTE = "grown, not trained: computes the baseline's function"
DPI = 200


def facts(key: str, offset: float = 0.0) -> VariantFacts:
    scaling = SCALINGS[SCALING_OF[key]]
    cost = network_cost(scaling)
    centres = tuple(32.0 * i + offset for i in range(cost.grid))
    note = NOTE if key == "depth" else ""
    return VariantFacts(key, "made for a test", note, scaling, "b", cost.params, cost.macs, "0" * 64, centres)


def comparison_of(images: np.ndarray, maps: dict[str, np.ndarray], offset: float = 0.0, **fields) -> Comparison:
    """Every variant takes every image for a tabby (logit 2 against three 0), and explains that."""
    count = len(images)
    logits = {key: np.tile(np.float32([2, 0, 0, 0]), (count, 1)) for key in maps}
    class_idx = {key: np.zeros(count, np.int64) for key in maps}
    names = [f"image {i}.png" for i in range(count)]
    variants = {key: facts(key, offset) for key in maps}
    whole = Comparison(variants, names, images, CATEGORIES, Question(), maps, logits, class_idx)
    return replace(whole, **fields)


def grey(count: int = 1, size: int = 224) -> np.ndarray:
    return np.full((count, size, size, 3), 128, np.uint8)


def hot(key: str, row: int, column: int, value: float = 10.0, count: int = 1) -> np.ndarray:
    cells = network_cost(SCALINGS[SCALING_OF[key]]).grid
    maps = np.full((count, cells, cells), -1, np.float32)
    maps[:, row, column] = value
    return maps


@pytest.fixture(scope="module")
def photographs() -> Comparison:
    """Two real photographs, smooth signed maps on the grids of all five variants."""
    pictures = [Image.fromarray(picture).resize((224, 224)) for picture in (data.chelsea(), data.coffee())]
    maps = {}
    for shift, key in enumerate(SCALING_OF):
        y = np.linspace(-1, 1, network_cost(SCALINGS[SCALING_OF[key]]).grid)
        bump = 20 * np.exp(-4 * ((y[:, None] - 0.1 * shift) ** 2 + (y[None] + 0.2) ** 2)) - 4
        maps[key] = np.stack([bump, 2 * bump.T]).astype(np.float32)
    return comparison_of(np.stack([np.asarray(picture) for picture in pictures]), maps)


def pixels_pillow(layout) -> np.ndarray:
    return np.asarray(draw_pillow(layout, DPI)).astype(int)


def pixels_matplotlib(layout) -> np.ndarray:
    canvas = FigureCanvasAgg(draw_matplotlib(layout, DPI))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def panel(page: np.ndarray, layout, index: int) -> np.ndarray:
    left, top, width, height = (round(length * DPI / 72) for length in layout.pictures[index].box)
    return page[top : top + height, left : left + width]


def words_of(layout) -> list[str]:
    return [text.words for text in layout.texts]


# -------------------------------------------------------------------------------------------------------------- colours


def test_overlay_at_0_is_the_picture_and_at_1_the_stated_share_of_colour():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(overlay(image, np.zeros((5, 7), np.float32), "inferno", 0.7), image)
    full = overlay(image, np.ones((5, 7), np.float32), "inferno", 0.7)
    expected = 0.3 * image + 0.7 * colour_table("inferno")[-1].astype(float)
    assert np.abs(full - expected).max() <= 1.0
    assert np.array_equal(overlay(image, np.full((5, 7), 0.6), "inferno", 0.0), image)


def test_overlay_is_the_slow_obvious_loop():
    rng = np.random.default_rng(1)
    image, values = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8), rng.random((4, 6), dtype=np.float32)
    drawn = overlay(image, values, "viridis", 0.8)
    for row, column in np.ndindex(4, 6):
        level = round(float(values[row, column]) * 255)
        share = 0.8 * (level / 255) * (2 - level / 255)
        colour = colour_table("viridis")[level].astype(float)
        assert np.abs(drawn[row, column] - ((1 - share) * image[row, column] + share * colour)).max() <= 1.0


def test_display_scales():
    small, large = np.float32([[-3, 1]]), np.float32([[0, 2], [4, 8]])
    assert display_scale(small, "map") == (0, 1)
    assert display_scale([small, large], "row") == (0, 8)
    assert display_scale([small, large], "symmetric") == (-8, 8)
    assert display_scale(small, "symmetric") == (-3, 3)
    assert display_scale(small, "min-max") == (-3, 1)
    assert display_scale(-large - 1, "map") == (0, 0)
    with pytest.raises(ValueError, match="unknown display scale 'log'"):
        display_scale(small, "log")


def test_scaled_clips_and_survives_an_empty_scale():
    assert scaled(np.float32([-1, 0, 1, 2, 9]), 0, 2).tolist() == [0, 0, 0.5, 1, 1]
    assert scaled(np.float32([-1, -2]), 0, 0).tolist() == [0, 0]


# ------------------------------------------------------------------------------------------------------ where it stands


@pytest.mark.parametrize("pixels", [pixels_pillow, pixels_matplotlib])
@pytest.mark.parametrize("offset", [0.0, 31.0])
@pytest.mark.parametrize(("key", "row", "column"), [("baseline", 2, 5), ("resolution", 9, 3), ("compound", 4, 7)])
def test_hot_cell_lands_where_the_network_looked(pixels, offset, key, row, column):
    layout = figure_layout(comparison_of(grey(), {key: hot(key, row, column)}, offset))
    drawn = panel(pixels(layout), layout, 1)[2:-2, 2:-2]  # edges may be mixed with the page
    tint = np.abs(drawn - 128).sum(axis=2)
    found = np.argwhere(tint >= 0.97 * tint.max()).mean(axis=0)
    found += 2
    zoom = (len(drawn) + 4) / SCALINGS[SCALING_OF[key]].input_size
    assert (
        np.abs(found - [(32 * row + offset + 0.5) * zoom - 0.5, (32 * column + offset + 0.5) * zoom - 0.5]).max() <= 1.5
    )


@pytest.mark.parametrize("pixels", [pixels_pillow, pixels_matplotlib])
def test_paper_style_spreads_cells_evenly_and_keeps_negative_values(pixels):
    maps = hot("baseline", 2, 5)
    maps[0, 6, 0] = -5
    layout = figure_layout(comparison_of(grey(), {"baseline": maps}), style="paper")
    drawn = panel(pixels(layout), layout, 1)
    side = len(drawn)

    def at(row: int, column: int) -> np.ndarray:
        return drawn[int((row + 0.5) / 7 * side), int((column + 0.5) / 7 * side)]

    jet = coloured(np.float32([[1, 0, 4 / 15]]), "jet")[0].astype(int)
    assert np.abs(at(2, 5) - jet[0]).max() <= 60  # the very top of the peak falls between pixels
    assert np.abs(at(6, 0) - jet[1]).max() <= 60
    assert np.abs(at(4, 3) - jet[2]).max() <= 8


def test_picture_is_untouched_where_evidence_is_not_positive():
    images = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    layout = figure_layout(comparison_of(images, {"baseline": hot("baseline", 2, 5)}))
    touched = np.argwhere((layout.pictures[1].pixels != images[0]).any(axis=2))
    assert touched.min(axis=0).tolist() > [32, 128]
    assert touched.max(axis=0).tolist() < [97, 193]
    assert np.array_equal(layout.pictures[0].pixels, images[0])


def test_both_back_ends_draw_the_same_page(photographs):
    layout = figure_layout(photographs, scale="row")
    pillow, agg = pixels_pillow(layout), pixels_matplotlib(layout)
    assert np.abs(np.subtract(pillow.shape, agg.shape)).max() <= 1
    for index in range(len(layout.pictures)):
        one, other = panel(pillow, layout, index)[2:-2, 2:-2], panel(agg, layout, index)[2:-2, 2:-2]
        assert np.abs(one - other).mean() < 8
    ink = [np.argwhere((page < 200).any(axis=2)) for page in (pillow, agg)]
    assert np.abs(ink[0].min(axis=0) - ink[1].min(axis=0)).max() <= 3
    assert np.abs(ink[0].max(axis=0) - ink[1].max(axis=0)).max() <= 3
    header = round(layout.pictures[0].box.top * DPI / 72) - 3
    rows = [(page < 200).any(axis=2)[:header].sum(axis=1) for page in (pillow, agg)]
    one, other = (np.convolve(ink, np.ones(3)) for ink in rows)  # each back end rounds baselines to a pixel
    assert np.corrcoef(one, other)[0, 1] > 0.97


@pytest.mark.parametrize("scale", ["map", "row"])
@pytest.mark.parametrize("width", [PAGE, NARROW])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_everything_stays_on_the_page_and_is_legible(photographs, scale, width, count):
    layout = figure_layout(photographs, scale, variants=list(SCALING_OF)[:count], width=width)
    assert layout.width <= width + 1e-6
    for left, top, across, down in (picture.box for picture in layout.pictures):
        assert left >= MARGIN
        assert left + across <= layout.width - MARGIN + 1e-6
        assert top >= MARGIN
        assert top + down <= layout.height
    for text in layout.texts:
        assert text.size >= BODY
        assert text.baseline < layout.height
        assert text.x + text_width(text.words, text.size, text.bold) <= layout.width
    assert len({picture.box.width for picture in layout.pictures}) <= 2  # panels of one size, and bars


def test_a_narrow_page_splits_the_columns_into_bands(photographs):
    layout = figure_layout(photographs, width=NARROW)
    lefts = sorted({round(picture.box.left, 3) for picture in layout.pictures})
    tops = sorted({round(picture.box.top, 3) for picture in layout.pictures})
    assert (len(lefts), len(tops), len(layout.pictures)) == (3, 4, 12)
    with pytest.raises(ValueError, match="a page 40 points wide leaves no room"):
        figure_layout(photographs, width=40)


# --------------------------------------------------------------------------------------------------------- what it says


def test_row_scale_shares_the_colours():
    maps = {"baseline": hot("baseline", 2, 5, 10), "depth": hot("depth", 2, 5, 5)}
    comparison = comparison_of(grey(), maps)
    own, shared = figure_layout(comparison), figure_layout(comparison, scale="row")
    peak = int((64 + 0.5) / 224 * 224), int((160 + 0.5) / 224 * 224)
    expected = overlay(grey()[0], np.full((224, 224), 0.5, np.float32), COLOUR_MAP, OPACITY)[0, 0].astype(int)
    assert np.abs(shared.pictures[2].pixels[peak].astype(int) - expected).max() <= 2
    assert np.array_equal(own.pictures[1].pixels[peak], own.pictures[2].pixels[peak])
    assert np.array_equal(own.pictures[1].pixels, shared.pictures[1].pixels)
    assert {"10", "logit", "0"} <= set(words_of(shared))
    assert "logit" not in words_of(own)


def test_header_states_scaling_size_and_caveat(photographs):
    words = words_of(figure_layout(photographs, variants=["depth", "resolution"]))
    assert words[:3] == ["Original", "depth", "resolution"]
    assert {"d 4  w 1  224 px", "d 1  w 1  448 px", "20.1 M params · 1.58 GMACs"} <= set(words)
    assert NOTE in " ".join(words)
    unrecorded = replace(photographs.variants["depth"], scaling=Scaling(1.0, 4.0, "unrecorded"))
    layout = figure_layout(
        replace(photographs, variants={**photographs.variants, "depth": unrecorded}), variants=["depth"]
    )
    assert "d 4  w 1  resolution unrecorded" in words_of(layout)


def test_caption_gives_the_class_seen_and_the_class_explained(photographs):
    """softmax of (2, 0, 0, 0) is 71 % for the first: e^2 / (e^2 + 3)."""
    assert words_of(figure_layout(photographs)).count("tabby 71 %") == 10
    other = {key: idx + 1 for key, idx in photographs.class_idx.items()}
    words = words_of(figure_layout(replace(photographs, class_idx=other, question=Question(target="tiger cat"))))
    assert words.count("map of: tiger cat") == 10
    assert any("class: tiger cat" in line for line in words)
    minus = words_of(
        figure_layout(
            replace(photographs, against_idx=other, question=Question(target="tabby - tiger cat")), variants=["depth"]
        )
    )
    assert any("map of: tabby · minus: tiger cat" in line for line in minus)


def test_certainty_is_never_rounded_up_to_all(photographs):
    logits = {key: 30 * values for key, values in photographs.logits.items()}
    assert words_of(figure_layout(replace(photographs, logits=logits))).count("tabby >99 %") == 10


def test_maps_without_positive_evidence_draw_nothing_and_say_so():
    comparison = comparison_of(
        grey(), {"baseline": -np.ones((1, 7, 7), np.float32), "depth": np.zeros((1, 7, 7), np.float32)}
    )
    for scale in ("map", "row"):
        layout = figure_layout(comparison, scale)
        assert all((picture.pixels == 128).all() for picture in layout.pictures[1:3])
        assert words_of(layout).count("no positive evidence") == 2


def test_footer_tells_how_to_read_it_and_where_weights_come_from(photographs):
    *_, how, weights = words_of(figure_layout(photographs))
    assert how.startswith("CAM · same class in a row · whole image squashed · each map on its own scale")
    assert how.endswith("negative evidence not drawn")
    assert weights == "Weights: made for a test"
    other = replace(photographs.variants["width"], provenance="found")
    layout = figure_layout(
        replace(photographs, variants={**photographs.variants, "width": other}), variants=["depth", "width"]
    )
    assert words_of(layout)[-1] == "Weights: depth: made for a test; width: found"


def test_paper_style_says_what_figure_7_says(photographs):
    assert words_of(figure_layout(photographs, style="paper")) == [
        "original image", "baseline model", "deeper (d=4)", "wider (w=2)", "higher resolution (r=2)",
        "compound scaling", "tabby", "tabby",
    ]  # fmt: skip


def test_long_names_are_shortened_to_the_width_of_their_panel(photographs):
    assert shortened("tabby", 100, BODY) == "tabby"
    short = shortened(CATEGORIES[2], 78, BODY, tail=" 43 %")
    assert short.startswith("American Sta")
    assert short.endswith("… 43 %")
    assert text_width(short, BODY) <= 78
    assert text_width(short, BODY) > 78 - 2 * text_width("m", BODY)  # and no shorter than need be
    long = replace(
        photographs,
        categories=["W" * 400, *CATEGORIES[1:]],
        names=["漢" * 300 + ".png", "$\\frac{1}{2$\n\x00.png"],
    )
    layout = figure_layout(long)
    side = layout.pictures[0].box.width
    captions = [text for text in layout.texts if "%" in text.words]
    assert len(captions) == 10
    assert all(text_width(text.words, text.size) <= side for text in captions)
    assert all(text.words.endswith("… 71 %") for text in captions)
    pixels_matplotlib(layout)  # neither mathematics nor missing glyphs: warnings would be errors


def test_text_breaks_between_pieces_only():
    lines = fitted(Words(["20.1 M params", "1.58 GMACs"], joiner=" · "), 60)
    assert lines == ["20.1 M params", "1.58 GMACs"]
    assert fitted(Words(["20.1 M params", "1.58 GMACs"], joiner=" · "), 200) == ["20.1 M params · 1.58 GMACs"]
    assert fitted(Words(), 60) == []


def test_printable_replaces_what_the_font_lacks():
    assert printable("Zürich кошка γάτα ½") == "Zürich кошка γάτα ½"
    assert printable("a\nb\x00漢\udc80") == "a□b□□□"


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
    layout = figure_layout(photographs, style="paper")
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
        figure_layout(replace(photographs, question=Question("gradcam++")), scale="row")
    with pytest.raises(ValueError, match="the paper style gives every map its own scale"):
        figure_layout(photographs, scale="row", style="paper")
    with pytest.raises(ValueError, match="unknown scale 'log'; choose from map, row"):
        figure_layout(photographs, scale="log")
    with pytest.raises(ValueError, match="unknown style 'jet'; choose from overlay, paper"):
        figure_layout(photographs, style="jet")
    with pytest.raises(ValueError, match="unknown variant 'b9'; choose from baseline"):
        figure_layout(photographs, variants=["b9"])
    with pytest.raises(ValueError, match="got 0 variants and 2 images"):
        figure_layout(photographs, variants=[])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
def test_two_rows_of_photographs_are_small_vector_files(tmp_path, suffix):
    """Five networks on two photographs: below 1 MB, photographs as JPEG, in less than three seconds of one core."""
    study = load_study("photographs")
    samples = [SAMPLES / f"{name}.jpg" for name in ("meerkats", "cat")]
    comparison = compare({key: study.load(key, "cpu") for key in study.variants}, samples)
    began = time.process_time()
    save_figure(comparison, tmp_path / f"figure{suffix}")
    assert time.process_time() - began < 3
    content = (tmp_path / f"figure{suffix}").read_bytes()
    assert len(content) < 1e6
    assert content.count(b"DCTDecode" if suffix == ".pdf" else b"data:image/jpeg") == 12
