"""What the Evidence page shows of single images equals what the measurements count: real weights, real photographs."""

from pathlib import Path

import numpy as np
import pytest

from cam import open_image
from cam.cells import CellGrid
from cam.comparing import compare
from cam.deletion_film import deletion_film
from cam.evaluation.few import evaluate_few
from cam.evaluation.measurements import OWN, Networks, Photograph, measure_mosaics
from cam.evaluation.report import headline, signed
from cam.evaluation.shipped import evaluated_studies, shipped_evaluation
from cam.masks import read_masks
from cam.perturbation import class_probability, deletion_curve, insertion_curve
from cam.pointing_game import play
from models import load_study
from models.studies import STUDY_FOLDER

NAMES = ("cat.jpg", "meerkats.jpg", "red-panda.jpg", "spoonbills.jpg")


@pytest.fixture(scope="module")
def two(lite):
    return {key: lite[key] for key in ("baseline", "compound")}


@pytest.fixture(scope="module")
def photographs(samples, lite):
    masks = read_masks(samples, lite["baseline"].categories)
    return [
        Photograph(name, samples / name, tuple(masks[samples / name].kinds()), masks[samples / name]) for name in NAMES
    ]


def test_the_game_shows_the_scores_that_are_measured(two, photographs):
    pictures = [open_image(one.path) for one in photographs]
    game = play(two, pictures, [one.kinds[0] for one in photographs], "2x2", size=64)
    (row,) = measure_mosaics([photographs], [pictures], "2x2", Networks(two, {}, {}), "cam", "square")
    for key in two:
        assert np.diag(game.shares[key]).mean() == pytest.approx(row["scores"][f"pointing-2x2|{key}|{OWN}"], abs=1e-5)
        assert game.shares[key].sum(axis=1) == pytest.approx(1)
        assert len(game.pictures[key]) == 4
    assert game.classes[1:] == ["meerkat", "lesser panda", "spoonbill"]


def test_the_film_shows_the_images_of_the_curves(two, samples):
    network, picture = two["baseline"], open_image(samples / "meerkats.jpg")
    film = deletion_film(network, picture, steps=4)
    seen = compare({"one": network}, [picture], target="own")
    image = network.transform(picture)
    drawn = CellGrid(tuple(network.cell_centres()), 224).drawn(seen.maps["one"], 224)[0]
    probability = class_probability(network, int(seen.class_idx["one"][0]))
    assert film.category == "meerkat"
    np.testing.assert_allclose(film.curves["deletion"], deletion_curve(probability, image, drawn, 4), rtol=1e-4)
    np.testing.assert_allclose(film.curves["insertion"], insertion_curve(probability, image, drawn, 4), rtol=1e-4)
    first, last = film.frames["deletion"][0], film.frames["insertion"][-1]
    shown = np.asarray(picture.resize((224, 224)), dtype=int)
    assert np.abs(first - shown).mean() < 8
    assert np.array_equal(first, last)
    assert np.ptp(film.frames["deletion"][-1], axis=(0, 1)).max() == 0


def test_a_few_photographs_give_a_report_with_progress(two, photographs):
    said = []
    pictures = [open_image(one.path) for one in photographs]
    report = evaluate_few(photographs, pictures, Networks(two, {}, {}), progress=lambda *what: said.append(what))
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert report["images"]["all"] == 4
    assert report["measurements"]["pointing-2x2"]["groups"]["all"]["images"] == 1
    assert "random" not in report["measurements"]["energy"]["groups"]["all"]["networks"]["compound"]
    with pytest.raises(ValueError, match="there is no photograph"):
        evaluate_few([], [], Networks(two, {}, {}))


def test_shipped_evaluations_are_of_networks_that_are_here(two):
    assert "imagenet-lite" in evaluated_studies()
    report = shipped_evaluation("imagenet-lite")
    for key, network in two.items():
        assert report["networks"][key]["fingerprint"] == network.fingerprint
    assert report["rows"]["photographs"]["name"]


def test_the_evaluation_of_the_trained_five_is_of_the_checkpoints_that_ship():
    report, study = shipped_evaluation("caltech101"), load_study("caltech101")
    trained = {key: study.load(key) for key in study.variants}
    trained |= {path.stem: study.with_checkpoint("baseline", path).load("baseline") for path in study.retrained}
    assert {key: one["fingerprint"] for key, one in report["networks"].items()} == {
        key: network.fingerprint for key, network in trained.items()
    }
    assert report["rows"]["photographs"]["name"] == (STUDY_FOLDER / "caltech101-test.txt").read_text().split()


def test_the_readme_states_what_the_evaluation_of_the_trained_five_found():
    """Its two tables under Evidence: differences to the baseline with their intervals, and correlations of maps."""
    report, readme = (
        shipped_evaluation("caltech101"),
        (STUDY_FOLDER.parents[1] / "README.md").read_text(encoding="utf-8"),
    )
    found = [headline(report["measurements"][name]) for name in ("pointing-1x2", "pointing-2x2", "entropy")]
    labels = {"depth": "deeper", "width": "wider", "resolution": "higher resolution", "compound": "compound"}
    for key, label in labels.items():
        cells = [label, *(signed(one["networks"][key][OWN]["difference"]) for one in found)]
        assert f"| {' | '.join(cells)} |" in readme
    correlations = report["pairs"]["correlation"]
    keys = ["baseline", *labels, "ancestor"]
    for place, one in enumerate(keys[:-1], 1):
        together = {**correlations["variants"], **correlations["ancestor"]}
        values = [f"{together[f'{one} and {other}'][0]:.2f}" for other in keys[place:]]
        assert f"| {one} |{' |' * (place - 1)} {' | '.join(values)} |" in readme
    assert max(mean for mean, _, _ in correlations["ancestor"].values()) < 0.8, "the warm start must not dominate"


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 0}', '{"format": 1}'])
def test_a_damaged_evaluation_is_a_sentence(tmp_path: Path, content):
    (tmp_path / "mine.json").write_text(content)
    with pytest.raises(ValueError, match="make it again"):
        shipped_evaluation("mine", tmp_path)
    assert shipped_evaluation("../mine", tmp_path) is None
