"""Tests of the browser's modules by node's own runner, compared with numbers that Python wrote."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

NODE = shutil.which("node")


def require_equal(test: Path, numbers: Any, folder: Path) -> None:
    """Run a file of node's tests, which reads the numbers from the file named by ``NUMBERS``; fail if one of them fails."""
    path = folder / "numbers.json"
    path.write_text(json.dumps(numbers))
    ended = subprocess.run(
        [str(NODE), "--test", str(test)],
        env={**os.environ, "NUMBERS": str(path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
