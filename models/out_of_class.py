"""Out of class: does what a photograph shows belong to the classes of its networks at all?

A softmax must choose: of a dog, networks that know no dog say "beaver, 95 %". The logits themselves tell more. Their free
energy, the logsumexp, is low where nothing speaks for any class (Liu et al., NeurIPS 2020, https://arxiv.org/abs/2010.03759);
so is the largest of them (Hendrycks et al., ICML 2022, https://arxiv.org/abs/1911.11132), which serves many classes better.
Where the classifier knows more than the study's classes, what its other rows say tells most: their energy counts against that
of the study's (``models.other_rows``).
Each network's score is counted in standard deviations from its mean on photographs of the classes; that of a photograph is
the mean over the networks, and below a threshold none of the classes may fit. What is measured by ``python -m models judge``
belongs to a study's manifest. Plain numbers, no torch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Literal

import msgspec
import numpy as np
from scipy.special import logsumexp

Numbers = np.ndarray
TABLE = "out_of_class"  # where a manifest has it


def energies(logits: Numbers) -> Numbers:
    """The logsumexp of logits (N, K), float64 (N,)."""
    return logsumexp(np.asarray(logits, np.float64), axis=1)


def largest(logits: Numbers) -> Numbers:
    """The largest of logits (N, K), float64 (N,)."""
    return np.asarray(logits, np.float64).max(axis=1)


Name = Literal["energy", "max logit", "energy against others"]
AGAINST: Name = "energy against others"
FACTOR = 2.0  # of the others' energy: it varies less than the study's, and anything from 1.5 to 3 tells as well
SCORES: dict[Name, Callable[[Numbers], Numbers]] = {"energy": energies, "max logit": largest, AGAINST: energies}


def scored(name: Name, logits: Numbers, others: Numbers | None = None) -> Numbers:
    """One network's score of each photograph, float64 (N,).

    Args:
        name: in ``SCORES``.
        logits: (N, K).
        others: energy of the classifier's other rows, (N,), where the score needs it.

    Raises:
        ValueError: it does, and there is none, or not one for each photograph.
    """
    score = SCORES[name](logits)
    if name != AGAINST:
        return score
    if others is None or len(others) != len(score):
        raise ValueError(
            f"the score {name!r} needs the energy of other rows of each photograph; give a network that has some"
        )
    return score - FACTOR * np.asarray(others, np.float64)


@dataclass(frozen=True)
class ScoreScale:
    """How one network scores photographs of its classes, and what is too low for the mean of all networks.

    Attributes:
        score: name in ``SCORES``.
        mean: of the scores, in logits.
        deviation: their standard deviation, above 0.
        threshold: of the mean over the networks, in standard deviations; a photograph below it may show none of the classes.

    Raises:
        ValueError: there is no such score, a number is not finite, or the deviation is not above 0.
    """

    score: Name
    mean: float
    deviation: float
    threshold: float

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise ValueError(f"unknown score {self.score!r}; choose from {', '.join(SCORES)}")
        if not all(map(isfinite, (self.mean, self.deviation, self.threshold))) or self.deviation <= 0:
            raise ValueError(f"{self} is no scale of a score; expected finite numbers and a deviation above 0")

    @property
    def needs_others(self) -> bool:
        """Whether it scores more than logits: the energy of the classifier's other rows too."""
        return self.score == AGAINST

    def standardised(self, logits: Numbers, others: Numbers | None = None) -> Numbers:
        """Scores, as ``scored`` takes them, in standard deviations from the mean, float64 (N,)."""
        return (scored(self.score, logits, others) - self.mean) / self.deviation


class OutOfClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table ``[out_of_class]`` of a manifest.

    Attributes:
        score: name in ``SCORES``.
        threshold: of the score, in standard deviations.
        scales: key of each variant that was measured -> mean and standard deviation of its scores in the classes.
        auroc: a photograph of the classes scores higher than one that shows none of them; chance 0.5.
        false_alarms: share of photographs of the classes below the threshold.
        found: share of photographs that show none of the classes below it.
    """

    score: Name
    threshold: float
    scales: dict[str, tuple[float, float]]
    auroc: float
    false_alarms: float
    found: float

    def scale(self, key: str) -> ScoreScale | None:
        """Of one variant; None where it was not measured."""
        return ScoreScale(self.score, *self.scales[key], self.threshold) if key in self.scales else None

    def without(self, key: str) -> "OutOfClass":
        """The same for a study in which other weights, which nobody measured, take the place of a variant's."""
        return msgspec.structs.replace(self, scales={one: scale for one, scale in self.scales.items() if one != key})


def out_of_class_from(table: object, keys: Sequence[str]) -> OutOfClass | None:
    """A manifest's table; None where it has none.

    Args:
        table: as TOML reads it.
        keys: of the study's variants.

    Raises:
        ValueError: an entry is missing, unknown or not understood.
    """
    if table is None:
        return None
    try:
        found = msgspec.convert(table, OutOfClass)
    except msgspec.ValidationError as error:
        raise ValueError(f"[{TABLE}] is not understood ({error}); python -m models judge prints one") from error
    if unknown := [key for key in found.scales if key not in keys]:
        raise ValueError(f"[{TABLE}] has a scale of {unknown[0]!a}; choose from {', '.join(keys)}")
    for key in found.scales:
        found.scale(key)
    return found


def out_of_class(
    logits: Mapping[str, Numbers],
    scales: Mapping[str, ScoreScale | None],
    others: Mapping[str, Numbers] = MappingProxyType({}),
) -> list[bool] | None:
    """Which photographs may show none of the classes.

    Args:
        logits: key of each network -> (N, K).
        scales: key of each network -> its scale; None where it was not measured: then the others decide.
        others: key of each network whose scale needs it -> energy of its classifier's other rows, (N,).

    Returns:
        Of each photograph; None where no network was measured: nothing can be said.
    """
    measured = {key: scale for key, scale in scales.items() if scale is not None}
    if not measured:
        return None
    score = np.mean([scale.standardised(logits[key], others.get(key)) for key, scale in measured.items()], axis=0)
    return (score < np.mean([scale.threshold for scale in measured.values()])).tolist()
