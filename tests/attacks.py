"""How often generated input attacks a reader: ``ATTACKS=1000 pytest tests`` has every such test try ten times as often."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

try:
    import resource
except ImportError:  # Windows: memory is not limited
    resource = None  # type: ignore[assignment]

STATUS = Path("/proc/self/status")
SPARE = 64 * 2**20  # bytes, which reading a few kilobytes never needs
LONGEST = timedelta(seconds=60)  # for one attack, also on a busy machine


def attacked(usual: int = 100) -> settings:
    """The settings of a test whose input is generated.

    Args:
        usual: how many attacks there are; the environment's ``ATTACKS`` is a percentage of it.
    """
    return settings(
        max_examples=max(1, usual * int(os.environ.get("ATTACKS", 100)) // 100),
        deadline=LONGEST,
        derandomize=False,  # Hypothesis would try the same attacks in every run where the variable CI is set
        print_blob=True,  # what brings a failing attack back on another machine
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@contextmanager
def little_memory(spare: int = SPARE) -> Iterator[None]:
    """Within the ``with`` block this process gets at most so many more bytes; asking for more fails the test."""
    if resource is None or not STATUS.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    held = int(STATUS.read_text().partition("VmData:")[2].split()[0]) << 10
    resource.setrlimit(resource.RLIMIT_DATA, (held + spare, before[1]))
    try:
        yield
    except Exception as error:
        resource.setrlimit(resource.RLIMIT_DATA, before)
        for cause in (error, error.__cause__):
            if isinstance(cause, MemoryError) or "allocate memory" in str(cause):
                pytest.fail(f"it takes more than {spare >> 20} MiB")
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
