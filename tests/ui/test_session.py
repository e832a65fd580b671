"""Answers of networks that visitors share: whose turn it is, and classifiers of several layers."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
import torch
from PIL import Image

from cam import compare
from cam.question import Question
from models import Network, Scaling, efficientnet
from models.classifier import hidden_classifier
from tests.ui.pages.comparing import photograph
from ui import session, turns
from ui.photographs import Photograph

TINY = Scaling(0.25, 0.25, 64)
PICTURE = Photograph.of("tan.png", photograph())
KEYS = ("plain", "deep")


@pytest.fixture
def networks(monkeypatch):
    """Two tiny networks in place of those of a study, whose classifiers have one linear layer and two."""
    torch.manual_seed(1)
    models = {key: efficientnet(TINY, 4) for key in KEYS}
    models["deep"].classifier = hidden_classifier(320, (24,), 4, 0.2)
    made = {
        key: Network(model, scaling=TINY, family="b", categories=list("abcd"), label=key, device="cpu")
        for key, model in models.items()
    }
    monkeypatch.setattr(session, "network", lambda choice: made[choice.key])
    yield made
    session.comparison.clear()
    session.explained.clear()


def asked(question, *keys):
    choices = tuple(session.Choice("made up", key, "cpu") for key in keys)
    return session.explained(choices, keys, PICTURE.digest, question, PICTURE)


@pytest.mark.parametrize(
    ("question", "keys", "waits"),
    [
        (Question("cam", "a"), ["plain"], False),
        (Question("gradcam", "a"), KEYS, False),
        (Question("cam", "a", flip=True), ["plain"], True),
        (Question("gradcam", "a", layer="stage 5"), ["plain"], True),
        (Question("ablationcam", "a"), ["plain"], False),
        (Question("ablationcam", "a"), KEYS, True),
    ],
)
def test_whatever_runs_networks_again_waits_for_its_turn(networks, monkeypatch, question, keys, waits):
    """Two others compute, so that whoever stands in line gets no answer before they leave."""
    monkeypatch.setattr(turns, "LINE", turns.Line(2))
    with ThreadPoolExecutor(1) as pool, ExitStack() as others:
        for one in ("ann", "ben"):
            others.enter_context(turns.LINE.turn(one, lambda before, seconds: None))
        answer = pool.submit(asked, question, *keys)
        while not answer.done() and not turns.LINE._waiting:
            time.sleep(0.01)
        assert answer.done() is not waits
        others.close()
        assert list(answer.result(10).maps) == list(keys)


@pytest.mark.parametrize(("method", "flip"), [("gradcam", False), ("layercam", True)])
def test_a_classifier_of_several_layers_has_the_maps_of_the_library(networks, method, flip):
    found = asked(Question(method, "a", flip=flip), *KEYS)
    expected = compare(networks, [Image.open(io.BytesIO(PICTURE.content))], method, "a", flip=flip)
    for key in KEYS:
        np.testing.assert_allclose(found.maps[key], expected.maps[key], atol=1e-6)


def test_what_needs_one_linear_layer_says_so_and_shows_the_others(networks):
    with pytest.raises(ValueError, match="method 'cam' needs a head of one linear layer, and that of 'deep' has 2"):
        asked(Question("cam", "a"), *KEYS)
    np.testing.assert_array_equal(
        asked(Question("cam", "a"), "plain").maps["plain"], asked(Question("gradcam", "a"), "plain").maps["plain"]
    )
