"""Figures: maps are drawn where the network looked, in both back ends; the same input gives the same bytes."""

from dataclasses import replace

import numpy as np
import pytest

from cam.figures.colours import colour_table, coloured, display_scale, overlay, scaled
from cam.figures.display import Display
from cam.figures.figure import figure_layout
from cam.figures.layout import BODY, MARGIN, NARROW, PAGE, Words, fitted, printable, shortened, text_width
from cam.question import Question
from models.scaling import SCALINGS, Scaling
from tests.cam.figures.drawing import (
    CATEGORIES,
    DPI,
    NOTE,
    SCALING_OF,
    comparison_of,
    grey,
    hot,
    panel,
    pixels_matplotlib,
    pixels_pillow,
    words_of,
)

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
    drawn = panel(pixels(layout), layout, 1)[2:-2, 2:-2]  # pixels at the edges may be mixed with the page's colour
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
    layout = figure_layout(comparison_of(grey(), {"baseline": maps}), Display(style="paper"))
    drawn = panel(pixels(layout), layout, 1)
    side = len(drawn)

    def at(row: int, column: int) -> np.ndarray:
        return drawn[int((row + 0.5) / 7 * side), int((column + 0.5) / 7 * side)]

    jet = coloured(np.float32([[1, 0, 4 / 15]]), "jet")[0].astype(int)
    assert np.abs(at(2, 5) - jet[0]).max() <= 60  # the top of the peak may fall between pixels
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
    layout = figure_layout(photographs, Display("row"))
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
    layout = figure_layout(photographs, Display(scale), variants=list(SCALING_OF)[:count], width=width)
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
    own, shared = figure_layout(comparison), figure_layout(comparison, Display("row"))
    peak = int((64 + 0.5) / 224 * 224), int((160 + 0.5) / 224 * 224)
    expected = overlay(grey()[0], np.full((224, 224), 0.5, np.float32), "inferno", 0.7)[0, 0].astype(int)
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
        layout = figure_layout(comparison, Display(scale))
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
    assert words_of(figure_layout(photographs, Display(style="paper"))) == [
        "original image",
        "baseline model",
        "deeper (d=4)",
        "wider (w=2)",
        "higher resolution (r=2)",
        "compound scaling",
        "tabby",
        "tabby",
    ]


def test_long_names_are_shortened_to_the_width_of_their_panel(photographs):
    assert shortened("tabby", 100, BODY) == "tabby"
    short = shortened(CATEGORIES[2], 78, BODY, tail=" 43 %")
    assert short.startswith("American Sta")
    assert short.endswith("… 43 %")
    assert text_width(short, BODY) <= 78
    assert text_width(short, BODY) > 78 - 2 * text_width("m", BODY)  # and no shorter than necessary
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
    pixels_matplotlib(layout)  # neither mathematics nor missing glyphs: a warning would be an error


def test_text_breaks_between_pieces_only():
    lines = fitted(Words(["20.1 M params", "1.58 GMACs"], joiner=" · "), 60)
    assert lines == ["20.1 M params", "1.58 GMACs"]
    assert fitted(Words(["20.1 M params", "1.58 GMACs"], joiner=" · "), 200) == ["20.1 M params · 1.58 GMACs"]
    assert fitted(Words(), 60) == []


def test_printable_replaces_what_the_font_lacks():
    assert printable("Zürich кошка γάτα ½") == "Zürich кошка γάτα ½"
    assert printable("a\nb\x00漢\udc80") == "a□b□□□"
