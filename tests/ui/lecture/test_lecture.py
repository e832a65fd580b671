"""A lecture: scenes from a file, one sentence where the file is not understood."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ui.lecture.scenes import EXAMPLE, Scene, read_scenes, scenes_file
from ui.lecture.steps import link
from ui.messages import plain

APP = str(Path(__file__).parents[3] / "app.py")
PAGES = ("", "scaling", "evidence")
GOOD = '[[scenes]]\ntitle = "One"\nlink = "http://127.0.0.1:8501/?images=cat&mode=lecture&scene=7&look=%7B%22cells%22%3Atrue%7D"\n'


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params.update({"mode": "lecture", **query})
    return app.run()


def steps(app: AppTest) -> dict:
    assert not app.exception
    (found,) = (one for one in app.get("bidi_component") if one.proto.component_name.endswith("steps"))
    return json.loads(found.proto.json)


def test_the_example_names_pages_that_are_here():
    scenes = read_scenes(EXAMPLE, PAGES)
    assert len(scenes) > 5
    assert {scene.page for scene in scenes} == set(PAGES)


def test_a_copied_link_becomes_a_scene_and_a_link_again(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    (scene,) = read_scenes(path, PAGES)
    assert scene == Scene("One", "", "", {"images": "cat", "look": '{"cells":true}'})
    assert link(scene, 1) == "/compare?images=cat&look=%7B%22cells%22%3Atrue%7D&mode=lecture&scene=1"


def test_the_command_names_the_file():
    assert scenes_file(["--scenes", "mine.toml"]) == Path("mine.toml")
    assert scenes_file(["--other", "word"]) == EXAMPLE
    with pytest.raises(ValueError, match="names no file"):
        scenes_file(["--scenes"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[[scenes", "cannot be read"),
        ("title = 'nothing else'", "has no scenes"),
        ("scenes = []", "has no scenes"),
        ("scenes = [3]", "scene 1 of mine.toml is not understood"),
        ("[[scenes]]\ntitle = 'One'", "expected title, text and link"),
        ("[[scenes]]\ntitle = 1\nlink = '/'", "each in quotes"),
        ("[[scenes]]\ntitle = 'One'\nlink = '/nowhere'", "which is not a page; expected one of /, /scaling, /evidence"),
    ],
)
def test_a_bad_file_is_one_sentence_and_the_page_lives(tmp_path, monkeypatch, content, said):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match=said):
        read_scenes(path, PAGES)


def test_the_page_lives_without_its_scenes(tmp_path, monkeypatch):
    monkeypatch.setattr("ui.lecture.stage.scenes_file", lambda: tmp_path / "gone.toml")
    app = opened(images="cat")
    assert [one.value for one in app.error] == [
        plain(f"There is no file of scenes {tmp_path / 'gone.toml'}; check the path after --scenes.")
    ]
    assert [one for one in app.get("bidi_component") if one.proto.component_name.endswith("viewer")]


def test_a_lecture_begins_with_its_first_scene():
    data = steps(opened())
    assert (data["here"], data["go"]) == (0, 1)
    assert data["links"][0].endswith("mode=lecture&scene=1")
    assert steps(opened(images="cat"))["go"] == 0


@pytest.mark.parametrize(("asked", "here"), [("2", 2), ("99", 0), ("-1", 0), ("x", 0), ("9" * 40, 0)])
def test_the_address_names_the_scene(asked, here):
    assert steps(opened(images="cat", scene=asked))["here"] == here


def test_another_scene_forgets_what_was_chosen():
    app = opened(images="cat", scene="1")
    app.session_state["step"] = 4
    app.query_params["scene"] = "2"
    app.query_params["images"] = "spaniels"
    app.run()
    assert "step" not in app.session_state
    assert [one.name for one in app.session_state["photographs"]] == ["spaniels"]
