"""What the page Evidence shows for single images equals what is measured, with real weights and real photographs."""

from pathlib import Path

import numpy as np
import pytest

from cam import open_image
from cam.compare import compare
from cam.evaluation.contenders import GAUSSIAN, at_size, contenders
from cam.evaluation.deletion_film import deletion_film
from cam.evaluation.in_memory import evaluate_few
from cam.evaluation.placing import placed
from cam.evaluation.pointing_game import play
from cam.evaluation.registry import CLASS_MEAN, COMMON, HALF_PIXEL, OWN
from cam.evaluation.scoring import (
    FOUR_CLASSES,
    ONE_CLASS,
    SCORED_SIZE,
    Scored,
    measure_mosaics,
    measure_photographs,
)
from cam.evaluation.shipped import shipped_evaluation, shipped_evaluations
from cam.evaluation.verdicts import verdicts
from cam.maps.cells import CellGrid
from cam.measures.masks import read_masks
from cam.measures.perturbation import class_probability, deletion_curve, insertion_curve
from cam.question import QUESTION
from models import Network, load_study
from models.placement import NOMINAL

NAMES = ("cat.jpg", "meerkats.jpg", "red-panda.jpg", "spoonbills.jpg")


@pytest.fixture(scope="module")
def two(lite):
    return {key: lite[key] for key in ("baseline", "compound")}


@pytest.fixture(scope="module")
def photographs(samples, lite):
    masks = read_masks(samples, lite["baseline"].categories)
    return [
        Scored(name, samples / name, tuple(masks[samples / name].kinds()), masks[samples / name], cluster)
        for name, cluster in zip(NAMES, ("cat", "meerkat", "lesser panda", "spoonbill"), strict=True)
    ]


@pytest.fixture(scope="module")
def rivals(two):
    """The two networks with all controls."""
    return contenders(two)


@pytest.fixture(scope="module")
def rows(rivals, photographs):
    return measure_photographs(photographs, [open_image(one.path) for one in photographs], rivals, QUESTION)


def mean(rows, name, training, reading=OWN):
    having = [row for row in rows if name in row.scores]
    return np.mean([row.scores[name][reading][training] for row in having])


def test_trained_networks_beat_the_gaussian_and_random_weights(rows):
    for name in ("energy", "auroc", "average-precision"):
        assert mean(rows, name, "baseline") > mean(rows, name, GAUSSIAN) > mean(rows, name, "random baseline 1"), name
    assert mean(rows, "boundary", "baseline") > mean(rows, "boundary", "random baseline 1")
    assert all(row.right["baseline"] for row in rows)
    assert [row.names[0] for row in rows if "instance-recall" in row.scores] == ["meerkats.jpg", "spoonbills.jpg"]


def test_random_weights_have_nothing_to_do_with_the_trained_ones(two, rivals):
    """A control drawn from a training's own seed would correlate with it at 0.8."""
    draws = list(rivals.arms["random baseline"].trainings.values())
    weights = [one.classifier.weight.detach().flatten().numpy() for one in (two["baseline"], *draws)]
    assert len(draws) == 3
    assert np.abs(np.corrcoef(weights) - np.eye(4)).max() < 0.01


def test_more_pixels_alone_are_a_control(two, rivals, rows):
    """The baseline's own weights at compound's size are measured beside it, and are the baseline's."""
    side = two["compound"].scaling.input_size
    larger = rivals.arms[f"baseline at {side}"].trainings[f"baseline at {side}"]
    assert larger.scaling.input_size == side
    assert larger.classifier is two["baseline"].classifier
    picture = larger.transform(open_image("sample_images/cat.jpg"))[None]
    assert larger.features(picture).shape[-1] == len(larger.cell_centres()) > len(two["baseline"].cell_centres())
    assert at_size(larger, side) is larger
    assert all(f"baseline at {side}" in row.scores["auroc"][OWN] for row in rows)


def test_every_map_is_scored_at_the_same_size_where_its_cells_look(two, photographs, monkeypatch):
    """Networks of any resolution, random weights and the Gaussian; on mosaics every tile has the size of a photograph."""
    sizes, grids, drawn = [], [], CellGrid.drawn
    offsets = {network.cell_offset() for network in two.values()}

    def seen(grid, maps, size):
        sizes.append(size)
        grids.append(grid)
        return drawn(grid, maps, size)

    monkeypatch.setattr(CellGrid, "drawn", seen)
    pictures = [open_image(photographs[0].path)]
    (row,) = measure_photographs(photographs[:1], pictures, contenders(two), QUESTION)
    assert set(sizes) == {SCORED_SIZE}
    assert len(sizes) == sum(len(found) for found in row.scores["auroc"].values())
    assert offsets <= {grid.offset for grid in grids}
    del sizes[:], grids[:]
    measure_mosaics(ONE_CLASS, [photographs[:1] * 4], [pictures * 4], contenders(two), QUESTION)
    assert len(set(sizes)) == 1
    assert {(2 * one.scaling.input_size, one.cell_offset()) for one in two.values()} <= {
        (grid.resolution, grid.offset) for grid in grids
    }


