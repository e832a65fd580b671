"""Comparisons of real networks on real photographs."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from cam import Comparison, compare
from models import Scaling, efficientnet, open_image
from models.network import Network

PHOTOGRAPHS = ["kitten.jpg", "meerkats.jpg"]


@pytest.fixture(scope="module")
def comparison(lite, samples):
    return compare(lite, [samples / name for name in PHOTOGRAPHS])


def top1(comparison, key, image):
    return comparison.categories[comparison.logits[key][image].argmax()]


def test_shapes_types_and_names(comparison):
    assert comparison.names == PHOTOGRAPHS
    assert list(comparison.variants) == ["baseline", "depth", "width", "resolution", "compound"]
    sides = {key: maps.shape for key, maps in comparison.maps.items()}
    assert sides == {
        "baseline": (2, 7, 7),
        "depth": (2, 7, 7),
        "width": (2, 7, 7),
        "resolution": (2, 14, 14),
        "compound": (2, 9, 9),
    }
    for key in comparison.variants:
        assert comparison.maps[key].dtype == np.float32
        assert comparison.logits[key].shape == (2, 1000)
        assert comparison.class_idx[key].dtype == np.int64


@pytest.mark.parametrize(
    ("photograph", "classes"),
    [
        ("cat.jpg", {"tabby", "tiger cat", "Egyptian cat"}),
        ("coffee-cup.jpg", {"espresso", "cup", "coffee mug"}),
        ("red-panda.jpg", {"lesser panda"}),
        ("meerkats.jpg", {"meerkat"}),
        ("spaniels.jpg", {"cocker spaniel"}),
        ("spoonbills.jpg", {"spoonbill"}),
        ("taj-mahal.jpg", {"mosque", "palace", "dome"}),
    ],
)
def test_real_weights_classify_the_samples_sensibly(lite, samples, photograph, classes):
    networks = {key: lite[key] for key in ("baseline", "compound")}
    result = compare(networks, [samples / photograph])
    assert {top1(result, key, 0) for key in networks} <= classes


@pytest.mark.parametrize("key", ["baseline", "compound"])
def test_the_map_of_the_cat_lies_on_the_cat(comparison, samples, key):
    """The kitten covers a sixth of its photograph; it holds twice that share of the evidence, and the peak within a cell."""
    from cam.maps.closed_forms import resample

    facts, size = comparison.variants[key], comparison.images.shape[1]
    drawn = resample(comparison.maps[key][:1], facts.centres, facts.scaling.resolution, size)[0].clip(min=0)
    mask = Image.open(samples / "kitten.png").resize((size, size), Image.Resampling.NEAREST)
    on = np.asarray(mask) == 1
    assert (drawn * on).sum() / drawn.sum() > 2 * on.mean()
    cell = size // comparison.maps[key].shape[-1]
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    assert on[max(0, row - cell) : row + cell, max(0, column - cell) : column + cell].any()


def test_grown_variants_show_the_baselines_map(comparison):
    for key in ("depth", "width"):
        difference = np.abs(comparison.maps[key] - comparison.maps["baseline"]).max()
        assert difference < 1e-3 * np.abs(comparison.maps["baseline"]).max()


def test_another_class_needs_no_network(comparison, lite, samples, monkeypatch):
    expected = compare(lite, [samples / name for name in PHOTOGRAPHS], target="tabby")
    monkeypatch.setattr(Network, "features", None)
    explained = comparison.explain("tabby")
    for key in lite:
        np.testing.assert_array_equal(explained.maps[key], expected.maps[key])
    assert explained.question.target == "tabby"
    assert comparison.question.target == "shared"


def test_contrast_is_the_difference_of_two_maps(comparison):
    one, other = comparison.explain("tabby"), comparison.explain("tiger cat")
    contrast = comparison.explain("tabby - tiger cat")
    for key in comparison.variants:
        np.testing.assert_allclose(contrast.maps[key], one.maps[key] - other.maps[key], atol=1e-5)
    assert contrast.against_idx["depth"].tolist() == [282, 282]


def test_contrast_without_a_unit_is_refused(comparison):
    with pytest.raises(ValueError, match="'eigencam' has no unit.*choose from cam, gradcam"):
        comparison.explain("tabby - tiger cat", "eigencam")


def test_batches_do_not_change_the_maps(lite, samples):
    photographs = [samples / name for name in ("cat.jpg", "crab.jpg", "kitten.jpg")]
    networks = {"baseline": lite["baseline"]}
    whole, single = (compare(networks, photographs, batch_size=size) for size in (3, 1))
    np.testing.assert_allclose(whole.maps["baseline"], single.maps["baseline"], atol=1e-3)


def test_stacking_equals_comparing_together(lite, samples):
    networks = {"baseline": lite["baseline"]}
    together = compare(networks, [samples / name for name in PHOTOGRAPHS], batch_size=1)
    apart = [compare(networks, [samples / name]) for name in PHOTOGRAPHS]
    stacked = Comparison.stack(apart)
    assert stacked.names == together.names
    for one, other in ((stacked, together), (stacked.explain("tabby"), together.explain("tabby"))):
        np.testing.assert_allclose(one.maps["baseline"], other.maps["baseline"], atol=1e-4)
    with pytest.raises(ValueError, match="differ in their target"):
        Comparison.stack([apart[0], apart[1].explain("tabby")])


def test_bytes_images_and_paths_are_the_same(lite, samples):
    networks, path = {"baseline": lite["baseline"]}, samples / "crab.jpg"
    first = compare(networks, [path])
    for source in (path.read_bytes(), open_image(path), str(path), io.BytesIO(path.read_bytes())):
        np.testing.assert_array_equal(compare(networks, [source]).maps["baseline"], first.maps["baseline"])


def test_saved_comparisons_come_back_whole_and_byte_equal(comparison, tmp_path):
    contrast = comparison.explain("tabby - tiger cat")
    contrast.save(tmp_path / "one.npz")
    loaded = Comparison.load(tmp_path / "one.npz")
    loaded.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert loaded.variants == contrast.variants
    assert loaded.names == contrast.names
    np.testing.assert_array_equal(loaded.maps["resolution"], contrast.maps["resolution"])
    with pytest.raises(ValueError, match="has no features"):
        loaded.explain("tabby")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 truncated"])
def test_a_file_that_is_no_comparison_is_refused(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a saved comparison"):
        Comparison.load(path)


def test_pickles_in_a_saved_comparison_are_never_read(tmp_path):
    np.savez(tmp_path / "evil.npz", document=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="is not a saved comparison"):
        Comparison.load(tmp_path / "evil.npz")


def tiny(categories, **weights):
    scaling = Scaling(0.25, 0.25, 64)
    model = efficientnet(scaling, len(categories))
    with torch.no_grad():
        for name, value in weights.items():
            getattr(model.classifier[-1], name).fill_(value)
    return Network(model, scaling=scaling, family="b", categories=categories, label="Tiny", device="cpu")


PICTURE = Image.new("RGB", (80, 60), "teal")


@pytest.mark.parametrize(
    ("networks", "images", "options", "words"),
    [
        ({}, [PICTURE], {}, "there is no network"),
        ({"baseline": tiny(["a"])}, [], {}, "there is no image"),
        ({"baseline": tiny(["a"])}, [PICTURE], {"method": "magic"}, "unknown method 'magic'; choose from cam"),
        ({"baseline": tiny(["a"])}, [PICTURE], {"view": "round"}, "unknown view 'round'; choose from square, centre"),
        ({"baseline": tiny(["a"])}, [PICTURE], {"target": "b"}, "unknown class 'b'"),
        ({"baseline": tiny(["a", "b"]), "depth": tiny(["a"])}, [PICTURE], {}, "'depth' knows 1 classes, 'baseline' 2"),
        (
            {"depth": tiny(["a"], bias=float("nan"))},
            [PICTURE],
            {},
            "'depth' gives logits that are not finite on 'image",
        ),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(networks, images, options, words):
    with pytest.raises(ValueError, match=words):
        compare(networks, images, **options)


def test_every_variant_sees_the_same_field_of_view(lite, samples):
    """The picture in the figure is each network's input at another resolution."""
    picture = open_image(samples / "djembe-and-wine.jpg")
    result = compare({"baseline": lite["baseline"], "resolution": lite["resolution"]}, [picture], view="centre")
    side = min(picture.size)
    left, upper = (picture.width - side) // 2, (picture.height - side) // 2
    expected = picture.crop((left, upper, left + side, upper + side)).resize((448, 448), Image.Resampling.BICUBIC)
    assert np.abs(result.images[0].astype(int) - np.asarray(expected)).mean() < 1
    assert result.probabilities("baseline").sum() == pytest.approx(1)
