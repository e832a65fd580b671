"""Links that somebody made up open the page: what is not there is said, and no link is an error of the page."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests.attacks import attacked

PAGES = Path(__file__).parents[2] / "ui" / "pages"
ANYTHING = (
    st.integers().map(str)
    | st.floats().map(str)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(
        ["", "nan", "1e999", "-1", "9" * 400, "³", "true", "../../etc", "a,b", "<b>", "[x](y)", "hand", "cat"]
    )
)
KEYS = {
    "scaling": [
        "step",
        "by",
        "phi",
        "alpha",
        "beta",
        "gamma",
        "d",
        "w",
        "r",
        "figure",
        "stage",
        "seen",
        "target",
        "mode",
        "scene",
    ],
    "export": ["job", "study", "method", "view", "target", "mode", "scene"],
}


@pytest.mark.parametrize("page", KEYS)
def test_any_link_opens_the_page(page):
    """The page's own script, run as a visitor who follows the link would."""

    @attacked(3)
    @given(st.dictionaries(st.sampled_from(KEYS[page]), st.lists(ANYTHING, min_size=1, max_size=2), max_size=6))
    def opens(link):
        app = AppTest.from_file(PAGES / page / "page.py", default_timeout=60)
        for key, values in link.items():
            app.query_params[key] = values
        assert not app.run().exception

    opens()
