"""A lecture: scenes from a file, and one sentence if the file is not understood."""

import json
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ui.lecture.ballots import room_of
from ui.lecture.hall import link, shared_link
from ui.lecture.scenes import EXAMPLE, SHOWS, Scene, read_scenes, scenes_file
from ui.messages import plain

APP = str(Path(__file__).parents[3] / "app.py")
PAGES = ("", "compare", "scaling", "evidence")
GOOD = '[[scenes]]\ntitle = "One"\nlink = "http://127.0.0.1:8501/?images=cat&mode=lecture&scene=7&look=%7B%22cells%22%3Atrue%7D"\n'


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params.update({"mode": "lecture", **query})
    return app.run()


def component(app: AppTest, name: str) -> dict:
    """The data of a component on the page."""
    assert not app.exception
    (found,) = (one for one in app.get("bidi_component") if one.proto.component_name.endswith(name))
    return json.loads(found.proto.json)


def steps(app: AppTest) -> dict:
    return component(app, "steps")


def test_the_example_is_composed_for_the_screen_and_has_notes():
    scenes = read_scenes(EXAMPLE, PAGES)
    assert {scene.show for scene in scenes} == set(SHOWS)
    assert (scenes[0].show, scenes[-1].show) == ("claim", "home")
    assert all(len(scene.notes) > 40 for scene in scenes)


def test_a_copied_link_becomes_a_scene_and_a_link_again(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    (scene,) = read_scenes(path, PAGES)
    assert scene == Scene("One", "", "", {"images": "cat", "look": '{"cells":true}'})
    assert link(scene, 1) == "/compare?images=cat&look=%7B%22cells%22%3Atrue%7D&mode=lecture&scene=1"


def test_the_command_names_the_file():
    assert scenes_file(["--scenes", "mine.toml"]) == Path("mine.toml")
    assert scenes_file(["--other", "word"]) == EXAMPLE
    with pytest.raises(ValueError, match="without the name of a scenes file"):
        scenes_file(["--scenes"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[[scenes", "cannot be read"),
        ("title = 'nothing else'", "has no scenes"),
        ("scenes = []", "has no scenes"),
        ("scenes = [3]", "scene 1 of mine.toml is not understood"),
        ("[[scenes]]\ntitle = 'One'", "expected title, text and link or show"),
        (
            "[[scenes]]\ntitle = 'One'\nshow = 'fireworks'",
            "shows 'fireworks', which is unknown; expected one of claim",
        ),
        ("[[scenes]]\ntitle = 'One'\nshow = 'home'\npoints = 'one'", "is not understood"),
        ("[[scenes]]\ntitle = 'One'\nshow = 'home'\npoints = ['one', 2]", "is not understood"),
        ("[[scenes]]\ntitle = 'One'\nlink = '/'\nimages = 'cat'", "is not understood"),
        ("[[scenes]]\ntitle = 1\nlink = '/'", "each in quotes"),
        ("#" * 2**20 + "\n", "cannot be read .larger than 1 MiB.; correct the file"),
        (
            "[[scenes]]\ntitle = 'One'\nlink = '/nowhere'",
            "which is not a page; expected one of /, /compare, /scaling, /evidence",
        ),
    ],
)
def test_a_bad_file_is_one_sentence_and_the_page_lives(tmp_path, monkeypatch, content, said):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match=said):
        read_scenes(path, PAGES)


@pytest.mark.linux
def test_a_pipe_is_not_waited_for(tmp_path):
    """Every visitor's page reads the file."""
    os.mkfifo(tmp_path / "mine.toml")
    with pytest.raises(ValueError, match="mine.toml cannot be read .not a regular file."):
        read_scenes(tmp_path / "mine.toml", PAGES)


def test_the_page_lives_without_its_scenes(tmp_path, monkeypatch):
    monkeypatch.setattr("ui.lecture.stage.scenes_file", lambda: tmp_path / "gone.toml")
    app = opened(images="cat")
    assert [one.value for one in app.error] == [
        plain("There is no file of scenes gone.toml; whoever started the server should check its name.")
    ]
    assert [one for one in app.get("bidi_component") if one.proto.component_name.endswith("viewer")]


def test_a_lecture_begins_with_its_first_scene_and_remembers_its_hall():
    app = opened()
    data = component(app, "deck")
    assert data["view"] == "lecture"
    assert app.query_params["hall"] == data["hall"]
    assert data["scenes"][0]["link"] == f"/?mode=lecture&scene=1&hall={data['hall']}"
    assert component(opened(hall="mine"), "deck")["hall"] == "mine"
    assert steps(opened(images="cat"))["go"] == 0


def test_a_deck_of_pages_begins_with_its_first_page(tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    monkeypatch.setattr("ui.lecture.stage.scenes_file", lambda: path)
    data = steps(opened())
    assert (data["here"], data["go"]) == (0, 1)
    assert f"mode=lecture&scene=1&hall={data['hall']}" in data["links"][0]


@pytest.mark.parametrize(("asked", "here"), [("2", 2), ("99", 0), ("-1", 0), ("x", 0), ("9" * 40, 0)])
def test_the_address_names_the_scene(asked, here):
    assert steps(opened(images="cat", scene=asked, live="1"))["here"] == here


def test_phones_get_the_room_and_not_the_secret():
    scenes = read_scenes(EXAMPLE, PAGES)
    guess = next(scene for scene in scenes if scene.show == "guess")
    assert shared_link(guess, 9, "secret") == f"/?mode=vote&room={room_of('secret')}"
    assert not [scene.title for scene in scenes if "secret" in shared_link(scene, 1, "secret")]
    assert shared_link(scenes[4], 5, "secret") == "/compare?images=red-panda%2Ctaj-mahal"


def test_a_composed_scene_says_which_photographs_it_can_show(tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text("[[scenes]]\ntitle = 'One'\nshow = 'photographs'\nlink = '/?images=airplane'\n")
    monkeypatch.setattr("ui.lecture.stage.scenes_file", lambda: path)
    (error,) = opened().error
    assert "scene 1 shows the photograph 'airplane'; its link should name some of red-panda" in error.value.replace(
        "Scene", "scene"
    )


def test_another_scene_forgets_what_was_chosen():
    app = opened(images="cat", scene="5", live="1")
    app.session_state["step"] = 4
    app.query_params["scene"] = "8"
    app.query_params["images"] = "spaniels"
    app.run()
    assert "step" not in app.session_state
    assert [one.name for one in app.session_state["photographs"]] == ["spaniels"]
