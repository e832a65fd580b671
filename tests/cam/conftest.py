"""Fixtures for tests of maps, figures and exports."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from cam.export import pipeline


@pytest.fixture
def threads(monkeypatch):
    """Exports render in threads of this process, so that errors can be injected and no process has to start."""

    @contextmanager
    def pool(workers):
        with ThreadPoolExecutor(workers) as made:
            yield made

    monkeypatch.setattr(pipeline, "rendering_processes", pool)
