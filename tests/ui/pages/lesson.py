"""The lesson's page as a link opens it, for its tests."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[3]


def page(**address):
    """The page as a link opens it."""
    app = AppTest.from_file(ROOT / "ui" / "pages" / "scaling" / "page.py", default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = str(value)
    app.run()
    assert not app.exception
    return app
