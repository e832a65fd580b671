"""Display choices: each of them changes what is drawn as it says, in pixels and in vectors, and the defaults change nothing."""

from dataclasses import fields, replace

import numpy as np
import pytest

from cam.figures.colours import colour_table, coloured, scaled
from cam.figures.display import Display, Swipe
from cam.figures.drawing import drawn_alone
from cam.figures.figure import figure_layout, save_figure
from cam.figures.panels import Painter, isolines
from cam.maps.closed_forms import nearest_weights, resample
from cam.question import Question
from tests.cam.figures.drawing import (
    SCALING_OF,
    comparison_of,
    grey,
    hot,
    panel,
    pixels_matplotlib,
    pixels_pillow,
    words_of,
)

CHOICES = {
    "scale": "row",
    "style": "paper",
    "colours": "viridis",
    "opacity": 0.3,
    "signed": True,
    "difference": "baseline",
    "contour": 0.5,
    "cells": True,
    "placement": "half-pixel",
    "swipe": Swipe("depth", "compound", 0.4),
}


def drawn(comparison, **choices):
    """Every panel of a figure but the originals, with its lines, key -> (n, s, s, 3)."""
    painter = Painter(comparison, list(comparison.variants), Display(**choices))
    return {
        key: np.stack([painter.panel(key, i).pixels for i in range(len(comparison.names))]) for key in comparison.maps
    }


def of_two(value: float = 4.0):
    """A bump of 10 in one network and of ``value`` in the other, elsewhere."""
    return comparison_of(grey(), {"baseline": hot("baseline", 2, 5), "depth": hot("depth", 4, 1, value)})


# ------------------------------------------------------------------------------------------------------------- each choice


def test_every_choice_is_tried_here():
    assert {field.name for field in fields(Display)} == set(CHOICES)


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("pixels", [pixels_pillow, pixels_matplotlib])
def test_every_choice_reaches_the_page_of_both_back_ends(photographs, name, pixels):
    usual = pixels(figure_layout(photographs))
    other = pixels(figure_layout(photographs, Display(**{name: CHOICES[name]})))
    assert usual.shape != other.shape or np.abs(usual - other).max() > 60


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_every_choice_reaches_every_file(photographs, tmp_path, name, suffix):
    few = replace(photographs, names=photographs.names[:1], images=photographs.images[:1])
    paths = [tmp_path / f"{which}{suffix}" for which in ("usual", "other")]
    save_figure(few, paths[0], dpi=40)
    save_figure(few, paths[1], Display(**{name: CHOICES[name]}), dpi=40)
    assert paths[0].read_bytes() != paths[1].read_bytes()


def test_the_defaults_are_the_figure_as_it_always_was(photographs):
    """From 0 to the map's maximum, inferno, 0.7 of it where the map is strongest, cells where they look."""
    for key, found in drawn(photographs).items():
        for picture, raw, image in zip(found, photographs.maps[key], photographs.images, strict=True):
            value = np.clip(photographs.grid(key).drawn(raw[None], len(image))[0] / raw.max(), 0, 1)
            levels = (value * 255 + 0.5).astype(np.uint8)
            share = (0.7 * (levels / 255) * (2 - levels / 255))[..., None]
            expected = share * colour_table("inferno")[levels] + (1 - share) * image
            assert np.abs(picture - expected).max() <= 1.5


def test_colours_and_opacity_are_those_asked_for():
    place = 64, 160  # where the hottest cell looks
    table = colour_table("viridis")[255].astype(float)
    shown = drawn(of_two(), colours="viridis", opacity=0.4)["baseline"][0][place]
    assert np.abs(shown - (0.4 * table + 0.6 * 128)).max() <= 2
    assert (drawn(of_two(), opacity=0)["baseline"] == 128).all()


def test_signed_puts_nought_in_the_middle_and_draws_what_speaks_against():
    comparison = of_two()
    comparison.maps["baseline"][0, 6, 0] = -10
    shown = drawn(comparison, signed=True)["baseline"][0].astype(float)
    red, blue = (colour_table("RdBu_r")[level].astype(float) for level in (255, 0))
    assert np.abs(shown[64, 160] - (0.7 * red + 0.3 * 128)).max() <= 2
    assert np.abs(shown[192, 0] - (0.7 * blue + 0.3 * 128)).max() <= 2
    comparison.maps["depth"][:] = 0
    assert (drawn(comparison, signed=True)["depth"] == 128).all()


def test_diverging_colours_without_signed_keep_the_positive_scale():
    comparison = of_two()
    comparison.maps["baseline"][0, 6, 0] = -10
    shown = drawn(comparison, colours="diverging")["baseline"][0].astype(float)
    assert np.abs(shown[64, 160] - (0.7 * colour_table("RdBu_r")[255].astype(float) + 0.3 * 128)).max() <= 2
    assert np.abs(shown[192, 0] - (0.7 * colour_table("RdBu_r")[0].astype(float) + 0.3 * 128)).max() <= 2


