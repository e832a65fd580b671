"""Every score with masks equals a slow, obvious re-implementation, and a case computed by hand."""

import numpy as np
import pytest

from cam.evaluation.scoring import SCORED_SIZE
from cam.maps.cells import CellGrid, centred_gaussian
from cam.measures.mask_scores import BAND, boundary_agreement, energy_in_mask, instance_scores, pixel_scores

MAP = np.array([[4.0, 3, 2], [1, 0, -1], [-5, 9, 0]])
MASK = np.array([[1, 0, 2], [0, 0, 0], [0, 255, 0]], dtype=np.uint8)  # the 9 is ignored


def random_case(seed: int, side: int = 12, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    map_ = generator.normal(size=(side, side)).cumsum(axis=0).cumsum(axis=1)
    mask = np.zeros((side, side), dtype=np.uint8)
    mask[1:5, 2:6], mask[7:11, 6:11], mask[0], mask[5, 5] = 1, 2, 255, 255
    return (np.round(map_) if ties else map_), mask


def pixels_of(map_: np.ndarray, mask: np.ndarray) -> list[tuple[float, bool]]:
    return [(float(v), bool(m)) for v, m in zip(map_.ravel(), mask.ravel(), strict=True) if m != 255]


def slow_auroc(map_, mask):
    """Compare every object pixel with every background pixel: won, drawn or lost."""
    pixels = pixels_of(map_, mask)
    pairs = [(a, b) for a, on in pixels if on for b, other in pixels if not other]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)


def slow_curve(map_, mask):
    """(precision, recall, IoU) at every distinct threshold, from the highest."""
    pixels = pixels_of(map_, mask)
    positives = sum(on for _, on in pixels)
    for threshold in sorted({value for value, _ in pixels}, reverse=True):
        hits = sum(on for value, on in pixels if value >= threshold)
        taken = sum(value >= threshold for value, _ in pixels)
        yield hits / taken, hits / positives, hits / (positives + taken - hits)


def slow_average_precision(map_, mask):
    total, before = 0.0, 0.0
    for precision, recall, _ in slow_curve(map_, mask):
        total, before = total + (recall - before) * precision, recall
    return total


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [True, False])
def test_pixel_scores_equal_the_slow_ones(seed, ties):
    map_, mask = random_case(seed, ties=ties)
    scores = pixel_scores(map_, mask)
    assert scores.auroc == pytest.approx(slow_auroc(map_, mask))
    assert scores.average_precision == pytest.approx(slow_average_precision(map_, mask))
    assert scores.best_iou == pytest.approx(max(iou for *_, iou in slow_curve(map_, mask)))


def test_pixel_scores_by_hand():
    """The ranking without the ignored 9 is on, off, on, off, ...; one of twelve pairs is lost."""
    scores = pixel_scores(MAP, MASK)
    assert scores.auroc == pytest.approx(11 / 12)
    assert scores.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert scores.best_iou == pytest.approx(2 / 3)


def test_a_constant_map_ranks_by_chance():
    scores = pixel_scores(np.zeros((3, 3)), MASK)
    assert scores == pytest.approx((0.5, 0.25, 0.25))


@pytest.mark.parametrize("seed", range(3))
def test_energy_equals_the_slow_sum(seed):
    map_, mask = random_case(seed)
    pixels = pixels_of(map_, mask)
    share = sum(max(v, 0) for v, on in pixels if on) / sum(max(v, 0) for v, _ in pixels)
    chance = sum(on for _, on in pixels) / len(pixels)
    assert energy_in_mask(map_, mask) == pytest.approx((share, share / chance))


def test_energy_by_hand():
    """6 of 10 units of positive evidence are on the object, which has 2 of 8 pixels."""
    assert energy_in_mask(MAP, MASK) == pytest.approx((0.6, 2.4))
    assert energy_in_mask(-np.ones((3, 3)), MASK) == (0, 0)
    assert energy_in_mask(np.ones((3, 3)), MASK).ratio == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_instance_scores_equal_the_slow_ones(seed):
    map_, mask = random_case(seed)
    peak = max(value for value, _ in pixels_of(map_, mask))
    objects = [[max(v, 0) / peak for v, m in zip(map_.ravel(), mask.ravel(), strict=True) if m == n] for n in (1, 2)]
    assert instance_scores(map_, mask).worst_mean == pytest.approx(min(sum(one) / len(one) for one in objects))
    assert instance_scores(map_, mask).recall == sum(max(one) >= 0.5 for one in objects) / 2


def test_instance_scores_by_hand():
    """Object 1 has the peak of 4, object 2 half of it; the ignored 9 is not a peak."""
    assert instance_scores(MAP, MASK) == (0.5, 1.0)
    assert instance_scores(MAP, MASK, found_at=0.6) == (0.5, 0.5)
    assert instance_scores(-np.ones((3, 3)), MASK) == (0, 0)


def slow_boundary_agreement(map_, mask, steps):
    """Pixel by pixel: as many of the highest as the object has, and of these the pixels within some steps of the outside."""
    counted = [(y, x) for y in range(len(mask)) for x in range(len(mask)) if mask[y, x] != 255]
    objects = {place for place in counted if mask[place]}
    chosen = set(sorted(counted, key=lambda place: -map_[place])[: len(objects)])

    def band(region):
        return {
            (y, x)
            for y, x in region
            if any(
                (y + down, x + right) not in region
                for down in range(-steps, steps + 1)
                for right in range(-steps, steps + 1)
            )
        }

    one, other = band(objects), band(chosen)
    return len(one & other) / len(one | other)