def test_the_readings_of_a_map(rows):
    """Scores differ on the common grid and with half-pixel placement, but hardly when the mean of all classes is subtracted."""
    found = {reading: mean(rows, "auroc", "baseline", reading) for reading in (OWN, COMMON, CLASS_MEAN, HALF_PIXEL)}
    assert len(set(found.values())) == 4
    assert abs(found[CLASS_MEAN] - found[OWN]) < 0.05
    assert set(rows[0].scores["auroc"][COMMON]) == {"baseline", "compound", "baseline at 260"}


def test_maps_of_different_photographs_correlate_too(rows):
    """The floor that is shown beside every correlation is far from 0."""
    assert np.mean([row.floors["correlation"][0] for row in rows]) > 0.1
    assert np.mean([row.pairs["correlation"][0] for row in rows]) > np.mean(
        [row.floors["correlation"][0] for row in rows]
    )


def test_mosaics_are_seen_at_the_size_that_photographs_are_seen_at(rivals, photographs):
    pictures = [open_image(one.path) for one in photographs]
    (row,) = measure_mosaics(FOUR_CLASSES, [photographs], [pictures], rivals, QUESTION)
    assert row.scores["pointing"][OWN]["baseline"] > 0.5
    assert abs(row.scores["pointing"][OWN]["random baseline 1"] - 0.25) < 0.15
    assert row.scores["pointing"][OWN][GAUSSIAN] == pytest.approx(0.25)
    (same,) = measure_mosaics(ONE_CLASS, [[photographs[1]] * 4], [[pictures[1]] * 4], rivals, QUESTION)
    assert same.scores["objects-found"][OWN]["baseline"] == 1
    assert same.scores["evenness"][OWN]["baseline"] > 0.9
    assert same.cluster == "meerkat"


def test_the_game_shows_every_tile(two, photographs):
    pictures = [open_image(one.path) for one in photographs]
    game = play(two, pictures, [one.kinds[0] for one in photographs], "2x2", size=64)
    for key in two:
        assert np.diag(game.shares[key]).mean() > 0.4
        assert game.shares[key].sum(axis=1) == pytest.approx(1)
        assert len(game.pictures[key]) == 4
    assert game.classes[1:] == ["meerkat", "lesser panda", "spoonbill"]


def test_the_film_shows_the_images_of_the_curves(two, samples):
    network, picture = two["baseline"], open_image(samples / "meerkats.jpg")
    film = deletion_film(network, picture, steps=4)
    seen = compare({"one": network}, [picture], target="own")
    image = network.transform(picture)
    drawn = CellGrid.of(network).drawn(seen.maps["one"], 224)[0]
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
    arms = contenders(two, draws=0)
    report = evaluate_few(photographs, pictures, arms, progress=lambda *what: said.append(what))
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert report.images["all"] == 4
    assert report.finding("pointing").images == 1
    assert report.finding("objects-found") is None
    assert "random compound" not in report.finding("auroc").means
    assert {one.outcome for one in report.statements} == {"cannot be told"}
    with pytest.raises(ValueError, match="there is no photograph"):
        evaluate_few([], [], arms)


@pytest.mark.parametrize("name", shipped_evaluations())
def test_shipped_evaluations_are_of_networks_that_are_here(name):
    report = shipped_evaluation(name)
    study = load_study(report.about.study)
    assert name == study.name or name.startswith(f"{study.name}-")
    assert {key: report.trainings[key].fingerprint for key in study.variants} == {
        key: study.load(key, "cpu").fingerprint for key in study.variants
    }
    assert report.photographs
    assert verdicts(report) == report.statements


def test_a_damaged_evaluation_is_a_sentence(tmp_path: Path):
    (tmp_path / "mine.json").write_text("{")
    with pytest.raises(ValueError, match="make it again"):
        shipped_evaluation("mine", tmp_path)
    assert shipped_evaluation("../mine", tmp_path) is None


def test_a_network_without_placement_gets_one_before_it_is_measured(lite, photographs):
    """A training without a recorded placement would be drawn 12 pixels off and lose for that reason alone."""
    recorded = lite["baseline"]
    bare = Network(
        recorded.model,
        scaling=recorded.scaling,
        family=recorded.family,
        categories=recorded.categories,
        label="bare",
        normalisation=recorded.normalisation,
        device="cpu",
    )
    many = photographs * 3
    found = placed({"bare": bare, "recorded": recorded}, many, "square")
    assert found["recorded"].placement is recorded.placement
    assert found["bare"].placement != NOMINAL
    assert found["bare"].cell_offset() == pytest.approx(recorded.cell_offset(), abs=6)
    assert placed({"few": at_size(bare, 64)}, photographs[:1], "square")