def test_a_difference_is_of_the_same_places_and_of_the_baseline_there_is_none():
    comparison = comparison_of(grey(), {"baseline": hot("baseline", 2, 5), "resolution": hot("resolution", 9, 3)})
    painter = Painter(comparison, list(comparison.variants), Display(difference="baseline"))
    low, high = painter.limits("resolution", 0)
    assert -low == high == pytest.approx(11, rel=0.1)  # 10 above -1 here and -1 below 10 there, between pixels
    grids = [comparison.grid(key).drawn(comparison.maps[key], 224)[0] for key in ("resolution", "baseline")]
    levels = scaled(grids[0] - grids[1], low, high)
    share = (0.7 * (v := np.abs(2 * levels - 1)) * (2 - v))[..., None]
    expected = share * coloured(levels, "RdBu_r") + (1 - share) * 128
    assert np.abs(painter.panel("resolution", 0).pixels - expected).max() <= 2
    assert painter.limits("baseline", 0) == (0, 0)
    assert (painter.panel("baseline", 0).pixels == 128).all()
    words = words_of(figure_layout(comparison, painter.display))
    assert "no difference" in words
    assert "resolution − baseline" in words
    assert any("each map less that of baseline at the same place" in line for line in words)


def test_a_difference_needs_a_unit_and_a_variant(photographs):
    with pytest.raises(ValueError, match="no unit that variants could share; leave the difference out"):
        figure_layout(replace(photographs, question=Question("gradcam++")), Display(difference="depth"))
    with pytest.raises(ValueError, match="unknown variant 'b9'"):
        figure_layout(photographs, Display(difference="b9"))


def test_cells_are_squares_of_one_value_with_borders_midway():
    shown = drawn(of_two(), cells=True)["baseline"][0]
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 2
    inside = np.argwhere((shown != 128).any(axis=2))
    assert inside.min(axis=0).tolist() == [
        48,
        144,
    ]  # centres at 0, 32, 64, ...: midway from 32 to 64 and from 128 to 160
    assert inside.max(axis=0).tolist() == [79, 175]


def test_the_nearest_cell_is_the_slow_obvious_one():
    centres = (3.0, 40.0, 61.5, 100.0)
    for pixel, row in enumerate(nearest_weights(centres, 128, 128)):
        assert row.sum() == 1
        assert abs(centres[int(row.argmax())] - pixel) == min(abs(centre - pixel) for centre in centres)


def test_placement_moves_the_cells(photographs):
    comparison = comparison_of(grey(), {"baseline": hot("baseline", 2, 5)})
    comparison.variants["baseline"] = replace(comparison.variants["baseline"], offset=(9.0, -6.0))
    for placement, place in (("registered", (58, 169)), ("nominal", (64, 160)), ("half-pixel", (79, 175))):
        shown = np.abs(drawn(comparison, placement=placement)["baseline"][0].astype(int) - 128).sum(axis=2)
        found = np.argwhere(shown >= 0.98 * shown.max()).mean(axis=0)
        assert np.abs(found - place).max() <= 1.5, placement


def test_a_contour_is_where_the_map_crosses_the_threshold(photographs):
    painter = Painter(photographs, list(photographs.variants), Display(contour=0.5))
    for key in photographs.variants:
        for i in range(2):
            lines, raw = painter.panel(key, i).lines, photographs.maps[key][i]
            facts = photographs.variants[key]
            fine = resample(raw[None], facts.centres, facts.scaling.input_size, 1000)[0] / raw.max()
            columns, rows = (np.concatenate(lines) * 1000).astype(int).clip(0, 999).T
            assert np.abs(fine[rows, columns] - 0.5).max() < 0.03
    assert not Painter(photographs, ["depth"]).panel("depth", 0).lines


def test_a_contour_of_a_cone_is_a_circle():
    y, x = np.mgrid[:201, :201]
    (line,) = isolines((100 - np.hypot(x - 100, y - 100)).astype(np.float32), 40)
    assert np.hypot(*(line * 201 - 100.5).T) == pytest.approx(60, abs=0.1)


def test_lines_are_drawn_white_on_black_where_they_belong(photographs):
    layout = figure_layout(photographs, Display(contour=0.5, opacity=0), ["baseline"])
    plain = figure_layout(photographs, Display(opacity=0), ["baseline"])
    for pixels in (pixels_pillow, pixels_matplotlib):
        one, other = (panel(pixels(which), which, 1)[2:-2, 2:-2] for which in (layout, plain))
        places = np.concatenate(layout.pictures[1].lines) * (len(one) + 4) - 2.5
        columns, rows = places.round().astype(int).clip(0, len(one) - 1).T
        assert one[rows, columns].mean() > 225
        far = np.hypot(*(np.argwhere((np.abs(one - other) > 40).any(axis=2))[:, None, ::-1] - places[None, ::3]).T).min(
            axis=0
        )
        assert far.max() < 5
    alone = drawn_alone(layout.pictures[1])
    assert alone.shape == layout.pictures[1].pixels.shape
    assert (alone != layout.pictures[1].pixels).any()


