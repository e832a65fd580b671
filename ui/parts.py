"""A map of the page taken apart, from features already computed: no network runs again."""

from cam import Comparison
from cam.maps.parts import Parts, strongest_by_cell, take_apart
from cam.question import Question
from models.classifier import only_linear_layer
from ui.photographs import Photograph
from ui.session import Choice, comparison
from ui.shared import shared

IN_A_CELL = 8  # number of channels shown in each cell: those that count most


@shared(32, personal=lambda *asked: True)
def parts_of(choices: tuple[Choice, ...], key: str, digest: str, question: Question, _photograph: Photograph) -> Parts:
    """The map of one variant as a sum over channels, with the channels that count most in each cell.

    Raises:
        ValueError: the map is not such a sum; and the errors of ``session.comparison``.
    """
    if why := not_a_sum(question):
        raise ValueError(why)
    everything = comparison(choices, digest, question.view, _photograph)
    return parts_in(everything.explain(question.target, question.method), key)


def parts_in(answer: Comparison, key: str) -> Parts:
    """The parts of one variant's CAM of the first image."""
    evidence = answer.evidence[key]
    linear = only_linear_layer(evidence.head)
    rows, biases = linear.weight.detach(), linear.bias.detach()
    explained = int(answer.class_idx[key][0])
    weight, bias = rows[explained], float(biases[explained])
    if answer.against_idx is not None:
        against = int(answer.against_idx[key][0])
        weight, bias = weight - rows[against], bias - float(biases[against])
    features = evidence.features[0]
    return take_apart(features, weight, bias, strongest_by_cell(features, weight, IN_A_CELL))


def not_a_sum(question: Question) -> str:
    """Why the maps of a question are not a sum of channels times weights; "" where they are."""
    if question.method != "cam" or not question.from_features:
        return "only CAM at the last layer is a sum over channels; choose the method CAM to take a map apart"
    return (
        "the mirror image is averaged in; switch that off under Settings to take a map apart" if question.flip else ""
    )
