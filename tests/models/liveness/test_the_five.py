"""The shipped networks are alive: what they were given beyond the baseline does a part of the work."""

import pytest

from models import load_study
from models.command_inputs import PhotographFolder
from models.liveness import measure_liveness

PHOTOGRAPHS = 8


@pytest.fixture(scope="module")
def found(samples):
    study, photographs = load_study("photographs"), PhotographFolder(str(samples), PHOTOGRAPHS)
    networks = {key: study.load(key, "cpu") for key in ("baseline", "depth", "width", "compound")}
    return {key: measure_liveness(one.model, photographs.prepared(one)) for key, one in networks.items()}


def test_masks_beside_the_photographs_are_not_taken_for_photographs(samples):
    assert {path.suffix for path in PhotographFolder(str(samples), 100).paths} == {".jpg"}


def test_without_its_added_blocks_a_network_answers_differently(found):
    """On 200 photographs of ImageNet on 30 % (depth) and 8 % (compound); with dead blocks, as by exact growth, on none."""
    for key, blocks, maps in (("depth", 42, 0.95), ("compound", 8, 0.99)):
        removal = found[key].spread
        assert removal.blocks == blocks
        assert removal.map_correlation < maps
        assert removal.top1_changed >= 1 / PHOTOGRAPHS


def test_every_added_block_adds_something(found):
    for key in ("depth", "compound"):
        for stage in found[key].stages:
            assert min(filter(None, stage.adds), default=1) > 0.03


def test_no_channels_of_the_stream_are_twins_and_few_of_the_hidden_ones(found):
    for key in ("depth", "width", "compound"):
        for stage in found[key].stages:
            assert stage.stream.twins == 0
            assert stage.expanded.twins < 0.2  # 0.07 at most on 60 photographs; few positions make chance twins


def test_the_wider_network_varies_in_more_dimensions(found):
    """At least 1.3 times the baseline's from the second to the sixth stage; 1.65 times on 200 photographs."""
    for wide, base in zip(found["width"].stages[1:6], found["baseline"].stages[1:6], strict=True):
        assert wide.dimensions >= 1.3 * base.dimensions
