"""The browser's modules: joined into one for each component, and their numbers compared with Python's by node."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from cam.figures.colours import COLOUR_MAPS, colour_table, scaled
from cam.maps.closed_forms import resample
from tests.ui.node import NODE, require_equal
from ui.components.loader import HERE, MODULE, SHEET, joined
from ui.components.viewer.packing import packed

GRID = 256
COMPONENTS = [path.parent.name for path in sorted(HERE.glob("*/*.html"))]


def drawn(name: str, first: float, cells: int, resolution: int, placement: str = "nominal") -> dict:
    maps = np.random.default_rng(cells).normal(size=(1, cells, cells)).astype(np.float32)
    offset = (9.5, -4.25)  # to the right, down
    centres = [32.0 * cell + first for cell in range(cells)]
    return {
        "name": name,
        "column": {"centres": centres, "offset": offset, "resolution": resolution, "cells": cells},
        "placement": placement,
        "map": packed(maps),
        "drawn": packed(resample(maps, centres, resolution, GRID, placement, offset)),
    }


def numbers() -> dict:
    values = np.random.default_rng(0).normal(size=500).astype(np.float32)
    low, high = -0.5, 1.25  # exact in float32, so that Python and JavaScript round the same numbers
    levels = (scaled(values.astype(np.float64), low, high) * 255 + 0.5).astype(np.uint8)
    value = np.linspace(0, 1, 256)
    maps = [np.random.default_rng(cells).normal(size=(cells, cells)) for cells in (7, 10, 1)]
    return {
        "drawn": [
            drawn("where SAME padding looks", 31, 7, 224),
            drawn("where it was measured to look", 0, 10, 300, "registered"),
            drawn("with its cells spread evenly", 0, 10, 300, "half-pixel"),
            drawn("of a single cell", 0, 1, 32),
        ],
        "levels": {"values": packed(values), "low": low, "high": high, "levels": packed(levels, "u1")},
        "colours": [
            {
                "name": name,
                "rgb": packed(colour_table(table), "u1"),
                "opacity": 0.7,
                "shares": packed((255 * 0.7 * value * (2 - value) + 0.5).astype(np.uint8), "u1"),
            }
            for name, table in COLOUR_MAPS.items()
        ],
        "packing": {
            "columns": [{"cells": len(one)} for one in maps],
            "packed": packed(np.concatenate([one.ravel() for one in maps])),
            "sums": [float(one.sum()) for one in maps],
        },
    }


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_browsers_numbers_are_pythons(tmp_path):
    require_equal(Path(__file__).with_name("maps.test.js"), numbers(), tmp_path)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_story_adds_up():
    ended = subprocess.run(
        [str(NODE), "--test", str(Path(__file__).with_name("story.test.js"))],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_is_one_module_and_one_sheet(name, tmp_path):
    js, css = joined(HERE / name / f"{name}.js", MODULE), joined(HERE / name / f"{name}.css", SHEET)
    lines = js.splitlines()
    assert not [line for line in lines if line.startswith("import ")]
    assert [line.split("(")[0] for line in lines if line.startswith("export ")] == ["export default function "]
    assert "@import" not in css
    assert css.count("{") == css.count("}") > 0
    if NODE:
        (tmp_path / "one.mjs").write_text(js, encoding="utf-8")
        assert subprocess.run([NODE, "--check", str(tmp_path / "one.mjs")], check=False).returncode == 0


def test_modules_that_import_one_another_come_once_each(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js"\n\nexport function a() {\n  return b()\n}\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js"\n\nexport function b() {\n  return a\n}\n')
    js = joined(tmp_path / "a.js", MODULE)
    assert js.index("function b()") < js.index("function a()")
    assert (js.count("function a()"), js.count("function b()"), js.count("export"), js.count("import")) == (1, 1, 0, 0)


def test_two_modules_cannot_declare_one_name(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js"\n\nconst place = 1\n')
    (tmp_path / "b.js").write_text("const place = 2\n\nexport const b = place\n")
    with pytest.raises(ValueError, match=r"a\.js and b\.js both declare 'place'; rename one of them"):
        joined(tmp_path / "a.js", MODULE)
