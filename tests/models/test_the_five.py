"""The five networks that ship agree with their records, the model card and the results."""

import json

import pytest
import torch

from models import (
    SCALINGS,
    load_checkpoint,
    load_study,
)
from models.studies import STUDY_FOLDER, VARIANTS
from models.training.evaluation import accuracies, accuracy_difference, lead_in_points, predictions_path
from models.training.lineage import named_checkpoint

CONTROLS = STUDY_FOLDER.parent / "weights" / "controls"


def trainings():
    """Every variant of the trained five and every further training of the baseline, by the checkpoint's path."""
    study = load_study("caltech101")
    return {variant.path(): key for key, variant in study.variants.items()} | dict.fromkeys(study.retrained, "baseline")


def test_the_five_are_there_and_descend_by_one_recipe_from_one_ancestor():
    records = {path: load_checkpoint(path) for path in trainings()}
    assert [key for key in trainings().values() if key in VARIANTS][:5] == list(VARIANTS)
    alike = {"resolution": 0, "seed": 0, "variant": ""}
    settings = [{**one.metadata["training"], **alike} for one in records.values()]
    assert all(one == settings[0] for one in settings)
    assert settings[0]["parent"] == named_checkpoint("lite0").sha256
    for path, key in trainings().items():
        assert records[path].scaling == SCALINGS["b0" if key == "baseline" else key]
        assert path.stat().st_size < 45e6


def test_one_set_of_files_serves_both_label_sets():
    """The same body with another study's classifier: features are equal, and logits are the rows that the label set names."""
    studies = [load_study(name) for name in ("photographs", "caltech101")]
    for key in VARIANTS:
        assert len({study.variant(key).path() for study in studies}) == 1
    (everyday, caltech), images = [study.load("baseline", "cpu") for study in studies], torch.rand(2, 3, 64, 64)
    assert torch.equal(everyday.features(images), caltech.features(images))
    whole = load_checkpoint(studies[0].variant("baseline").path()).network().classifier[-1].weight
    assert torch.equal(torch.cat([everyday.classifier.weight, caltech.classifier.weight]), whole.float())
    assert (len(everyday.categories), caltech.categories) == (
        1000,
        (STUDY_FOLDER / "caltech101-categories.txt").read_text().split(),
    )


@pytest.mark.parametrize("path", trainings(), ids=lambda path: path.stem)
def test_a_training_is_what_its_records_and_the_model_card_say(path):
    """The accuracies follow from the recorded predictions and are in the card; each is at least 88 %."""
    record, categories = load_checkpoint(path).metadata, load_study("caltech101").load("baseline", "cpu").categories
    assert record["categories"][1000:] == categories
    names = (STUDY_FOLDER / "caltech101-test.txt").read_text().split()
    labels = torch.tensor([categories.index(name.split("/")[0]) for name in names])
    predicted = json.loads(predictions_path(path).read_text())["predictions"]
    assert len(predicted) == record["images"]["test"] == 2945
    mean, top1 = accuracies(torch.tensor(predicted), labels)
    assert mean >= 0.88
    assert (record["accuracy"], record["top1"]) == (pytest.approx(mean, abs=1e-6), pytest.approx(top1, abs=1e-6))
    card = (STUDY_FOLDER.parent / "weights" / "README.md").read_text(encoding="utf-8")
    row = next(line for line in card.splitlines() if line.startswith(f"| `{path.name}`"))
    assert f"| {mean:.1%} | {top1:.1%} |".replace("%", " %") in row


def right_of(path, categories):
    """Which photographs of the test list were named correctly, and the labels of all."""
    names = (STUDY_FOLDER / "caltech101-test.txt").read_text().split()
    labels = torch.tensor([categories.index(name.split("/")[0]) for name in names])
    return torch.tensor(json.loads(path.read_text())["predictions"]) == labels, labels


@pytest.mark.parametrize("path", sorted(CONTROLS.glob("*-seed1.predictions.json")), ids=lambda path: path.name)
def test_a_second_training_differs_by_what_the_card_says(path):
    """Its mean over categories, and its difference from the shipped training with the interval."""
    categories, key = load_study("caltech101").load("baseline", "cpu").categories, path.name.split("-")[0]
    first, labels = right_of(predictions_path(load_study("caltech101").variant(key).path()), categories)
    second, _ = right_of(path, categories)
    assert not torch.equal(first, second)
    found = json.loads(path.read_text())["predictions"]
    mean, _ = accuracies(torch.tensor(found), labels)
    card = " ".join((STUDY_FOLDER.parent / "weights" / "README.md").read_text(encoding="utf-8").split())
    words = card.partition("**Second trainings**")[2].partition("**Resolution-300**")[0]
    assert f"{key} {mean:.1%} and".replace("%", " %") in words
    assert lead_in_points(accuracy_difference(second, first, labels)) in words


def test_leads_over_the_baseline_stand_in_the_card_and_the_results():
    """The lead in mean per-class accuracy with its interval, of the shipped training, of the second one and of their mean."""
    study = load_study("caltech101")
    categories = study.load("baseline", "cpu").categories
    card, results = (
        " ".join(path.read_text(encoding="utf-8").split())
        for path in (STUDY_FOLDER.parent / "weights" / "README.md", STUDY_FOLDER.parents[1] / "docs" / "results.md")
    )
    paths = [predictions_path(study.variant("baseline").path()), *sorted(CONTROLS.glob("baseline-seed*"))]
    assert len(paths) == 3
    baseline = torch.stack([right_of(path, categories)[0].double() for path in paths]).mean(0)
    for key in VARIANTS[1:]:
        first, labels = right_of(predictions_path(study.variant(key).path()), categories)
        second, _ = right_of(CONTROLS / f"{key}-seed1.predictions.json", categories)
        both = (first.double() + second.double()) / 2
        for right, texts in ((first, [card]), (second, [card]), (both, [card, results])):
            lead = f"{key} {lead_in_points(accuracy_difference(right, baseline, labels))}"
            assert all(lead in text for text in texts), lead
