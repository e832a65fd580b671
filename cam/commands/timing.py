"""Times of contenders that take turns, and what they say: tables and the ratios that are claimed.

A ratio is the median over turns of the ratio within a turn, so that whatever else a machine does hits all of them alike.
"""

import time
from dataclasses import dataclass
from statistics import median

import torch

from cam.commands.peers import Timed

TURNS = range(2, 21)


@dataclass(frozen=True)
class Group:
    """Contenders that were run in turns.

    Attributes:
        title: what they have in common.
        variant: key of the network.
        batch: images in a call.
        reference: name of the contender that ratios are to.
        seconds: contender -> time of each call, one for each turn.
        peak: contender -> the most memory of a CUDA device that it held, bytes; empty elsewhere.
    """

    title: str
    variant: str
    batch: int
    reference: str
    seconds: dict[str, list[float]]
    peak: dict[str, int]

    def ratio(self, name: str, reference: str = "") -> float:
        """Median over turns of the time of one contender as a part of another's, the reference by default."""
        times, others = self.seconds[name], self.seconds[reference or self.reference]
        if len(times) != len(others):  # one of them ran only once
            return median(times) / median(others)
        return median(one / other for one, other in zip(times, others, strict=True))


def in_turns(
    title: str,
    variant: str,
    batch: int,
    reference: str,
    contenders: dict[str, Timed],
    device: torch.device,
    seconds: float,
    turns: range = TURNS,
) -> Group:
    """Run the contenders alternately for about so many seconds; where there are turns enough, the first is not counted.

    Raises:
        Whatever a contender raises.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    peak: dict[str, int] = {}
    names, start = list(contenders), time.perf_counter()
    for turn in range(turns.stop):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            times[name].append(seconds_of(contenders[name], device))
            if device.type == "cuda":
                peak[name] = max(peak.get(name, 0), torch.cuda.max_memory_allocated(device))
        if turn >= turns.start and time.perf_counter() - start > seconds:
            break
    warm = slice(1 if len(times[names[0]]) > 1 else 0, None)
    return Group(title, variant, batch, reference, {name: found[warm] for name, found in times.items()}, peak)


def seconds_of(run: Timed, device: torch.device) -> float:
    """Of one call, until the device has done its work; a CUDA device counts its peak of memory from here."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
    start = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def table(group: Group) -> str:
    """One group as Markdown: milliseconds, images per second, ratio to the reference."""
    lines = [
        "",
        f"**{group.title}, {group.variant}, batch {group.batch}**",
        "",
        f"| | ms | images/s | times {group.reference} | turns |" + (" peak MiB |" if group.peak else ""),
        "|---|---:|---:|---:|---:|" + ("---:|" if group.peak else ""),
    ]
    for name, seconds in group.seconds.items():
        middle = median(seconds)
        row = f"| {name} | {1e3 * middle:.3g} | {group.batch / middle:.4g} | {group.ratio(name):.3g} | {len(seconds)} |"
        lines.append(row + (f" {group.peak.get(name, 0) / 2**20:.0f} |" if group.peak else ""))
    return "\n".join(lines)


def claims(groups: list[Group]) -> dict[str, float]:
    """The ratios that are claimed, by the sentence that claims them."""
    found = {}
    for group in groups:
        place = f"{group.variant}, batch {group.batch}"
        names = group.seconds
        for name in names:
            method, _, how = name.partition(", ")
            if how == "raw":
                found[f"{method} raw as a part of the fastest forward pass, {place}"] = group.ratio(name)
            if how in ("grad-cam", "torch-cam"):
                found[f"{how}'s {method} as a multiple of ours, drawn, {place}"] = group.ratio(name, f"{method}, drawn")
        if "forward, PyTorch" in names:
            found[f"PyTorch's forward pass as a multiple of the fastest, {place}"] = group.ratio("forward, PyTorch")
        if "compare, PyTorch" in names:
            found["compare by PyTorch as a multiple of compare"] = group.ratio("compare, PyTorch", "compare")
        if "compare" in names:
            found["all variants on one image as a part of their forward passes"] = group.ratio("compare")
            found["another class of all variants, ms"] = 1e3 * median(names["another class"])
    return found
