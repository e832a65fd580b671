"""Several label sets in one classifier: a study uses its rows, and the checkpoint keeps all of them."""

import json
import re

import pytest
import torch

from models import CheckpointError, Scaling, StudyError, efficientnet, load_checkpoint, load_study, save_checkpoint
from models.checkpoints.records import RECORD
from models.checkpoints.weight_files import read_weights

SCALING = Scaling(0.5, 0.5, 64)
SETS = {"photographs": 4, "animals": 2, "beasts": 1}  # not in alphabetical order
NAMES = ["cup", "cat", "pagoda", "dog", "cat", "dog", "lynx"]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    network = efficientnet(SCALING, sum(SETS.values())).eval()
    torch.nn.init.normal_(network.classifier[-1].bias)
    return network


@pytest.fixture
def shared(model, tmp_path):
    path = tmp_path / "shared.safetensors"
    metadata = {"label_sets": SETS, "categories": NAMES}
    save_checkpoint(path, model, scaling=SCALING, family="b", metadata=metadata)
    return path


def study(folder, text, *files):
    tables = [f'[variants.v{place}]\nsource = {{ file = "{file}" }}\n' for place, file in enumerate(files)]
    (folder / "study.toml").write_text(text + "\n" + "".join(tables))
    return load_study(folder / "study.toml")


def test_the_order_of_the_rows_comes_back(shared):
    """Everything else in the header is in alphabetical order."""
    checkpoint = load_checkpoint(shared)
    assert list(checkpoint.label_sets.items()) == list(SETS.items())
    metadata = json.loads(read_weights(shared)[1][RECORD])["metadata"]
    assert list(metadata) == ["categories", "label_sets"]


@pytest.mark.parametrize(
    ("name", "rows"), [("photographs", slice(0, 4)), ("animals", slice(4, 6)), ("beasts", slice(6, 7))]
)
def test_a_study_takes_its_rows_and_names(model, shared, tmp_path, name, rows):
    loaded = study(tmp_path, f'label_set = "{name}"', shared, shared).load("v0", "cpu")
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(loaded.model(images), model(images)[:, rows])
    assert loaded.categories == NAMES[rows]
    assert loaded.params == sum(parameter.numel() for parameter in loaded.model.parameters())


def test_slices_have_fingerprints_of_their_own_and_the_file_stays_whole(model, shared, tmp_path):
    whole = study(tmp_path, "", shared, shared).load("v0", "cpu")
    found = {study(tmp_path, f'label_set = "{name}"', shared, shared).load("v0", "cpu").fingerprint for name in SETS}
    assert len(found | {whole.fingerprint}) == 4
    assert whole.categories == NAMES
    assert torch.equal(load_checkpoint(shared).network().classifier[-1].weight, model.classifier[-1].weight)
    assert load_checkpoint(shared).num_classes == 7


def test_the_manifests_names_may_replace_the_recorded_ones(shared, tmp_path):
    text = 'label_set = "animals"\ncategories = ["feline", "canine"]'
    assert study(tmp_path, text, shared, shared).load("v1", "cpu").categories == ["feline", "canine"]


def test_names_are_not_needed(model, tmp_path):
    save_checkpoint(tmp_path / "bare.safetensors", model, scaling=SCALING, family="b", metadata={"label_sets": SETS})
    loaded = study(tmp_path, 'label_set = "animals"', "bare.safetensors", "bare.safetensors").load("v0", "cpu")
    assert loaded.categories == ["class 0", "class 1"]


def test_a_file_that_has_the_studys_classes_alone_fits_as_it_is(tmp_path, shared):
    """Weights of another project with the study's classes record no label set and need none."""
    torch.save(efficientnet(SCALING, 2).state_dict(), tmp_path / "two.pth")
    own = study(tmp_path, 'label_set = "animals"\ncategories = ["cat", "dog"]', shared, shared)
    assert own.with_checkpoint("v0", tmp_path / "two.pth").load("v0", "cpu").categories == ["cat", "dog"]
    with pytest.raises(StudyError, match="no label set 'animals', it records none; give a checkpoint that has it"):
        study(tmp_path, 'label_set = "animals"', "two.pth", "two.pth").load("v0", "cpu")


def test_sets_that_are_not_there_are_one_sentence(shared, tmp_path):
    asking = study(tmp_path, 'label_set = "flowers"', shared, shared)
    words = (
        "variant 'v1': no label set 'flowers', it has 'photographs', 'animals', 'beasts'; give a checkpoint that has it"
    )
    with pytest.raises(StudyError, match=re.escape(words)):
        asking.load("v1", "cpu")
    with pytest.raises(CheckpointError, match="no label set 'flowers'"):
        load_checkpoint(shared).network("flowers")
    with pytest.raises(StudyError, match=r"its weights know 7 classes, the study .* has 2; .*, or name its label_set"):
        study(tmp_path, 'categories = ["cat", "dog"]', shared, shared).load("v0", "cpu")
    with pytest.raises(StudyError, match="label_set = 7 is not understood"):
        study(tmp_path, "label_set = 7", shared, shared)


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ({"a": 4, "b": 2}, "label sets of 4 + 2 rows recorded for a classifier of 7; expected rows that add up to it"),
        ({"a": 7, "b": 0}, "recorded label sets are not understood"),
        ({"a": 7.0}, "recorded label sets are not understood"),
        ({"a": True, "b": 6}, "recorded label sets are not understood"),
        (["a", "b"], "recorded label sets are not understood; expected the number of rows of each by its name"),
    ],
)
def test_rows_that_fit_no_label_set_are_one_sentence(model, tmp_path, sets, words, monkeypatch):
    path = tmp_path / "broken.safetensors"
    with pytest.raises(CheckpointError, match=re.escape(words)):
        save_checkpoint(path, model, scaling=SCALING, family="b", metadata={"label_sets": sets})
    monkeypatch.setattr("models.checkpoints.loading.check_metadata", lambda *_: None)
    save_checkpoint(path, model, scaling=SCALING, family="b", metadata={"label_sets": sets})
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=re.escape(words)):
        load_checkpoint(path)
