"""What an evaluation writes and reads: frozen, typed records, JSON through msgspec."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from models.files import atomic_write, read_text

FORMAT = 2
MOST_BYTES = 64 * 2**20
ALL, RECOGNISED = GROUPS = ("all", "recognised")


class Interval(NamedTuple):
    """A number and the bounds of its 95 % interval."""

    estimate: float
    low: float
    high: float


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A record with exactly the fields that it declares."""


class Row(Record, frozen=True):
    """What was measured on one photograph or mosaic.

    Attributes:
        names: of the photograph, or of the four on a mosaic.
        cluster: the class; images of a class go together.
        scores: measurement -> reading -> training -> score.
        right: training -> whether its top-1 is a class of the photograph; empty for mosaics.
        pairs: name in ``PAIRS`` -> value of every pair of ``Contenders.pairs``; empty for mosaics.
        floors: the same, between the maps of this photograph and of another one.
    """

    names: list[str]
    cluster: str
    scores: dict[str, dict[str, dict[str, float]]]
    right: dict[str, bool] = {}
    pairs: dict[str, list[float]] = {}
    floors: dict[str, list[float]] = {}


class Training(Record, frozen=True):
    """One network that was measured."""

    label: str
    provenance: str
    note: str
    resolution: int
    family: str
    fingerprint: str
    placement: tuple[float, float]
    accuracy: float | None = None
    engine: str = ""


class Arm(Record, frozen=True):
    """What is compared: a variant with all its trainings, or a control.

    Attributes:
        label: for people.
        role: one of ``cam.evaluation.contenders.ROLES``.
        of: the variant that it belongs to; "" where it belongs to none.
        trainings: names of the networks whose mean it is; empty for the centred Gaussian.
    """

    label: str
    role: str
    of: str
    trainings: list[str]


class Contrast(Record, frozen=True):
    """One arm against another on the same images.

    Attributes:
        one, other: arms; the difference is one minus other.
        difference: mean difference, with its interval over classes and photographs.
        with_seeds: the same including the spread between trainings; None where that was not measured.
        p: two-sided p of the test over classes and, where they were measured, seeds.
        holm: p after Holm's correction over the primary comparisons; None for all others.
        better: share of the images on which ``one`` is better, ties counting half.
        over_spread: the difference divided by the standard deviation between trainings of one network.
    """

    one: str
    other: str
    difference: Interval
    with_seeds: Interval | None
    p: float
    better: float
    over_spread: float | None = None
    holm: float | None = None


class Finding(Record, frozen=True):
    """One measurement in one reading on one group of images.

    Attributes:
        measurement: name in ``MEASUREMENTS``.
        reading: one of ``READINGS``.
        group: one of ``GROUPS``.
        images, classes: how many there are.
        spread: standard deviation between trainings of the same network; None where none was trained twice.
        means: arm -> mean and interval over classes and photographs.
        trainings: training -> mean.
        contrasts: comparisons of two arms each.
    """

    measurement: str
    reading: str
    group: str
    images: int
    classes: int
    spread: float | None
    means: dict[str, Interval]
    trainings: dict[str, float]
    contrasts: list[Contrast]

    def contrast(self, one: str, other: str) -> Contrast | None:
        """The comparison of two arms, if it was made."""
        return next((found for found in self.contrasts if (found.one, found.other) == (one, other)), None)


class Pair(Record, frozen=True):
    """How alike the maps of two trainings are, by ``name`` in ``PAIRS``; ``floor`` is the same between different photographs."""

    name: str
    one: str
    other: str
    mean: Interval
    floor: float | None


class Kept(Record, frozen=True):
    """A measurement on every single image: the names of its photographs, and arm -> its score or None."""

    measurement: str
    names: list[list[str]]
    scores: dict[str, list[float | None]]


class Checks(Record, frozen=True):
    """Checks of the method: see ``cam.evaluation.checks``."""

    summary: str
    photographs: list[str]
    scores: dict[str, float]
    curves: dict[str, list[float]]


class Statement(Record, frozen=True):
    """What a report says about one statement of the paper: an outcome, and the reason in a sentence."""

    claim: str
    outcome: str
    reason: str


class About(NamedTuple):
    """What a report is about.

    Attributes:
        title: of the study, for people.
        study: its name.
        data: name of the folder of photographs.
        chosen: which photographs and mosaics were chosen, in a sentence.
        masks: where the objects' places come from, in a sentence.
    """

    title: str
    study: str
    data: str
    chosen: str = "All photographs."
    masks: str = ""


class Report(Record, frozen=True):
    """An evaluation of a study.

    Attributes:
        format: number of the record's format.
        about: what the report is about.
        method, view: of the maps.
        subject, baseline: arms; statements are about the subject, and compare it first with the baseline.
        images: group -> number of photographs.
    """

    format: int
    about: About
    method: str
    view: str
    subject: str
    baseline: str
    photographs: list[str]
    images: dict[str, int]
    arms: dict[str, Arm]
    trainings: dict[str, Training]
    findings: list[Finding]
    pairs: list[Pair]
    kept: list[Kept]
    statements: list[Statement] = []
    checks: Checks | None = None

    def finding(self, measurement: str, reading: str = "own", group: str = ALL) -> Finding | None:
        """A measurement in a reading on a group of images, if it was made."""
        wanted = (measurement, reading, group)
        return next((one for one in self.findings if (one.measurement, one.reading, one.group) == wanted), None)

    def with_role(self, *roles: str) -> list[str]:
        """Names of the arms that have one of these roles."""
        return [key for key, arm in self.arms.items() if arm.role in roles]


def encoded(report: Report) -> bytes:
    """The report as JSON, on one line."""
    return msgspec.json.encode(report) + b"\n"


def write_report(report: Report, path: Path) -> None:
    """Write the report as JSON; the file is whole or absent."""
    with atomic_write(path) as file:
        file.write(encoded(report))


def read_report(path: Path) -> Report:
    """Read what ``write_report`` wrote.

    Raises:
        ValueError: the file is damaged, or was written by another version.
    """
    try:
        report = msgspec.json.decode(read_text(path, MOST_BYTES), type=Report)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path.name} is not an evaluation of this version ({error}); make it again with python -m cam evaluate"
        ) from error
    if report.format != FORMAT:
        raise ValueError(f"{path.name} is not an evaluation of this version; make it again with python -m cam evaluate")
    return report
