"""Recipes are read with one sentence for every mistake, and what follows from them."""

import json

import pytest

from models.training.recipe import Phase, Recipe, load_recipe


def test_recipe_names_its_mistakes(tmp_path):
    path = tmp_path / "mine.toml"
    mistakes = {
        "lr = 'fast'": r"'mine' is not understood .*got `str` - at `\$.lr`",
        "speed = 1": "unknown setting 'speed'; choose from name",
        "optimiser = 'adam'": "optimiser is 'adam'; choose from sgd, adamw, rmsprop",
        "policy = 'autoaugment'": "policy is 'autoaugment'; choose from none, trivial",
        "phases = [{ epochs = 0 }]": r"expected 1 epoch or more, .* at `\$.phases\[0\]`",
        "phases = [{ epochs = 1, length = 1 }]": r"unknown field `length` - at `\$.phases\[0\]`",
        "phases = [{ epochs = 1.5 }]": r"Expected `int`, got `float` - at `\$.phases\[0\].epochs`",
        "phases = []": "expected a phase",
        "lr = ": "is not TOML",
        "extends = 'nothing'": "unknown recipe 'nothing'; choose from imagenet",
        f"extends = '{path}'": "extends itself; take a line 'extends' out",
        "lr = " + "[" * 5000: "is not TOML",
        "#" * (2**20 + 1): "larger than 1 MiB",
    }
    for text, message in mistakes.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            load_recipe(path)


@pytest.mark.parametrize("name", ["photographs", "photographs-gpu", "imagenet"])
def test_recipes_of_the_project_load(name):
    assert load_recipe(name).name == name
    assert load_recipe(name).epochs >= 1


def test_numbers_are_recorded_as_they_are_written():
    """A checkpoint's metadata hold the recipe: 5 must not become 5.0, or the same training gives another file."""
    assert '"warmup_epochs": 5, ' in json.dumps(load_recipe("imagenet").as_dict())


def test_fewer_epochs_are_shared_out_and_end_at_the_real_resolution():
    recipe = Recipe("phases", phases=(Phase(70, 0.5), Phase(20, 0.75), Phase(10)))
    assert [p.epochs for p in recipe.with_epochs(10).phases] == [7, 2, 1]
    assert recipe.with_epochs(1).phases == (Phase(1),)
    assert [p.resolution for p in recipe.with_epochs(2).phases] == [0.75, 1.0]
    assert recipe.with_epochs(200).epochs == 200
    assert recipe.phase_at(89) == (1, Phase(20, 0.75))


def test_rates_follow_the_batch_size():
    recipe = Recipe("batches", batch_size=64, lr=0.02, lr_classifier=0.1).with_batch_size(16)
    assert (recipe.batch_size, recipe.lr, recipe.lr_classifier) == (16, 0.005, 0.025)


def test_micro_batches_need_kept_statistics():
    with pytest.raises(ValueError, match="micro_batch splits batches and needs batchnorm = 'kept'"):
        Recipe("split", micro_batch=2)
