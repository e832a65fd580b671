"""The line above a page of the app in a lecture: title, sentence, number of the scene, and the keys that step."""

from collections.abc import Sequence

from ui.components.steps import steps_bar
from ui.lecture.hall import hall, link
from ui.lecture.scenes import Scene


def steps(scenes: Sequence[Scene], here: int, first: bool) -> None:
    """Show which scene it is, and step through the lecture with keys and buttons.

    Args:
        scenes: all of them.
        here: number of the scene shown, from 1; 0 where the page shows none of them.
        first: go to the first scene at once.
    """
    scene = scenes[here - 1] if here else Scene("", "", "", {})
    secret = hall()
    data = {
        "title": scene.title,
        "text": scene.text,
        "here": here,
        "count": len(scenes),
        "go": 1 if first else here,
        "links": [link(one, number, secret) for number, one in enumerate(scenes, 1)],
        "hall": secret,
        "composed": bool(scene.show),
    }
    steps_bar(data=data, key="steps")
