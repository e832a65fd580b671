"""Verdicts on the paper's statements follow from intervals: each outcome from rows made up by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from cam.evaluation.measurements import GAUSSIAN, OWN, PAIRS, POOLED, RANDOM, READINGS, Networks
from cam.evaluation.report import build_report
from cam.evaluation.verdicts import CONTROLS, FAILS, HOLDS, OPEN, own_networks, verdicts

KEYS = ("baseline", "depth", "compound")


def report(gain: float, pooled: float, depth: float = 0.0, seed: float | None = None, chance: float = 0.1, count=12):
    """Two objects in each photograph: how much more of them the compound network finds at its own grid and pooled.

    ``depth`` is the deeper network's gain, ``seed`` that of a second training of the baseline, ``chance`` the score of
    the Gaussian and of random weights. Gains differ a little from photograph to photograph.
    """
    seeds = {} if seed is None else {"baseline-seed1": SimpleNamespace()}
    some = Networks(dict.fromkeys(KEYS, SimpleNamespace()), seeds, {f"{RANDOM}{key}": None for key in KEYS})
    made = []
    for row in range(count):
        wave = 0.01 * np.cos(row)
        gains = {"baseline": 0.0, "depth": depth + wave, "compound": gain + wave, "baseline-seed1": seed}
        scores = {}
        for name in ("worst-instance", "instance-recall"):
            for key in (*some.own, *some.seeds):
                for reading in READINGS:
                    own = pooled + wave if key == "compound" and reading == POOLED else gains[key]
                    scores[f"{name}|{key}|{reading}"] = 0.3 + own
            scores |= {f"{name}|{key}|{OWN}": chance for key in (*some.random, GAUSSIAN)}
        pairs = {f"{name}|{one}|{other}": 0.5 for name in PAIRS for one, other in some.pairs}
        right = dict.fromkeys((*some.own, *some.seeds), True)
        made.append({"name": f"{row}.jpg", "right": right, "scores": scores, "pairs": pairs})
    return build_report(made, [], some) | {"baseline": "baseline", "networks": {**some.own, **some.seeds}}


@pytest.mark.parametrize(
    ("made", "outcome", "words"),
    [
        (report(0.2, 0.2), HOLDS, "Every measurement supports it"),
        (report(0.2, 0.1), HOLDS, "Every measurement supports it"),
        (report(0.2, 0.0), OPEN, "own grid only"),
        (report(0.0, 0.2), OPEN, "Some measurements support it"),
        (report(-0.2, 0.0), FAILS, "the opposite of the paper"),
        (report(0.0, 1e-6), OPEN, "No difference can be seen"),
        (report(-0.2, -0.2), FAILS, "the opposite of the paper"),
        (report(0.0, 0.0), OPEN, "No difference can be seen"),
        (report(0.0, 0.0, seed=0.1), FAILS, "no larger than between two trainings"),
        (report(0.2, -0.2), OPEN, "others contradict it"),
        (report(0.2, 0.2, count=9), OPEN, "it needs 10 masks with several objects"),
    ],
)
def test_every_outcome(made, outcome, words):
    verdict = verdicts(made)[2]
    assert verdict.outcome == outcome
    assert words.lower() in verdict.sentence.lower()
    assert verdict.sentence.endswith(".")
    assert verdict.line.startswith(f'"captures all objects" {outcome} for compound against baseline: ')


def test_a_line_says_what_was_not_measured():
    made = report(0.2, 0.1)
    assert verdicts(made)[2].line.endswith("; the spread between trainings was not measured")
    first = verdicts(made)[0].line
    assert first.endswith(": not measured on enough images, it needs 10 mosaics or masks")
    assert verdicts(made, "compound")[0].line == (
        '"more relevant regions" cannot be told: not measured, it needs two variants'
    )


def test_a_claim_within_the_noise_floor_does_not_hold_however_narrow_its_interval():
    assert verdicts(report(0.2, 0.2))[2].outcome == HOLDS
    noisy = verdicts(report(0.2, 0.2, seed=0.3))[2]
    assert noisy.outcome == FAILS
    assert noisy.survived["noise"] is False
    assert ", noise floor 0.300" in noisy.line
    assert verdicts(report(0.2, 0.2, seed=0.1))[2].outcome == HOLDS


def test_the_noise_floor_of_each_grid_is_its_own():
    made = report(0.2, 0.2, seed=0.01)
    for measurement in made["measurements"].values():
        for group in measurement["groups"].values():
            group["noise_floor"] |= {POOLED: 0.3}
    assert "own grid only" in verdicts(made)[2].line


def test_controls_are_named():
    every = verdicts(report(0.2, 0.2, seed=0.01))[2]
    assert every.survived == dict.fromkeys(CONTROLS, True)
    assert "it survives a common 7 × 7 grid" in every.sentence
    chance = verdicts(report(0.2, 0.2, chance=0.9))[2]
    assert [key for key, yes in chance.survived.items() if not yes] == ["gaussian", "random"]
    assert "but not a centred Gaussian and random weights" in chance.sentence


def test_another_rival_is_judged_on_the_single_images():
    made = report(0.2, 0.2, depth=0.4)
    assert verdicts(made, "depth")[2].outcome == FAILS
    difference = verdicts(made, "depth")[2].evidence[0].differences[OWN]
    assert difference.estimate == pytest.approx(-0.2, abs=1e-3)


def test_retrainings_are_no_variants():
    assert own_networks(report(0.1, 0.1, seed=0.0)) == list(KEYS)
    bare = {key: value for key, value in report(0.1, 0.1, seed=0.0).items() if key != "rows"}
    assert own_networks(bare) == list(KEYS)
    assert verdicts(bare)[0].subject == "compound"
