"""Attacks are made up anew in every run, also on the machines that run the tests of a change."""

import os
import subprocess
import sys
from pathlib import Path

SHOWN = """
from hypothesis import settings
from tests.attacks import attacked
print(settings.default.derandomize, attacked().derandomize, attacked().print_blob, attacked().max_examples)
"""


def test_attacks_are_new_where_hypothesis_would_repeat_them():
    environment = os.environ | {"CI": "true", "ATTACKS": "700"}
    command = [sys.executable, "-c", SHOWN]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False", "True", "700"]
