"""Maps of mirrored photographs are mirrored back at the true centres of their cells."""

import numpy as np
import pytest

from cam import compare
from cam.maps.closed_forms import mirrored
from models import open_image
from tests.cam.maps.small_networks import picture_of

# ------------------------------------------------------------------------------------------------------------ mirroring


def test_a_mirrored_map_is_turned_back_at_the_true_centres(lite, samples):
    """A cell's value is that of its row, interpolated at the mirror image of the cell's centre."""
    network = {"baseline": lite["baseline"]}
    image = open_image(samples / "crab.jpg")
    plain, both = (compare(network, [image], target="rock crab", flip=flip) for flip in (False, True))
    other = compare(network, [image.transpose(0)], target="rock crab")
    facts = plain.variants["baseline"]
    assert facts.offset[0] != 0
    places = np.asarray(facts.centres) + facts.offset[0]
    turned = [np.interp(223 - places, places, row) for row in other.maps["baseline"][0]]
    np.testing.assert_allclose(both.maps["baseline"][0], (plain.maps["baseline"][0] + turned) / 2, atol=1e-3)
    naive = (plain.maps["baseline"] + other.maps["baseline"][..., ::-1])[0] / 2
    assert np.abs(both.maps["baseline"][0] - naive).max() > 1


def test_mirroring_keeps_a_ramp_in_its_place():
    """A map that is linear in the position of its cells stays the same ramp when mirrored, between the outermost centres."""
    centres, resolution = [31.0 + 32 * cell for cell in range(7)], 224
    ramp = np.tile(np.array(centres), (7, 1))[None]
    of_mirrored = resolution - 1 - ramp
    np.testing.assert_allclose(mirrored(of_mirrored, centres, resolution)[..., :-1], ramp[..., :-1], atol=1e-4)


@pytest.mark.parametrize(
    "options", [{"method": "gradcam", "layer": "stage 4"}, {"method": "fullgrad"}, {"method": "fem"}]
)
def test_mirroring_works_with_every_kind_of_method(options, small):
    image = picture_of(7)
    plain, both = (compare({"small": small}, [image], target=0, flip=flip, **options) for flip in (False, True))
    other = compare({"small": small}, [image.transpose(0)], target=0, **options)
    turned = mirrored(other.maps["small"], plain.variants["small"].centres, 64)
    np.testing.assert_allclose(both.maps["small"], (plain.maps["small"] + turned) / 2, atol=1e-4, rtol=1e-3)
    np.testing.assert_array_equal(both.logits["small"], plain.logits["small"])
