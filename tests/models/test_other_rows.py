"""Rows of a classifier beside a study's: how strange they are to its classes, and what they decide on real weights."""

import numpy as np
import pytest
import torch

from models import StudyError, load_study
from models.checkpoints.label_sets import LABEL_SETS
from models.checkpoints.loading import save_checkpoint
from models.other_rows import OtherRows, likeness
from models.out_of_class import energies, out_of_class

OWN = slice(6, 10)


def test_likeness_is_the_cosine_as_a_share_of_the_best():
    """By a slow re-implementation; each class has one row of likeness 1, and a common direction changes nothing."""
    generator = np.random.default_rng(0)
    own, others = generator.normal(size=(4, 12)), generator.normal(size=(6, 12))
    cosines = np.zeros((6, 4))
    for i, one in enumerate(others - others.mean(0)):
        for j, two in enumerate(own - own.mean(0)):
            cosines[i, j] = max(0, one @ two / np.linalg.norm(one) / np.linalg.norm(two))
    expected = (cosines / cosines.max(axis=0)).max(axis=1)
    own, others = torch.from_numpy(own), torch.from_numpy(others)
    torch.testing.assert_close(likeness(own, others), torch.from_numpy(expected))
    torch.testing.assert_close(likeness(own + 7, others - 3), torch.from_numpy(expected))


def test_the_energy_is_of_strange_rows_alone():
    generator = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(10, 12, generator=generator), torch.randn(10, generator=generator)
    features = torch.randn(3, 12, 2, 2, generator=generator)
    rows = OtherRows(weight, bias, OWN)
    strange = 1 - likeness(weight[6:], weight[:6])
    logits = features.mean(dim=(2, 3)) @ weight[:6].T + bias[:6]
    expected = (logits.exp() * strange.clamp(min=1e-3)).sum(dim=1).log()
    torch.testing.assert_close(rows.energy(features), expected)
    copied = weight.clone()
    copied[:6] = weight[6:][[0, 1, 2, 3, 0, 1]]  # nothing but the study's own classes
    assert (OtherRows(copied, bias, OWN).energy(features) < rows.energy(features) - 2).all()


@pytest.fixture(scope="module")
def network():
    return load_study("caltech101").load("compound", "cpu")


@pytest.fixture(scope="module")
def imagenet():
    return load_study("photographs").load("compound", "cpu")


@pytest.mark.parametrize("name", ["beaver", "airliner", "wallaby", "ostrich", "cougar"])
def test_what_the_study_has_under_another_name_is_no_stranger(network, imagenet, name):
    assert network.other_rows.strangeness[imagenet.categories.index(name)] < 0.01


@pytest.mark.parametrize("name", ["otter", "electric ray", "greenhouse", "cocker spaniel"])
def test_what_the_study_has_not_is_strange(network, imagenet, name):
    assert network.other_rows.strangeness[imagenet.categories.index(name)] > 0.25


def activations(network, imagenet, name):
    """Pooled features that speak for Caltech-101's beaver, and at least as much for a class of ImageNet."""
    beaver = network.classifier.weight[network.categories.index("beaver")]
    other = imagenet.classifier.weight[imagenet.categories.index(name)]
    directions = torch.stack([(row - row.mean()) / (row - row.mean()).norm() for row in (beaver, other)])
    return 5 * directions.sum(0).detach()[None, :, None, None]


def test_a_sure_beaver_that_is_an_otter_is_told(network, imagenet):
    """Both are beavers to the study's rows, as surely as photographs of its classes; the other rows decide."""
    marked = {}
    for name in ("beaver", "otter"):
        features = activations(network, imagenet, name)
        logits = network.logits(features)
        assert network.categories[int(logits.argmax())] == "beaver"
        assert logits.softmax(dim=1).max() > 0.8
        others = {"compound": network.other_rows.energy(features).numpy()}
        scales = {"compound": network.score_scale}
        (marked[name],) = out_of_class({"compound": logits.numpy()}, scales, others)
        assert energies(logits.numpy())[0] > 8
    assert marked == {"beaver": False, "otter": True}


def test_a_checkpoint_without_other_rows_is_refused_by_a_score_that_needs_them(tmp_path):
    """The message names the score; the same weights serve a study that judges by the energy."""
    study = load_study("caltech101")
    checkpoint = study.variant("baseline").checkpoint()
    tensors = dict(checkpoint.state_dict)
    for leaf in ("weight", "bias"):
        tensors[f"classifier.1.{leaf}"] = tensors[f"classifier.1.{leaf}"][1000:]
    metadata = {LABEL_SETS: {"caltech101": 101}, "categories": checkpoint.metadata["categories"][1000:]}
    path = tmp_path / "a.safetensors"
    save_checkpoint(path, tensors, scaling=checkpoint.scaling, family="lite", metadata=metadata)
    manifest = tmp_path / "study.toml"
    table = "threshold = -1\nauroc = 1\nfalse_alarms = 0\nfound = 1\nscales = { one = [8, 2] }\n"
    variants = '[variants.one]\nsource = { file = "a.safetensors" }\n[variants.two]\n'
    for score in ("energy", "energy against others"):
        manifest.write_text(f'[out_of_class]\nscore = "{score}"\n{table}{variants}')
        if score == "energy":
            assert load_study(manifest).load("one", "cpu").other_rows is None
        else:
            with pytest.raises(StudyError, match="no rows beside those of the study"):
                load_study(manifest).load("one", "cpu")
