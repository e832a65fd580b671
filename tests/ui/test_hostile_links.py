"""Links that somebody made up open the page: what is not there is said as text, and no link is an error of the page."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests.attacks import attacked
from tests.ui.pages.comparing import APP, LITE

PAGES = Path(__file__).parents[2] / "ui" / "pages"
MARKUP = [
    "<b>here</b>",
    "<img src=x onerror=alert(1)>",
    "[here](https://x.org)",
    "![here](https://x.org/x.png)",
    "**here**",
    "$here$",
    ":red[here]",
    "https://x.org/here",
]
ANYTHING = (
    st.integers().map(str)
    | st.floats().map(str)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["", "nan", "1e999", "-1", "9" * 400, "³", "true", "../../etc", "a,b", "hand", "cat", *MARKUP])
)
SCALING = (
    *("step", "by", "phi", "alpha", "beta", "gamma", "d", "w", "r"),
    *("figure", "stage", "measured", "seen", "target", "mode", "scene"),
)
KEYS = {  # parameters of each page, each with values that the page knows
    "scaling": {key: [] for key in SCALING},
    "export": {key: [] for key in ("job", "study", "method", "view", "target", "mode", "scene")},
    "compare": {
        "images": ["cat", "cat,meerkats"],
        "study": [LITE],
        "method": ["LayerCAM", "FEM"],
        "target": ["Each its own", "Why A rather than B", "lynx"],
        "a": ["tabby"],
        "b": ["tabby", "lynx"],
        "view": ["Centre crop"],
        "variants": ["Lite0"],
        "layer": ["Stage 5"],
        "flip": ["true"],
        "device": ["cpu"],
        "look": ['{"opacity": 0.5, "colours": "viridis"}', '{"constructor": 1}', "[" * 5000],
        "mode": ["lecture"],
        "scene": ["2"],
    },
    "evidence": {
        "evaluated": [LITE],
        "part": ["photographs", "pointing", "own"],
        "layout": ["3x3"],
        "alike": ["rank correlation"],
        "study": [LITE],
        "images": ["cat"],
        "mode": ["lecture"],
    },
    "story": {
        "mode": ["lecture", "speaker", "handout", "vote"],
        "scene": ["3"],
        "hall": ["here"],
        "room": ["here"],
        "live": ["1"],
        "images": ["cat"],
        "study": [LITE],
    },
}
FIRST = {"study": [LITE], "images": ["cat"]}
QUICK = {  # where the link says nothing; the story's parameters are those of a lecture
    "compare": FIRST,
    "evidence": {"evaluated": [LITE]},
    "story": {"mode": ["lecture"], **FIRST},
}
ALIVE = {  # what is there as long as the page works
    "scaling": lambda app: app.segmented_control(key="step").value,
    "export": lambda app: app.selectbox(key="method").value,
    "compare": lambda app: app.selectbox(key="method").value and app.selectbox(key="study").value,
    "evidence": lambda app: app.selectbox(key="evaluated").value,
    "story": lambda app: app.get("bidi_component"),
}


def said(app: AppTest) -> str:
    """Everything that the page shows as Markdown or HTML."""
    kinds = ("error", "warning", "info", "success", "markdown", "caption", "title", "header", "subheader", "html")
    return "\n".join(
        str(getattr(one, "value", "") or getattr(one.proto, "body", "")) for kind in kinds for one in app.get(kind)
    )


def links(page: str):
    """Made-up links to a page: some of its parameters, known and unknown values, some of them twice."""
    values = {
        key: st.lists(st.sampled_from(known) | ANYTHING if known else ANYTHING, min_size=1, max_size=2)
        for key, known in KEYS[page].items()
    }
    return st.fixed_dictionaries({}, optional=values)


@pytest.mark.parametrize("page", KEYS)
def test_any_link_opens_the_page(page):
    """The page's own script, the app's for a lecture over the story, run as a visitor who follows the link would."""

    @attacked(2)
    @given(links(page))
    @example(dict.fromkeys(KEYS[page], MARKUP))
    def opens(link):
        app = AppTest.from_file(APP if page == "story" else PAGES / page / "page.py", default_timeout=60)
        for key, values in {**QUICK.get(page, {}), **link}.items():
            app.query_params[key] = values
        assert not app.run().exception
        shown = said(app)
        assert not [one for values in link.values() for one in values if one in MARKUP and one in shown]
        assert ALIVE[page](app)

    opens()
