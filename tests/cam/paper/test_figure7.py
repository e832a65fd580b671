"""The paper's own maps: their data, their drawing, and that they cannot be used as raw maps."""

import dataclasses

import cv2
import numpy as np
import pytest

from cam import compare
from cam.maps.cells import CellGrid
from cam.measures.similarity import pearson
from cam.paper.figure7 import paper_figure


def test_ten_maps_of_the_sizes_printed():
    figure = paper_figure()
    assert figure.classes == ["bakeshop", "maze"]
    assert list(figure.titles) == ["baseline", "depth", "width", "resolution", "compound"]
    assert figure.titles["depth"] == "deeper (d=4)"
    for row in figure.maps.values():
        assert {key: one.side for key, one in row.items()} == dict(zip(figure.titles, (7, 7, 7, 16, 10), strict=True))
        for one in row.values():
            assert one.levels.min() < 0.01
            assert one.levels.max() > 0.99
    assert figure.maps["bakeshop"]["baseline"].levels[5, 4] == np.float32(0.997)
    assert "1905.11946" in figure.source


def test_panels_are_the_bilinear_half_pixel_ones_of_the_paper():
    for one in paper_figure().maps["maze"].values():
        np.testing.assert_allclose(one.drawn(224), cv2.resize(one.levels, (224, 224)).clip(0, 1), atol=1e-6)
        assert one.picture(64).shape == (64, 64, 3)


def test_a_printed_map_is_refused_where_raw_maps_are_measured_or_compared(lite, samples):
    """A printed map has lost its zero, so functions of raw maps must refuse it."""
    printed = paper_figure().maps["maze"]["baseline"]
    with pytest.raises(TypeError, match="lost its zero and unit"):
        np.asarray(printed)
    with pytest.raises((TypeError, AttributeError)):
        CellGrid.even(7).check(printed)
    with pytest.raises((TypeError, AttributeError)):
        pearson(printed, printed)
    comparison = compare({"baseline": lite["baseline"]}, [samples / "crab.jpg"])
    with pytest.raises((TypeError, AttributeError)):
        dataclasses.replace(comparison, maps={"baseline": printed}).figure()


def test_it_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        paper_figure().maps["maze"]["depth"].levels[0, 0] = 1
    with pytest.raises(TypeError):
        paper_figure().maps["maze"]["depth"] = None
