"""Raw maps and where their cells are drawn."""

import numpy as np
import pytest
import torch

from cam.maps.closed_forms import class_activation_map, resample, weighted_map
from models import open_image
from models.efficientnet import cell_centres


def test_map_equals_the_sum_written_out():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 5, 3, 4, generator=generator, dtype=torch.float64)
    weight = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    class_idx = torch.tensor([4, 1])
    expected = torch.zeros(2, 3, 4, dtype=torch.float64)
    for n in range(2):
        for k in range(5):
            expected[n] += weight[class_idx[n], k] * features[n, k]
    torch.testing.assert_close(class_activation_map(features, weight, class_idx), expected)


@pytest.mark.parametrize("key", ["baseline", "depth", "width", "resolution", "compound"])
def test_map_mean_plus_bias_is_the_logit(lite, samples, key):
    """Pooling and the classifier are linear, so they commute and no evidence is lost. Real weights and a real photograph."""
    network = lite[key]
    features = network.features(network.transform(open_image(samples / "meerkats.jpg"))[None])
    with torch.no_grad():
        logits = network.classifier(features.mean(dim=(2, 3)))
        plain = network.model(network.transform(open_image(samples / "meerkats.jpg"))[None])
    for class_idx in (0, 299, 999):
        maps = class_activation_map(features, network.classifier.weight.detach(), torch.tensor([class_idx]))
        evidence = maps.mean(dim=(1, 2)) + network.classifier.bias[class_idx].item()
        torch.testing.assert_close(evidence, logits[:, class_idx], rtol=0, atol=1e-4)
        torch.testing.assert_close(evidence, plain[:, class_idx], rtol=0, atol=1e-3)


def test_disagreeing_channels_are_named():
    with pytest.raises(ValueError, match=r"\(1, 5, 2, 2\) and weights \(1, 4\)"):
        weighted_map(torch.zeros(1, 5, 2, 2), torch.zeros(1, 4))


@pytest.mark.parametrize(("first", "cells", "resolution"), [(0, 7, 224), (31, 7, 224), (11, 10, 300), (0, 14, 448)])
@pytest.mark.parametrize("size", [224, 448, 500])
def test_a_cell_is_drawn_where_it_looks(first, cells, resolution, size):
    """A map with one hot cell is highest at the pixel nearest to that cell's centre, and zero one cell further."""
    centres = [first + 32 * i for i in range(cells)]
    for row, column in [(0, 0), (2, 4), (cells - 1, 1)]:
        maps = np.zeros((1, cells, cells), np.float32)
        maps[0, row, column] = 1
        drawn = resample(maps, centres, resolution, size)[0]
        nearest = [(centres[cell] + 0.5) * size / resolution - 0.5 for cell in (row, column)]
        y, x = np.clip(np.round(nearest), 0, size - 1).astype(int)
        assert 0.95 < drawn[y, x] <= drawn.max() <= 1
        away = np.abs(np.subtract.outer(np.arange(size), nearest)) > 33 * size / resolution
        assert not drawn[away[:, 0] & (row not in (0, cells - 1))].any()


def test_between_centres_the_drawing_is_linear():
    maps = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    drawn = resample(maps, [10.0, 20.0, 30.0], 41, 41)[0]
    assert drawn[10, 10] == 0
    assert drawn[10, 25] == 1.5
    assert drawn[15, 20] == 2.5
    assert drawn[40, 40] == 8


def test_half_pixel_drawing_is_opencvs():
    import cv2

    maps = np.random.default_rng(0).normal(size=(1, 7, 7)).astype(np.float32)
    drawn = resample(maps, [32.0 * i for i in range(7)], 224, 224, "half-pixel")[0]
    np.testing.assert_allclose(drawn, cv2.resize(maps[0], (224, 224)), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.0, 1.0], 224, 10), "2 centres; expected"),
        (([0.0, 1.0, 2.0], 224, 10, "centred"), "unknown placement 'centred'"),
    ],
)
def test_impossible_drawings_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        resample(np.zeros((1, 3, 3), np.float32), *arguments)


@pytest.mark.parametrize("resolution", [224, 300])
def test_real_receptive_fields_are_centred_where_maps_are_drawn(lite, resolution):
    """The input pixels that a cell depends on, by the gradient with real weights, lie around its centre.

    The image is larger than the receptive field of Lite0 (851 pixels), so that no border cuts it off. It is larger by whole
    strides, so that the paddings are those at ``resolution``.
    """
    features, size = lite["baseline"].model.features, resolution + 22 * 32
    centres = cell_centres(features, size)
    assert centres[0] == cell_centres(features, resolution)[0]
    cell = len(centres) // 2
    image = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    features(image)[0, :, cell, cell].sum().backward()
    seen = image.grad.abs().sum(dim=(0, 1)) > 0
    for axis in (0, 1):
        pixels = seen.any(dim=axis).nonzero()
        assert 0 < pixels.min() < pixels.max() < size - 1
        assert abs((pixels.min() + pixels.max()).item() / 2 - centres[cell]) <= 2
