"""What Compare shows before PyTorch is loaded."""

import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[3]


def place(*queries):
    """A page with the first sight only, opened with a link."""

    def script():
        import streamlit as st

        from ui.pages.compare.first_sight import first_sight

        first_sight(st.empty())

    app = AppTest.from_function(script)
    for key, value in queries:
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def kinds(app):
    return [element.type for element in app.main if element.type != "main"]


def test_it_needs_no_pytorch():
    """Otherwise it would appear seconds later, together with everything else."""
    code = (
        "import sys, ui.holding, ui.pages.compare.first_sight; sys.exit('torch' in sys.modules or 'cam' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_default_figure_is_there_at_once():
    assert kinds(place()) == ["image"]


def test_another_link_shows_no_figure_of_other_photographs():
    assert kinds(place(("images", "cat"))) == ["skeleton"]


def test_without_the_figure_an_outline():
    with patch("ui.pages.compare.first_sight.FIGURE", ROOT / "no figure"):
        assert kinds(place()) == ["skeleton"]
