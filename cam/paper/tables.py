"""The numbers of the EfficientNet paper, from one data file with its source."""

import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_suffix(".toml")


class StageRow(NamedTuple):
    """A row of Table 1; ``resolution`` is that of the stage's input."""

    operator: str
    resolution: int
    channels: int
    layers: int


class NetworkRow(NamedTuple):
    """A row of Table 2; ``group`` is the EfficientNet it is compared with, ``gflops`` nan if not given."""

    network: str
    group: str
    top1: float
    top5: float
    params: float
    gflops: float


class TransferRow(NamedTuple):
    """A row of Table 3: another network, scaled in one way or in all; multipliers are nan where not given."""

    network: str
    variant: str
    depth: float
    width: float
    resolution: float
    gflops: float
    top1: float


class LatencyRow(NamedTuple):
    """A row of Table 4."""

    network: str
    top1: float
    seconds: float


class VariantRow(NamedTuple):
    """A row of Table 7."""

    variant: str
    depth: float
    width: float
    resolution: float
    gflops: float
    top1: float


class Stopwatch(NamedTuple):
    """How Table 4 was measured: on which device, and over how many runs the mean was taken."""

    device: str
    batch: int
    runs: int


class Curve(NamedTuple):
    """One line of a figure: the cost of each network in G multiply-adds, and its top-1 accuracy in percent."""

    label: str
    gflops: tuple[float, ...]
    top1: tuple[float, ...]

    def at(self, gflops: float) -> float | None:
        """Accuracy between two points, interpolated along a straight line; None outside the curve."""
        points = list(zip(self.gflops, self.top1, strict=True))
        for (x0, y0), (x1, y1) in pairwise(points):
            if x0 <= gflops <= x1:
                return y0 + (y1 - y0) * (gflops - x0) / (x1 - x0)
        return None


class Doubt(NamedTuple):
    """A place where the paper does not agree with itself or leaves something open."""

    title: str
    text: str


class Paper(NamedTuple):
    """Everything that is quoted from the paper; curves are keyed by the variant whose colour they carry."""

    source: dict[str, str]
    rule: dict[str, float]
    latency: Stopwatch
    table1: tuple[StageRow, ...]
    table2: tuple[NetworkRow, ...]
    table3: tuple[TransferRow, ...]
    table4: tuple[LatencyRow, ...]
    table7: tuple[VariantRow, ...]
    figure3: dict[str, Curve]
    figure3_multipliers: dict[str, tuple[float, ...]]
    figure4: dict[str, Curve]
    figure8: dict[str, Curve]
    inconsistencies: tuple[Doubt, ...]


@cache
def paper() -> Paper:
    """Read the data file once."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    table4 = data["table4"]
    figure3 = {key: _curve(key, [point[1:] for point in points]) for key, points in data["figure3"].items()}
    return Paper(
        source=data["source"],
        rule=data["rule"],
        latency=Stopwatch(table4["device"], table4["batch"], table4["runs"]),
        table1=tuple(StageRow(*row) for row in data["table1"]["rows"]),
        table2=tuple(NetworkRow(*row) for row in data["table2"]["rows"]),
        table3=tuple(TransferRow(*row) for row in data["table3"]["rows"]),
        table4=tuple(LatencyRow(*row) for row in table4["rows"]),
        table7=tuple(VariantRow(*row) for row in data["table7"]["rows"]),
        figure3=figure3,
        figure3_multipliers={key: tuple(point[0] for point in points) for key, points in data["figure3"].items()},
        figure4={_figure4_key(line): _figure4_curve(line) for line in data["figure4"]},
        figure8=_figure8(figure3, data["figure8"]),
        inconsistencies=tuple(Doubt(**doubt) for doubt in data["inconsistencies"]),
    )


def _curve(label: str, points: list[list[float]]) -> Curve:
    gflops, top1 = zip(*points, strict=True)
    return Curve(label, gflops, top1)


def _figure4_key(line: dict) -> str:
    """What was scaled before the width: ``"depth"``, ``"resolution"``, ``"compound"`` for both or ``"width"`` for neither."""
    return {(False, False): "width", (True, False): "depth", (False, True): "resolution", (True, True): "compound"}[
        line["depth"] > 1, line["resolution"] > 1
    ]


def _figure4_curve(line: dict) -> Curve:
    return _curve(f"d = {line['depth']:g}, r = {line['resolution']:g}", line["points"])


def _figure8(figure3: dict[str, Curve], data: dict) -> dict[str, Curve]:
    """Figure 3's curves moved to start at B0's cost, and the compound one."""
    start = data["baseline_gflops"]
    moved = {key: curve._replace(gflops=(start, *curve.gflops[1:])) for key, curve in figure3.items()}
    return moved | {"compound": _curve("compound", data["compound"])}
