"""How well photographs in and out of a study's classes are told apart, by which score, and where to draw the line.

Scores are high in the classes. Those of each network are counted in standard deviations from their mean on photographs of the
classes before they are averaged over the networks, so that none outvotes the others by its units.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from models.out_of_class import SCORES, Name, OutOfClass, scored
from models.outputs import probabilities

Numbers = np.ndarray
Logits = Mapping[str, Numbers]  # key of each network -> (N, K)
RESAMPLES = 1000
TAIL = 2.5  # per cent on either side of an interval


@dataclass(frozen=True)
class Answers:
    """What networks say of photographs: logits, and energies (N,) of their classifiers' other rows, {} where one has none."""

    logits: Logits
    others: Mapping[str, Numbers] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many photographs."""
        return len(next(iter(self.logits.values())))

    def part(self, rows: slice | Numbers) -> "Answers":
        """Of some of the photographs."""
        return Answers(*({key: one[rows] for key, one in kind.items()} for kind in (self.logits, self.others)))

    @classmethod
    def joined(cls, sets: Sequence["Answers"]) -> "Answers":
        """Of the photographs of several sets."""
        return cls(_joined([one.logits for one in sets]), _joined([one.others for one in sets]))


def _joined(sets: Sequence[Logits]) -> Logits:
    return {key: np.concatenate([one[key] for one in sets]) for key in sets[0]}


def _each(name: Name) -> Callable[[Answers], Numbers]:
    """A score of each network, (networks, N)."""
    return lambda answers: np.stack(
        [scored(name, logits, answers.others.get(key)) for key, logits in answers.logits.items()]
    )


def _softmaxes(answers: Answers) -> Numbers:
    """Of each network, (networks, N, K)."""
    return np.stack([probabilities(np.asarray(one, np.float64)) for one in answers.logits.values()])


def _mean_probability(answers: Answers) -> Numbers:
    """The likeliest class of all networks together: low where they are unsure and where they disagree."""
    return _softmaxes(answers).mean(axis=0).max(axis=1)[None]


def _together(answers: Answers) -> Numbers:
    energy = _each("energy")(answers)
    return np.concatenate([energy, np.repeat(_mean_probability(answers), len(energy), axis=0)])


def _agreement(answers: Answers) -> Numbers:
    """Share of the networks that see what most of them see."""
    seen = np.stack([one.argmax(axis=1) for one in answers.logits.values()])
    return (seen[:, None] == seen[None]).mean(axis=1).max(axis=0)[None]


CANDIDATES: dict[str, Callable[[Answers], Numbers]] = {  # name -> parts of the score, (parts, N)
    **{name: _each(name) for name in SCORES},
    "max softmax": lambda answers: _softmaxes(answers).max(axis=2),
    "max of the mean softmax": _mean_probability,
    "agreement": _agreement,
    "energy, mean softmax": _together,
}


def sure(answers: Answers, least: float) -> Numbers:
    """Which photographs some network is sure of: it gives a class ``least`` or more."""
    return (_softmaxes(answers).max(axis=(0, 2))) >= least


class Share(NamedTuple):
    """A measured share with its 95 % interval, from photographs drawn again."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Finding(NamedTuple):
    """How well a score tells photographs apart, on others than those it was calibrated on.

    Attributes:
        threshold: below it a photograph counts as out of class.
        auroc: a photograph in the classes scores higher than one outside.
        false_alarms: of the photographs in the classes below the threshold.
        found: of those outside below it.
    """

    threshold: float
    auroc: Share
    false_alarms: Share
    found: Share


class Score(NamedTuple):
    """A calibrated score: ``mean`` and ``deviation`` of its parts, (parts, 1), and the threshold of their mean."""

    name: str
    mean: Numbers
    deviation: Numbers
    threshold: float

    def of(self, answers: Answers) -> Numbers:
        """Of each photograph, (N,)."""
        return ((CANDIDATES[self.name](answers) - self.mean) / self.deviation).mean(axis=0)


def calibrated(name: str, sets: Sequence[Answers], false_alarms: float) -> Score:
    """A score in standard deviations, with the threshold that gives up a share of the photographs of the classes.

    Args:
        name: in ``CANDIDATES``.
        sets: answers to photographs of the classes from several sources, each of which counts alike, however large.
        false_alarms: the share.
    """
    parts = [CANDIDATES[name](answers) for answers in sets]
    weights = np.concatenate([np.full(one.shape[1], 1 / one.shape[1] / len(parts)) for one in parts])
    joined = np.concatenate(parts, axis=1)
    mean = np.average(joined, axis=1, weights=weights)[:, None]
    deviation = np.sqrt(np.average((joined - mean) ** 2, axis=1, weights=weights))[:, None] + 1e-12
    scores = ((joined - mean) / deviation).mean(axis=0)
    order = np.argsort(scores)
    place = np.searchsorted(np.cumsum(weights[order]), false_alarms)
    return Score(name, mean, deviation, float(scores[order][place]))


def measured(score: Score, inside: Answers, outside: Answers) -> Finding:
    """How well a score tells other photographs apart than those that it was calibrated on."""
    ins, outs, threshold = score.of(inside), score.of(outside), score.threshold
    generator = np.random.default_rng(0)
    drawn = [(generator.choice(ins, len(ins)), generator.choice(outs, len(outs))) for _ in range(RESAMPLES)]
    return Finding(
        threshold,
        _share(auroc(ins, outs), [auroc(*pair) for pair in drawn]),
        _share(below(ins, threshold), [below(one, threshold) for one, _ in drawn]),
        _share(below(outs, threshold), [below(other, threshold) for _, other in drawn]),
    )


def table(score: Score, keys: Sequence[str], finding: Finding) -> OutOfClass:
    """The table of a manifest, rounded as it is printed.

    Raises:
        ValueError: the score is not one of those that a manifest may name.
    """
    name: Name | None = next((one for one in SCORES if one == score.name), None)
    if name is None:
        raise ValueError(f"a manifest cannot name the score {score.name!r}; choose from {', '.join(SCORES)}")
    rows = zip(keys, score.mean.ravel(), score.deviation.ravel(), strict=True)
    return OutOfClass(
        score=name,
        threshold=round(score.threshold, 3),
        scales={key: (round(float(mean), 3), round(float(deviation), 3)) for key, mean, deviation in rows},
        auroc=round(finding.auroc.value, 3),
        false_alarms=round(finding.false_alarms.value, 3),
        found=round(finding.found.value, 3),
    )


def auroc(inside: Numbers, outside: Numbers) -> float:
    """Chance that a photograph in the classes scores higher than one outside; ties count half."""
    ranks = rankdata(np.concatenate([inside, outside]))[: len(inside)]
    return float((ranks.mean() - (len(inside) + 1) / 2) / len(outside))


def below(scores: Numbers, threshold: float) -> float:
    """Share of the scores below the threshold."""
    return float(np.mean(scores < threshold))


def _share(value: float, resampled: list[float]) -> Share:
    low, high = np.percentile(resampled, [TAIL, 100 - TAIL])
    return Share(value, float(low), float(high))
