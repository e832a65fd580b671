"""The deck: scenes composed for the screen, drawn from plain data.

deck.js         entry point: which scene and build is shown, keys, and the other window
scene.js        the frame of a scene: title, body, code, place
parts.js        pieces that several scenes are made of
claim_scene.js  the paper's own maps
cells_scene.js  feature maps times weights are the map, and its mean plus the bias the logit
growth_scene.js the networks, drawn to one scale
curves_scene.js the paper's accuracy against cost
rows_scene.js   photographs by networks, and the difference of two maps
guess_scene.js  which map is the compound network's? with the hall's votes
answer_scene.js the measured differences
home_scene.js   sentences to take home
bodies.js       which file draws which scene
speaker.js      the speaker's view: this scene and the next, notes, clock
handout.js      all scenes on paper
"""

from typing import Any

from ui.components.loader import component

_deck = component("deck")


def deck(data: dict[str, Any], key: str = "deck") -> Any:
    """Show the scenes; return the state of the question to the hall, with ``asked`` and ``revealed``, or None."""
    return _deck(data=data, key=key, default={"guess": None}, on_guess_change=lambda: None).guess
