"""What people type in notebooks: twelve calls that work, and errors that say what to do for calls that cannot work."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import resnet18

from cam import Comparison, compare
from models import Network, Scaling, efficientnet

TINY = Scaling(0.25, 0.25, 64)
PIXELS = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def network(label="Tiny", seed=0):
    torch.manual_seed(seed)
    return Network(
        efficientnet(TINY, 3), scaling=TINY, family="b", categories=["cat", "cup", "pagoda"], label=label, device="cpu"
    )


@pytest.fixture(scope="module")
def one():
    return network()


@pytest.fixture(scope="module")
def plain(one):
    return compare({"tiny": one}, [Image.fromarray(PIXELS)], "gradcam", 1)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("pictures") / "noise.png"
    Image.fromarray(PIXELS).save(found)
    return found


CALLS = {
    "one network and one path": lambda one, path: compare(one, path, "gradcam", 1),
    "one path in words": lambda one, path: compare({"tiny": one}, str(path), "gradcam", 1),
    "one picture": lambda one, path: compare([one], Image.fromarray(PIXELS), "gradcam", 1),
    "one array": lambda one, path: compare(one, PIXELS, "gradcam", 1),
    "arrays in a stack": lambda one, path: compare(one, PIXELS[None], "gradcam", 1),
    "an array of fractions": lambda one, path: compare(one, [PIXELS / 255], "gradcam", 1),
    "a tensor": lambda one, path: compare(one, torch.from_numpy(PIXELS).permute(2, 0, 1), "gradcam", 1),
    "a batch of fractions": lambda one, path: compare(
        one, torch.from_numpy(PIXELS).permute(2, 0, 1)[None] / 255, "gradcam", 1
    ),
    "a generator of networks": lambda one, path: compare((each for each in [one]), [path], "gradcam", 1),
    "a method in other letters": lambda one, path: compare(one, path, "Grad-CAM", "Cup"),
    "a class of NumPy's": lambda one, path: compare(one, path, "GradCAM", np.int64(1)),
    "classes of torch's, one for each image": lambda one, path: compare(one, [path], "GRADCAM", torch.tensor([1])),
}


@pytest.mark.parametrize("call", CALLS)
def test_twelve_calls_give_the_same_maps(call, one, path, plain):
    found = CALLS[call](one, path)
    assert (list(found.maps), found.question.method) == (["tiny"], "gradcam")
    np.testing.assert_array_equal(found.maps["tiny"], plain.maps["tiny"])


def test_grey_arrays_are_pictures_too(one):
    grey = PIXELS[..., 0]
    found = compare(one, [grey, torch.from_numpy(grey)[None]])
    np.testing.assert_array_equal(found.maps["tiny"][0], found.maps["tiny"][1])


def test_networks_without_keys_are_called_by_their_labels():
    found = compare([network("EfficientNet B0"), network("Deeper", 1), network("Deeper", 2)], PIXELS)
    assert list(found.variants) == ["efficientnet_b0", "deeper", "deeper_2"]


MISTAKES = [
    (lambda one: compare(one.model, PIXELS), TypeError, "'efficientnet' is an EfficientNet; .* Network.from_model"),
    (
        lambda one: compare({"r": resnet18()}, PIXELS),
        TypeError,
        "'r' is a ResNet; expected a Network: Network.from_model",
    ),
    (lambda one: compare("photographs", PIXELS), TypeError, r"'str' is a str; expected a Network: load_study\(name\)"),
    (lambda one: compare([], PIXELS), ValueError, "no network to compare; give at least one"),
    (lambda one: compare(one, []), ValueError, "no image to compare networks on; give at least one"),
    (lambda one: compare(one, 3), TypeError, "an int came as images"),
    (lambda one: compare(one, np.zeros((5, 6, 7))), ValueError, r"shape \(5, 6, 7\) .* expected \(h, w\), \(h, w, 3\)"),
    (lambda one: compare(one, torch.randn(3, 64, 64)), ValueError, "values from -.*before they were normalised"),
    (
        lambda one: compare(one, PIXELS, "smoothgrad"),
        ValueError,
        "unknown method 'smoothgrad'; choose from cam, gradcam",
    ),
    (lambda one: compare(one, PIXELS, target=np.int64(7)), ValueError, "class index 7 is outside 0 to 2"),
    (lambda one: compare(one, PIXELS).overlay("depth"), ValueError, "unknown variant 'depth'; choose from tiny"),
    (lambda one: compare(one, PIXELS).overlay("tiny", 1), ValueError, "there is no image 1; the comparison has 1"),
    (lambda one: compare(one, PIXELS).top(0), ValueError, "0 classes asked for; expected 1 or more"),
]


@pytest.mark.parametrize("mistake", range(len(MISTAKES)))
def test_a_mistake_ends_in_a_sentence_with_a_way_out(mistake, one):
    call, kind, words = MISTAKES[mistake]
    with pytest.raises(kind, match=words) as caught:
        call(one)
    assert "\n" not in str(caught.value)


def test_it_shows_itself(plain):
    assert repr(plain) == "<Comparison of tiny on 1 image: gradcam of 1, head, square view>"
    picture = Image.open(io.BytesIO(plain._repr_png_()))
    assert (picture.format, picture.mode) == ("PNG", "RGB")
    assert np.asarray(picture).std() > 5


def test_an_overlay_is_the_figures(plain):
    from cam.figures.figure import figure_layout

    drawn = np.asarray(plain.overlay("tiny"))
    assert any(np.array_equal(drawn, picture.pixels) for picture in figure_layout(plain).pictures)


def test_top_is_sorted_and_in_probabilities(plain):
    ((key, guesses),) = plain.top(2).items()
    expected = sorted(zip(plain.probabilities("tiny")[0], plain.categories, strict=True), reverse=True)[:2]
    assert (key, guesses) == ("tiny", [(name, pytest.approx(share)) for share, name in expected])


def test_equality_is_of_what_is_said(plain, one, tmp_path):
    plain.save(tmp_path / "plain.npz")
    assert plain == Comparison.load(tmp_path / "plain.npz") == compare({"tiny": one}, PIXELS, "gradcam", 1)
    assert plain != compare({"tiny": one}, PIXELS, "gradcam", 2)
    assert plain != compare({"tiny": one}, PIXELS, "layercam", 1)
    assert plain != compare({"tiny": network(seed=1)}, PIXELS, "gradcam", 1)
    assert (plain == "plain") is False
