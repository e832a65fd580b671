"""Views, the part of a photograph that a network sees, compared with torchvision's transforms."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from models import images
from models.images import denormalised, image_tensor, open_image, view_box, view_image
from models.normalisation import HALF, IMAGENET, LITE
from tests.models.encoded import assert_close, encode, photo

# Views


def test_view_box():
    assert view_box(30, 20, "square") == (0, 0, 30, 20)
    assert view_box(30, 20, "centre") == (5, 0, 25, 20)
    assert view_box(20, 31, "centre") == (0, 5, 20, 25)
    assert view_box(1, 20000, "centre") == (0, 9999, 1, 10000)
    with pytest.raises(ValueError, match="unknown view 'center'; choose from square, centre"):
        view_box(3, 3, "center")


def test_a_view_is_one_resampling_of_its_box():
    image = photo(63, 40)
    squashed = image.resize((24, 24), Image.Resampling.BICUBIC)
    assert_close(view_image(image, "square", 24), squashed)
    cropped = image.crop(view_box(*image.size, "centre"))
    assert_close(view_image(image, "centre", 24), cropped.resize((24, 24), Image.Resampling.BICUBIC))
    assert_close(view_image(image, "centre", 40), cropped)


def test_a_view_is_antialiased():
    """Stripes of one pixel, too fine for the view, become grey instead of stripes of another width."""
    stripes = np.zeros((64, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    view = np.asarray(view_image(Image.fromarray(stripes), "square", 64))[:, 4:-4]
    assert np.abs(view.astype(int) - 127).max() <= 3


@pytest.mark.parametrize("view", images.VIEWS)
@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1)])
def test_tiny_and_thin_images(view, size):
    image = open_image(encode(Image.new("RGB", size, (9, 8, 7)), "PNG"))
    assert_close(view_image(image, view, 32), np.broadcast_to((9, 8, 7), (32, 32, 3)))


def test_a_view_of_a_raw_pillow_image_opens_it_first():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(encode(photo(), "PNG", exif=exif)))
    for view in images.VIEWS:
        assert_close(view_image(image, view, 20), view_image(open_image(image), view, 20))
    view_image(photo().convert("L"), "square", 8)


def test_a_view_needs_a_size():
    with pytest.raises(ValueError, match="a view of 0 pixels is empty; give a size of at least 1"):
        view_image(photo(), "square", 0)


@pytest.mark.parametrize("normalisation", [IMAGENET, LITE, HALF])
def test_the_tensor_is_that_of_torchvision(normalisation):
    steps = [
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(list(normalisation.mean), list(normalisation.std)),
    ]
    for view in images.VIEWS:
        tensor = image_tensor(photo(63, 40), view, 24, normalisation)
        torch.testing.assert_close(tensor, v2.Compose(steps)(view_image(photo(63, 40), view, 24)))
        assert tensor.dtype == torch.float32
        assert tensor.is_contiguous()


def test_white_and_grey_as_the_networks_take_them():
    white, grey = Image.new("RGB", (5, 5), "white"), Image.new("RGB", (5, 5), (127, 127, 127))
    seen = image_tensor(white, "square", 2, IMAGENET)[:, 0, 0]
    torch.testing.assert_close(seen, torch.tensor([2.248908, 2.428571, 2.640000]))
    torch.testing.assert_close(image_tensor(white, "square", 2, LITE), torch.ones(3, 2, 2))
    assert not image_tensor(grey, "square", 2, LITE).any()


def test_what_a_network_takes_in_can_be_shown_again():
    picture = photo(24, 24)
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
    for normalisation in (IMAGENET, LITE):
        taken = image_tensor(picture, "square", 24, normalisation)
        torch.testing.assert_close(denormalised(taken, normalisation), pixels, atol=1e-6, rtol=0)
    assert denormalised(torch.full((3, 2, 2), 9.0), LITE).max() == 1
