"""The stopwatch: how long one image takes on this device, after the protocol of the paper's Table 4."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torchvision
from torch import nn

from cam.paper.tables import paper
from models.efficientnet import efficientnet
from models.scaling import SCALINGS

WARM_UP = 3
EXTRAS = ("EfficientNet-B1", "ResNet-152")  # with random weights, which take as long as trained ones

_stopwatch = threading.Lock()


class Latency(NamedTuple):
    """Seconds per image: the mean and the standard deviation over the runs."""

    mean: float
    deviation: float


class Busy(RuntimeError):
    """Somebody else is measuring, and two measurements at a time would disturb each other."""


@contextmanager
def stopwatch() -> Iterator[None]:
    """Hold the one stopwatch of this server.

    Raises:
        Busy: it is in use.
    """
    if not _stopwatch.acquire(blocking=False):
        raise Busy("another visitor is measuring; try again in a minute")
    try:
        yield
    finally:
        _stopwatch.release()


def measure(
    model: nn.Module,
    side: int,
    device: torch.device,
    runs: int | None = None,
    after: Callable[[int], None] = lambda run: None,
) -> Latency:
    """Time a network in eval mode on one image of random pixels, batch 1.

    Args:
        model: a network whose input is (1, 3, side, side).
        side: of the input in pixels.
        device: where the model is.
        runs: how many are averaged, after ``WARM_UP`` that are not counted; default as in the paper.
        after: called after every run with the number of runs done; its time is not measured.
    """
    runs = runs or paper().latency.runs
    image = torch.rand(1, 3, side, side, device=device)
    seconds = []
    for run in range(WARM_UP + runs):
        seconds.append(_seconds(model, image))
        after(run + 1)
    return Latency(statistics.fmean(seconds[WARM_UP:]), statistics.pstdev(seconds[WARM_UP:]))


def _seconds(model: nn.Module, image: torch.Tensor) -> float:
    _wait(image.device)
    start = time.perf_counter()
    with torch.inference_mode():
        model(image)
    _wait(image.device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    """Wait for the device's kernels, which still run when the call has returned."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def extra_network(name: str, device: torch.device) -> tuple[nn.Module, int]:
    """One of ``EXTRAS`` with random weights, and the side of its input."""
    scaling = SCALINGS["b1"]
    model, side = (
        (torchvision.models.resnet152(), 224) if name == "ResNet-152" else (efficientnet(scaling), scaling.input_size)
    )
    return model.eval().to(device), side


def device_name(device: torch.device) -> str:
    """The device in words; for a CPU with the number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"this CPU, {threads} thread{'s' if threads > 1 else ''}" if device.type == "cpu" else "this Mac's GPU"
