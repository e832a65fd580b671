"""Fixtures that many tests share: real weights, loaded once, and real photographs."""

import os
import sys

# If test processes that run side by side had several threads each, they would mostly wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")

from contextlib import nullcontext
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "sample_images"


LINUX = sys.platform.startswith("linux")
ON_LINUX = [  # tests of signals, forks and system calls, which import what other systems lack
    "cam/export/test_interruptions.py",
    "cam/test_faults.py",
    "cam/test_kills.py",
    "cam/test_system_calls.py",
    "models/checkpoints/test_apart.py",
    "models/test_files.py",
]
collect_ignore = [] if LINUX else ON_LINUX


def pytest_collection_modifyitems(items):
    """Skip tests that need Linux on other systems."""
    for item in items:
        if item.get_closest_marker("linux") and not LINUX:
            item.add_marker(pytest.mark.skip(reason="needs Linux's processes, signals, pipes or /proc"))


@pytest.fixture(scope="session")
def samples():
    """Folder of the photographs that come with the project."""
    return SAMPLES


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.gpu)])
def gpu(request, monkeypatch):
    """A CUDA device for the duration of a test: a simulated one in every run, a real one with ``pytest -m gpu``."""
    import torch

    from tests.simulated_device import simulated

    with simulated(monkeypatch) if request.param == "simulated" else nullcontext():
        yield torch.device("cuda:0")


@pytest.fixture(scope="session")
def lite():
    """Five networks with real ImageNet weights, one for each scaling, on the CPU.

    Lite0 is the baseline, Lite2 compound. The deeper and the wider network are Lite0 grown exactly, so they compute the same
    function. Resolution is Lite0's weights at twice the resolution.
    """
    from models import SCALINGS, Network, grow, load_study

    study = load_study("lite")
    lite0, lite2 = (study.load(key, "cpu") for key in ("lite0", "lite2"))

    def like_lite0(key, model):
        return Network(
            model,
            scaling=SCALINGS[key],
            family="lite",
            normalisation=lite0.normalisation,
            categories=lite0.categories,
            label=key,
            provenance=lite0.provenance,
            device="cpu",
        )

    grown = {key: like_lite0(key, grow(lite0.model, SCALINGS[key])) for key in ("depth", "width")}
    return {"baseline": lite0, **grown, "resolution": like_lite0("resolution", lite0.model), "compound": lite2}
