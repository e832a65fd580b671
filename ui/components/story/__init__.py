"""The story in the browser: six steps on one page, drawn from plain data without requests to the server.

story.js    entry point: starts the steps
heat.js     maps as colours over a photograph
claim.js    step 1: the paper's own maps
cells.js    step 2: feature maps times weights are the map
sums.js     step 2: the sum of one cell
growth.js   step 3: the networks, drawn to one scale
guess.js    step 4: which map is the compound network's?
chance.js   step 4: how often blind guessing is right
answer.js   step 5: the measured differences with their intervals
"""

from typing import Any

from ui.components.loader import component

_story = component("story")


def story(data: dict[str, Any], key: str = "story") -> None:
    """Tell the story from what ``ui.pages.drawn`` holds."""
    _story(data=data, key=key)
