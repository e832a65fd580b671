"""Tables and sentences of the results."""

from dataclasses import replace

from models.liveness import Liveness, Removal, StageLiveness, liveness_sentences, liveness_table
from models.liveness.channels import Channels

STAGE = StageLiveness(
    "stage 1", 1, 1, (None,), Removal(), Removal(), Channels(16, 0.0, 0.0), Channels(32, 0.0625, 0.25), 12
)
DEEPER = replace(
    STAGE,
    name="stage 2",
    layers=4,
    adds=(None, 0.5, 0.25, 0.0),
    last=Removal(3, 0.125, 0.98765),
    spread=Removal(3, 0.5, 0.5),
)


def test_a_deeper_network_is_as_alive_as_its_deadest_blocks():
    found = Liveness(8, (STAGE, DEEPER), Removal(3, 0.125, 0.98765), Removal(3, 0.5, 0.5))
    assert liveness_sentences(found) == [
        "without its 3 added blocks it would answer differently on 12 % of photographs"
    ]
    lines = liveness_table(found, found).splitlines()
    assert len(lines) == 5
    assert " ".join(lines[1].split()) == "1 1 0.0 % of 16, 6.2 % of 32 0.0 %, 25.0 % 12 (baseline 12)"
    assert "0.000 to 0.500" in lines[2]
    assert "top-1 12.5 %, maps 0.9877" in lines[2]
    assert lines[3:] == [
        "without the last 3 added blocks of all stages: top-1 12.5 %, maps 0.9877",
        "without 3 blocks spread evenly over all stages: top-1 50.0 %, maps 0.5000",
    ]


def test_a_wider_network_is_compared_in_dimensions():
    nothing = Removal()
    baseline = Liveness(8, (STAGE, STAGE), nothing, nothing)
    wide = replace(STAGE, stream=Channels(32, 0.0, 0.0), dimensions=18)
    found = Liveness(8, (STAGE, wide), nothing, nothing)
    assert liveness_sentences(found, baseline) == [
        "with 2.0 times the channels, its stages vary in 1.5 times as many dimensions as the baseline's"
    ]
    assert liveness_sentences(found) == liveness_sentences(baseline, baseline) == []
    twice = replace(found, stages=(replace(wide, dimensions=36), wide))
    assert "in 1.5 to 3.0 times as many dimensions" in liveness_sentences(twice, baseline)[0]
