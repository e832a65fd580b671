"""How often generated input attacks a reader: ``ATTACKS=10000 pytest tests`` has every such test try that many."""

import os
from datetime import timedelta

from hypothesis import HealthCheck, settings

LONGEST = timedelta(seconds=60)  # for one attack, also on a busy machine


def attacked(usual: int = 100) -> settings:
    """The settings of a test whose input is generated.

    Args:
        usual: how many attacks there are where the environment's ``ATTACKS`` says nothing; fewer where each takes long.
    """
    return settings(
        max_examples=int(os.environ.get("ATTACKS", usual)),
        deadline=LONGEST,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
