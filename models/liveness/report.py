"""The results for people: a table of all stages, and sentences for the page."""

from models.liveness.measure import Liveness, StageLiveness
from models.liveness.removal import Removal

HEADINGS = (
    "stage",
    "blocks",
    "of them added",
    "a block adds",
    "without the last",
    "without spread",
    "twins in stream, expanded",
    "constant",
    "dimensions",
)


def liveness_table(found: Liveness, baseline: Liveness | None = None) -> str:
    """All stages as aligned columns of plain text, with two lines on the whole network below.

    The "without" columns have the share of photographs whose top-1 class changes, and the correlation of maps.

    Args:
        found: the network's results.
        baseline: its baseline's results, for the number of dimensions beside the network's own.
    """
    others = baseline.stages if baseline else (None,) * len(found.stages)
    rows = [HEADINGS, *(_row(*both) for both in zip(found.stages, others, strict=True))]
    columns = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, columns, strict=True)).rstrip() for row in rows]
    if found.last.blocks:
        lines += [
            f"without the last {found.last.blocks} added blocks of all stages: {_removal(found.last)}",
            f"without {found.spread.blocks} blocks spread evenly over all stages: {_removal(found.spread)}",
        ]
    return "\n".join(lines)


def _row(stage: StageLiveness, baseline: StageLiveness | None) -> tuple[str, ...]:
    added = max(0, stage.layers - stage.baseline_layers)
    adds = [value for value in stage.adds if value is not None]
    return (
        stage.name.removeprefix("stage "),
        str(stage.layers),
        str(added) if added else "",
        f"{min(adds):.3f} to {max(adds):.3f}" if adds else "",
        _removal(stage.last) if stage.last.blocks else "",
        _removal(stage.spread) if stage.spread.blocks else "",
        f"{_percent(stage.stream.twins)} of {stage.stream.count}, {_percent(stage.expanded.twins)} of {stage.expanded.count}",
        f"{_percent(stage.stream.constant)}, {_percent(stage.expanded.constant)}",
        f"{stage.dimensions} (baseline {baseline.dimensions})" if baseline else str(stage.dimensions),
    )


def _removal(removal: Removal) -> str:
    return f"top-1 {_percent(removal.top1_changed)}, maps {removal.map_correlation:.4f}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def liveness_sentences(found: Liveness, baseline: Liveness | None = None) -> list[str]:
    """One sentence on added blocks and one on added channels, each only where there are any.

    There are two ways to leave out as many blocks as were added, and the one that changes fewer answers counts: a network is
    as alive as its deadest part.

    Args:
        found: the network's results.
        baseline: its baseline's results; without them there is no sentence on channels.
    """
    sentences = []
    if blocks := found.last.blocks:
        sentences.append(
            f"without its {blocks} added block{'s' if blocks > 1 else ''} it would answer differently on "
            f"{min(found.last.top1_changed, found.spread.top1_changed):.0%}".replace("%", " % of photographs")
        )
    if baseline and (pairs := [pair for pair in zip(found.stages, baseline.stages, strict=True) if _wider(*pair)]):
        ratios = [wide.dimensions / max(narrow.dimensions, 1) for wide, narrow in pairs]
        channels = [wide.stream.count / narrow.stream.count for wide, narrow in pairs]
        sentences.append(
            f"with {_between(channels)} times the channels, its stages vary in {_between(ratios)} times as many "
            "dimensions as the baseline's"
        )
    return sentences


def _wider(stage: StageLiveness, baseline: StageLiveness) -> bool:
    return stage.stream.count > baseline.stream.count


def _between(values: list[float]) -> str:
    low, high = f"{min(values):.1f}", f"{max(values):.1f}"
    return low if low == high else f"{low} to {high}"
