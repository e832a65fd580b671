"""The page Evidence of a new visitor, for its tests."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[3] / "app.py")
LITE = "ImageNet, EfficientNet-Lite"


def opened(**query: str) -> AppTest:
    """The page of a new visitor who follows a link with these parameters."""
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params.update({"evaluated": LITE, **query})
    return app.run().switch_page("ui/pages/evidence/page.py").run()


def words(elements) -> str:
    return "\n".join(one.value for one in elements)


def charts(app: AppTest) -> list[dict]:
    assert not app.exception
    return [json.loads(one.proto.spec) for one in app.get("plotly_chart")]


def component(app: AppTest, name: str) -> dict:
    """The data of one of the page's own components."""
    (found,) = (one for one in app.get("bidi_component") if one.proto.component_name.endswith(name))
    return json.loads(found.proto.json)