@pytest.mark.parametrize("seed", range(4))
def test_boundary_agreement_equals_sets_of_pixels(seed):
    map_, mask = random_case(seed, side=24, ties=False)
    for width, steps in ((0.05, 1), (0.1, 2)):
        assert boundary_agreement(map_, mask, width) == pytest.approx(slow_boundary_agreement(map_, mask, steps))


def disc(side: int = 112) -> tuple[np.ndarray, np.ndarray]:
    """Distance from a point off the middle, and the disc around that point."""
    rows, columns = np.mgrid[:side, :side] / side
    distance = np.hypot(rows - 0.45, columns - 0.4)
    return distance, (distance < 0.22).astype(np.uint8)


def test_neither_a_flat_nor_a_peaked_map_wins_boundary_agreement():
    """Only the order of the pixels counts: any sharpening or flattening of a map scores exactly the same."""
    distance, mask = disc()
    smooth = np.exp(-(distance**2))
    assert boundary_agreement(smooth, mask) == 1
    for same in (smooth**40, smooth**0.01, np.log(smooth), 7 * smooth - 100):
        assert boundary_agreement(same, mask) == 1
    noisy = smooth + np.random.default_rng(0).normal(size=mask.shape)
    assert boundary_agreement(np.exp(9 * noisy), mask) == boundary_agreement(noisy, mask) < 0.3
    assert boundary_agreement(np.ones(mask.shape), mask) == 0
    peak = np.zeros(mask.shape)
    peak[50, 45] = 1
    assert boundary_agreement(peak, mask) < 0.05
    gaussian = CellGrid.even(28).drawn(centred_gaussian()[None], 112)[0]
    assert boundary_agreement(gaussian, mask) < 0.5


SCORES = {
    "auroc": lambda map_, mask: pixel_scores(map_, mask).auroc,
    "boundary": boundary_agreement,
    "energy": lambda map_, mask: energy_in_mask(map_, mask).share,
    "average precision": lambda map_, mask: pixel_scores(map_, mask).average_precision,
    "worst mean": lambda map_, mask: instance_scores(map_, mask).worst_mean,
}


def scattered(count: int = 30) -> list[tuple[float, ...]]:
    """Row, column and radius of a disc, and row and column of the middle of a smooth map: sometimes near, sometimes beside it."""
    generator = np.random.default_rng(0)
    discs = generator.uniform([0.35, 0.35, 0.1], [0.65, 0.65, 0.3], (count, 3))
    return [(*one, *(one[:2] + generator.uniform(-0.12, 0.12, 2))) for one in discs]


def bump(side: int, row: float, column: float) -> np.ndarray:
    """A smooth function of the place, sampled at the middles of pixels or cells."""
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    return np.exp(-((rows - row) ** 2 + (0.8 * (columns - column)) ** 2) / 0.08)


def round_mask(side: int, row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    return (np.hypot(rows - row, columns - column) < radius).astype(np.uint8)


@pytest.mark.parametrize("name", SCORES)
def test_scores_do_not_depend_on_the_size_that_map_and_mask_are_drawn_at(name):
    """The same smooth map and the same disc at 112 to 448 pixels: each of thirty cases within 0.01."""
    found = [
        [SCORES[name](bump(side, *one[3:]), round_mask(side, *one[:3])) for side in (112, 168, 224, 448)]
        for one in scattered()
    ]
    assert np.ptp(found, axis=1).max() < 0.01


@pytest.mark.parametrize(
    ("name", "on_average", "each"),
    [("auroc", 0.004, 0.01), ("boundary", 0.005, 0.035), ("energy", 0.02, 0.03), ("average precision", 0.01, 0.1)],
)
def test_how_far_scores_depend_on_the_number_of_cells(name, on_average, each):
    """The same smooth function on 7, 10 and 14 cells against 28, drawn at one size: AUROC within 0.01, others as documented."""
    found = np.array(
        [
            [
                SCORES[name](CellGrid.even(cells).drawn(bump(cells, *one[3:])[None], 112)[0], round_mask(112, *one[:3]))
                for cells in (7, 10, 14, 28)
            ]
            for one in scattered()
        ]
    )
    differences = found[:, :3] - found[:, 3:]
    assert np.abs(differences.mean(axis=0)).max() < on_average
    assert np.abs(differences).max() < each
    if name == "energy":
        assert (np.diff(found.mean(axis=0)) > 0).all()  # a coarse grid spreads a peak, so it has less on the object


def test_the_band_of_the_edge_is_the_one_that_the_reports_were_measured_with():
    """Six pixels at 112, where maps are scored; and whole pixels at the other sizes, so that none of them rounds it."""
    assert SCORED_SIZE == 112
    np.testing.assert_allclose(BAND * np.array([112, 168, 224, 448]), [6, 9, 12, 24])


@pytest.mark.parametrize("score", [energy_in_mask, pixel_scores, instance_scores, boundary_agreement])
@pytest.mark.parametrize(
    ("map_", "mask", "words"),
    [
        (np.zeros((2, 2)), MASK, r"the map has shape \(2, 2\), its mask \(3, 3\)"),
        (np.full((3, 3), np.inf), MASK, "not finite"),
        (MAP, np.zeros_like(MASK), "nothing in the mask is an object"),
        (MAP, np.ones_like(MASK), "everything in the mask is an object"),
        (MAP, np.full_like(MASK, 255), "nothing in the mask is an object"),
    ],
)
def test_input_that_has_no_score_is_refused_in_one_sentence(score, map_, mask, words):
    with pytest.raises(ValueError, match=words):
        score(map_, mask)
