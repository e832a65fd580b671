"""How logits are read: a single output, exclusive classes, and independent labels."""

import numpy as np
import pytest

from models import Network, Scaling, StudyError, efficientnet, load_study, save_checkpoint
from models.outputs import agreed_outputs, probabilities

TINY = Scaling(0.25, 0.25, 64)


def test_neither_kind_overflows():
    np.testing.assert_allclose(probabilities(np.array([[1000.0, 1000.0]])), [[0.5, 0.5]])
    np.testing.assert_allclose(probabilities(np.array([[-1000.0, 0.0, 1000.0]]), "sigmoid"), [[0, 0.5, 1]])


def test_a_sigmoid_is_the_softmax_against_a_logit_of_zero():
    logits = np.linspace(-20, 20, 41)
    expected = probabilities(np.stack([logits, np.zeros_like(logits)], axis=1))[:, 0]
    np.testing.assert_allclose(probabilities(logits, "sigmoid"), expected, rtol=1e-6)


def test_a_sigmoid_of_few_digits_tells_what_is_improbable():
    np.testing.assert_allclose(
        probabilities(np.array([-20, -80], np.float32), "sigmoid"), np.exp([-20, -80]), rtol=1e-5
    )


def test_one_output_is_a_sigmoid_unless_a_softmax_is_asked_for_which_is_refused():
    assert [agreed_outputs(None, classes) for classes in (1, 2, 1000)] == ["sigmoid", "softmax", "softmax"]
    assert agreed_outputs("sigmoid", 14) == "sigmoid"
    with pytest.raises(ValueError, match="a softmax|'softmax' of one class"):
        agreed_outputs("softmax", 1)
    with pytest.raises(ValueError, match="'relu' is not understood; choose from softmax, sigmoid"):
        agreed_outputs("relu", 3)


@pytest.mark.parametrize(
    ("classes", "said", "expected"), [(1, "", "sigmoid"), (3, "", "softmax"), (3, "sigmoid", "sigmoid")]
)
def test_a_study_says_how_its_outputs_are_read(tmp_path, classes, said, expected):
    save_checkpoint(tmp_path / "one.safetensors", efficientnet(TINY, classes), scaling=TINY, family="b")
    head = f'outputs = "{said}"\n' if said else ""
    tables = "".join(f'[variants.{key}]\nsource = {{ file = "one.safetensors" }}\n' for key in ("depth", "width"))
    (tmp_path / "study.toml").write_text(head + tables)
    network = load_study(tmp_path / "study.toml").load("depth", "cpu")
    assert isinstance(network, Network)
    assert network.outputs == expected


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ('"logistic"', "'logistic' is not understood; choose from softmax, sigmoid"),
        ("3", "3 is not understood"),
        ('"softmax"', "of one class, whose probability would always be 1"),
    ],
)
def test_other_outputs_are_refused_in_a_sentence(tmp_path, outputs, words):
    save_checkpoint(tmp_path / "one.safetensors", efficientnet(TINY, 1), scaling=TINY, family="b")
    tables = "".join(f'[variants.{key}]\nsource = {{ file = "one.safetensors" }}\n' for key in ("depth", "width"))
    (tmp_path / "study.toml").write_text(f"outputs = {outputs}\n{tables}")
    with pytest.raises(StudyError, match=words):
        load_study(tmp_path / "study.toml").load("depth", "cpu")
