"""Every score with masks equals a slow, obvious re-implementation and a case worked out by hand."""

import numpy as np
import pytest

from cam.metrics import box_hits, box_overlaps, energy_in_mask, instance_scores, max_box_accuracy, pixel_scores

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
    """Every pair of an object's and a background pixel: won, drawn or lost."""
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
    """Ranking without the ignored 9: on, off, on, off, ...; one of twelve pairs is lost."""
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
    """6 of 10 units of positive evidence, on 2 of 8 pixels."""
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
    """Object 1 holds the peak of 4, object 2 half of it; the ignored 9 is no peak."""
    assert instance_scores(MAP, MASK) == (0.5, 1.0)
    assert instance_scores(MAP, MASK, found_at=0.6) == (0.5, 0.5)
    assert instance_scores(-np.ones((3, 3)), MASK) == (0, 0)


def slow_box_overlap(map_, mask, threshold):
    """Flood fill, bounding boxes from sets of pixels, intersection over union from sets of pixels."""
    scaled = (map_ - map_.min()) / (map_.max() - map_.min())
    left = {(int(i), int(j)) for i, j in np.argwhere(scaled > threshold)}

    def filled_box(points):
        rows, columns = [i for i, _ in points], [j for _, j in points]
        return {(i, j) for i in range(min(rows), max(rows) + 1) for j in range(min(columns), max(columns) + 1)}

    regions = []
    while left:
        region, frontier = set(), [left.pop()]
        while frontier:
            i, j = frontier.pop()
            region.add((i, j))
            near = {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
            left -= near
            frontier += near
        regions.append(filled_box(region))
    truth = [filled_box([tuple(p) for p in np.argwhere(mask == n)]) for n in (1, 2)]
    return max((len(a & b) / len(a | b) for a in regions for b in truth), default=0.0)


@pytest.mark.parametrize("seed", range(3))
def test_box_overlaps_equal_flood_filling(seed):
    map_, mask = random_case(seed, ties=False)
    thresholds = np.arange(10) / 10
    slow = [slow_box_overlap(map_, mask, threshold) for threshold in thresholds]
    np.testing.assert_allclose(box_overlaps(map_, mask, thresholds), slow)


def test_box_overlaps_by_hand():
    map_, mask = np.zeros((6, 6)), np.zeros((6, 6), dtype=np.uint8)
    mask[0:2, 0:2], map_[0:2, 0:4], map_[0:2, 0:2] = 1, 1, 2
    np.testing.assert_allclose(box_overlaps(map_, mask, np.array([0.0, 0.5, 0.99])), [0.5, 1, 1])
    np.testing.assert_array_equal(box_overlaps(np.ones((6, 6)), mask, np.array([0.0])), [0])


def test_max_box_accuracy_by_hand():
    """Overlap 0.3: both images right at the first threshold; 0.5 and 0.7: one image, at either of two."""
    hits = box_hits(np.array([[0.4, 0.8], [0.6, 0.1]]))
    assert hits.shape == (2, 3, 2)
    np.testing.assert_allclose(max_box_accuracy(hits), [(1 + 0.5 + 0.5) / 3])
    np.testing.assert_allclose(max_box_accuracy(hits, np.array([[1.0, 0], [0, 1]])), [1, 2 / 3])


@pytest.mark.parametrize("score", [energy_in_mask, pixel_scores, instance_scores, box_overlaps])
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
