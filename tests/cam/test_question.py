import dataclasses

import pytest

from cam.question import QUESTION, Question


def test_what_is_left_out_is_cam_of_the_shared_class_at_the_head():
    assert Question("cam", "shared", "square", "head", False) == QUESTION
    assert QUESTION.from_features
    assert QUESTION.unit == "logit"


@pytest.mark.parametrize(
    ("asked", "layer", "unit", "from_features"),
    [
        (Question("gradcam", layer="head, stage 5"), "stage 5, head", "", False),
        (Question("gradcam", layer="stage 3"), "stage 3", "", False),
        (Question("eigencam"), "head", "", True),
        (Question("scorecam"), "head", "", False),
        (Question("fullgrad"), "all", "", False),
        (Question("layercam"), "head", "logit", True),
    ],
)
def test_layers_are_put_in_order_and_decide_the_unit(asked, layer, unit, from_features):
    assert (asked.layer, asked.unit, asked.from_features) == (layer, unit, from_features)
    assert ", ".join(asked.layers) == layer
    assert dataclasses.replace(asked, flip=True).layer == layer


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"method": "grad"}, "unknown method 'grad'; choose from cam, gradcam"),
        ({"view": "round"}, "unknown view 'round'; choose from square, centre"),
        ({"layer": "stage 5"}, "method 'cam' is defined at the head only, not at 'stage 5'"),
        ({"method": "gradcam", "layer": "stage 9"}, "stage 9"),
        ({"method": "fullgrad", "layer": "stage 5"}, "method 'fullgrad' takes every layer at once"),
    ],
)
def test_a_wrong_question_cannot_be_made(wrong, words):
    with pytest.raises(ValueError, match=words):
        Question(**wrong)


def test_a_question_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        QUESTION.method = "gradcam"


def test_maps_without_a_unit_have_no_difference():
    QUESTION.require_unit()
    with pytest.raises(ValueError, match="method 'eigencam' has no unit, so .* choose from cam, gradcam"):
        Question("eigencam").require_unit()
    with pytest.raises(ValueError, match="maps at stage 5 have no unit, so .* leave the layer out"):
        Question("gradcam", layer="stage 5").require_unit()


def test_targets_in_words():
    assert Question(target="tabby - tiger cat").target_words == "tabby - tiger cat"
    assert Question(target=3).target_words == "3"
    assert Question(target=["tabby", 3]).target_words == "tabby, 3"
