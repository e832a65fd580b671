"""Probabilities of a single output and of several labels, wherever they are shown: figures, the page, exports, measures."""

import numpy as np
import pytest
import torch
from PIL import Image

from cam import Comparison, compare
from cam.export.rows import rows_of
from cam.figures.figure import figure_layout
from cam.maps.targets import shared_class
from cam.measures.perturbation import class_probability
from models import Network, Scaling, efficientnet
from ui.components.viewer import pack
from ui.pages.compare.answers import guesses

TINY = Scaling(0.25, 0.25, 64)
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8))


def network(biases, outputs=None):
    """A network whose logits are its biases, whatever its input."""
    torch.manual_seed(0)
    model = efficientnet(TINY, len(biases))
    with torch.no_grad():
        model.classifier[-1].weight.zero_()
        model.classifier[-1].bias.copy_(torch.tensor(biases))
    names = ["pneumonia", "effusion", "nodule"][: len(biases)]
    return Network(model, scaling=TINY, family="b", categories=names, label="X-ray", outputs=outputs, device="cpu")


def words_of(thing):
    """Every text in nested tuples, lists and named tuples."""
    if isinstance(thing, str):
        return thing
    parts = thing if isinstance(thing, (list, tuple)) else vars(thing).values() if hasattr(thing, "__dict__") else ()
    return " ".join(words_of(part) for part in parts)


@pytest.mark.parametrize("logit", [-2.0, 0.0, 0.5])
def test_one_output_is_shown_as_a_sigmoid_everywhere(logit):
    one = network([logit])
    seen, expected = compare({"baseline": one}, [PICTURE], target="own"), 1 / (1 + np.exp(-logit))
    assert seen.class_idx["baseline"].tolist() == [0]
    assert seen.probabilities("baseline")[0, 0] == pytest.approx(expected)
    assert rows_of(seen)[0].probabilities == [pytest.approx(expected, abs=1e-6)]
    assert f"{100 * expected:.0f} %" in words_of(figure_layout(seen))
    panel = pack([seen], ["0" * 64], [""], {}, ["baseline"])["rows"][0]["panels"][0]
    assert panel["topProbability"] == panel["probability"] == pytest.approx(expected)
    assert guesses(seen, "baseline")[0]["share"] == pytest.approx(expected)
    image = one.transform(PICTURE)[None]
    assert class_probability(one, 0)(image) == pytest.approx(expected, rel=1e-3)


def test_labels_that_stand_for_themselves_do_not_share():
    several = compare({"baseline": network([3.0, 2.0, -4.0], "sigmoid")}, [PICTURE])
    np.testing.assert_allclose(several.probabilities("baseline"), [1 / (1 + np.exp([-3, -2, 4]))], rtol=1e-6)
    assert rows_of(several)[0].probabilities[:2] == [pytest.approx(0.952574), pytest.approx(0.880797)]
    one_of = compare({"baseline": network([3.0, 2.0, -4.0])}, [PICTURE])
    assert one_of.probabilities("baseline").sum() == pytest.approx(1)


def test_the_shared_class_is_the_one_that_is_likeliest_on_average_in_the_outputs_own_terms():
    """Each class has one vote; the second network gives both a low probability, so its preference counts only in a softmax."""
    logits = {"a": np.array([[0.5, 0.0]]), "b": np.array([[-9.0, -8.0]])}
    assert [shared_class(logits, kind)[0] for kind in ("softmax", "sigmoid")] == [1, 0]


def test_a_saved_comparison_keeps_how_its_outputs_are_read(tmp_path):
    seen = compare({"baseline": network([1.0, 2.0], "sigmoid")}, [PICTURE])
    seen.save(tmp_path / "seen.npz")
    again = Comparison.load(tmp_path / "seen.npz")
    assert again.outputs == "sigmoid"
    np.testing.assert_array_equal(again.probabilities("baseline"), seen.probabilities("baseline"))


def test_networks_of_two_kinds_are_not_compared():
    both = {"baseline": network([1.0, 2.0]), "depth": network([1.0, 2.0], "sigmoid")}
    with pytest.raises(ValueError, match="outputs are a sigmoid and others a softmax; compare those of one kind"):
        compare(both, [PICTURE])


def test_a_picture_that_was_stretched_says_so_in_its_figure_saved_or_not(tmp_path):
    values = np.linspace(0, 4000, 64 * 64).reshape(64, 64).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "chest.png")
    seen = compare({"baseline": network([0.5])}, [tmp_path / "chest.png", PICTURE])
    seen.save(tmp_path / "seen.npz")
    for one in (seen, Comparison.load(tmp_path / "seen.npz"), Comparison.stack([seen, seen])):
        assert one.notes[:2] == ["grey values of 12 bits in 16, stretched", ""]
        assert "grey values of 12 bits" in words_of(figure_layout(one))
    assert 100 < seen.images[0].mean() < 150
