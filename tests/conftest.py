"""What many tests share: real weights, loaded once, and real photographs."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "sample_images"


@pytest.fixture(scope="session")
def samples():
    """Folder of the photographs that come with the project."""
    return SAMPLES


@pytest.fixture(scope="session")
def lite():
    """All five networks of the study imagenet-lite, on the CPU."""
    from models import load_study

    study = load_study("imagenet-lite")
    return {key: study.load(key, "cpu") for key in study.variants}
