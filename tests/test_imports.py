"""One direction: app -> ui -> cam -> models. Read from the imports, without running anything."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {"models": {"models"}, "cam": {"cam", "models"}, "ui": {"ui", "cam", "models"}}
ROOMS = {"app", "ui", "cam", "models", "streamlit"}


def imported(path):
    """Top-level packages that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ALLOWED)
def test_nothing_imports_upwards(room):
    allowed = ALLOWED[room] | ({"streamlit"} if room == "ui" else set())
    for path in sorted((ROOT / room).rglob("*.py")):
        assert imported(path) & ROOMS <= allowed, path


def test_no_relative_imports_hide_a_direction():
    for room in ALLOWED:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                assert not (isinstance(node, ast.ImportFrom) and node.level), path