def test_vectors_hold_lines_as_lines(photographs, tmp_path):
    save_figure(photographs, tmp_path / "figure.svg", Display(contour=0.5), variants=["baseline"])
    save_figure(photographs, tmp_path / "again.svg", Display(contour=0.5), variants=["baseline"])
    content = (tmp_path / "figure.svg").read_text()
    assert content.count("stroke: #ffffff") == 2
    assert content.count('id="LineCollection') == 4
    assert content == (tmp_path / "again.svg").read_text()


# ------------------------------------------------------------------------------------------------------------------- a pair


def test_a_swiped_pair_shows_one_on_either_side_of_a_divider(photographs):
    display = Display(contour=0.5, swipe=Swipe("depth", "compound", 0.4))
    layout = figure_layout(photographs, display)
    alone = {key: Painter(photographs, list(photographs.variants), display).panel(key, 0) for key in SCALING_OF}
    assert len(layout.pictures) == 4
    shown, middle = layout.pictures[1], round(0.4 * 224)
    assert np.array_equal(shown.pixels[:, :middle], alone["depth"].pixels[:, :middle])
    assert np.array_equal(shown.pixels[:, middle:], alone["compound"].pixels[:, middle:])
    *lines, divider = shown.lines
    assert divider.tolist() == [[0.4, 0], [0.4, 1]]
    for part, key in (
        ((line for line in lines if line[:, 0].max() <= 0.4), "depth"),
        ((line for line in lines if line[:, 0].min() >= 0.4), "compound"),
    ):
        places = {tuple(place) for line in alone[key].lines for place in line}
        assert {tuple(place) for line in part for place in line} <= places
    words = words_of(layout)
    assert "depth | compound" in words
    assert words.count("tabby 71 % | tabby 71 %") == 2
    assert "d 4  w 1  224 px | d 1.4  w 1.2  289 px" in words or any(
        line.startswith("d 4  w 1  224 px |") for line in words
    )


def test_one_side_may_be_the_photograph_in_either_style(photographs):
    for style in ("overlay", "paper"):
        layout = figure_layout(photographs, Display(style=style, swipe=Swipe("", "width", 0.25)))
        assert np.array_equal(layout.pictures[1].pixels[:, :56], photographs.images[0][:, :56])
        assert (layout.pictures[1].pixels[:, 56:] != photographs.images[0][:, 56:]).any()
    with pytest.raises(ValueError, match="unknown variant 'b9'"):
        figure_layout(photographs, Display(swipe=Swipe("", "b9")))


# ------------------------------------------------------------------------------------------------------ words and refusals


def test_the_footer_says_what_was_chosen(photographs):
    def how(**choices) -> str:
        words = words_of(figure_layout(photographs, Display(**choices), ["baseline", "compound"]))
        return " ".join(words).split(" Weights:")[0]

    assert how(colours="cividis").endswith("0 clear, its maximum yellow · negative evidence not drawn")
    assert how(colours="jet").endswith("0 clear, its maximum dark red · negative evidence not drawn")
    assert how(colours="diverging").endswith("0 clear, its maximum red, negative evidence blue")
    assert how(signed=True).endswith("0 clear, for the class red, against it blue")
    assert "one scale per row" in how(scale="row", signed=True)
    assert "line at 35 % of the maximum" in how(contour=0.35)
    assert "cells without smoothing" in how(cells=True)
    assert "cells spread evenly" in how(placement="half-pixel")
    assert "cells where strides and paddings put them" in how(placement="nominal")
    assert "maps not coloured" in how(opacity=0, contour=0.5)


def test_bars_say_both_ends(photographs):
    display = Display("row", signed=True)
    low, high = Painter(photographs, list(photographs.variants), display).limits("depth", 0)
    assert -low == high > 14
    assert {f"{high:.3g}", f"−{high:.3g}"} <= set(words_of(figure_layout(photographs, display)))
    one = figure_layout(photographs, Display("row", colours="viridis"))
    bars = [picture for picture in one.pictures if picture.box.width < picture.box.height]
    top = 0.7 * colour_table("viridis")[255].astype(float) + 0.3 * 224
    assert np.abs(bars[0].pixels[0, 0] - top).max() <= 2


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"colours": "pink"}, "unknown colours 'pink'; choose from inferno, viridis, cividis, diverging, jet"),
        ({"placement": "there"}, "unknown placement 'there'; choose from registered, nominal, half-pixel"),
        ({"opacity": 1.5}, "opacity is 1.5; expected a share from 0 to 1"),
        ({"contour": float("nan")}, "contour is nan; expected a share from 0 to 1"),
        ({"style": "paper", "colours": "viridis"}, "the paper style gives every map its own scale.*leave out colours"),
        ({"style": "paper", "difference": "depth"}, "leave out difference, or choose style 'overlay'"),
    ],
)
def test_what_is_not_possible_is_said(choices, words):
    with pytest.raises(ValueError, match=words):
        Display(**choices)


@pytest.mark.parametrize("divide", [-0.1, 5, 1e308, float("nan")])
def test_a_divider_stays_within_its_panel(divide):
    with pytest.raises(ValueError, match="expected a share from 0 to 1"):
        Swipe("baseline", "compound", divide)
