"""Fixtures for the tests of exports."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import torch

from cam.export import pipeline


@pytest.fixture
def threads(monkeypatch):
    """Render in threads of this process, so that errors can be injected and no process has to start."""

    @contextmanager
    def pool(workers):
        with ThreadPoolExecutor(workers) as made:
            yield made

    monkeypatch.setattr(pipeline, "rendering_processes", pool)


@pytest.fixture(autouse=True)
def torch_settings():
    """Restore torch's settings, which an export changes for the whole process, here that of all tests."""
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    yield
    torch.set_num_threads(before[0])
    torch.backends.cudnn.deterministic = before[1]
