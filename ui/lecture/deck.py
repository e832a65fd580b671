"""What the deck shows: scenes as plain data, with everything that was computed earlier, addresses and QR codes."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from ui.lecture.ballots import room_of
from ui.lecture.codes import only_here, qr_code, server_address
from ui.lecture.hall import link, order_of, other_view, shared_link
from ui.lecture.scenes import Scene
from ui.pages.drawn import drawn

SHOWN = ("photographs", "guess")  # scenes that show the photographs named by their link


def deck_data(scenes: Sequence[Scene], secret: str, view: str) -> dict[str, Any]:
    """All that the component needs.

    Args:
        scenes: all of them.
        secret: of the hall.
        view: "lecture", "speaker" or "handout".

    Raises:
        ValueError: a composed scene needs a photograph whose maps were not computed earlier.
    """
    server = server_address()
    return {
        "view": view,
        "hall": secret,
        "server": urlsplit(server).netloc,
        "onlyHere": only_here(server),
        "scenes": [_scene(scene, number, secret, server) for number, scene in enumerate(scenes, 1)],
        "speaker": other_view("speaker", secret),
        "handout": other_view("handout", secret),
        "drawn": drawn(),
    }


def questions(scenes: Sequence[Scene]) -> list[str]:
    """Photographs of the first scene that asks the hall to guess, in order; none where there is no such scene."""
    return next((scene.photographs for scene in scenes if scene.show == "guess"), [])


def _scene(scene: Scene, number: int, secret: str, server: str) -> dict[str, Any]:
    shared = server + shared_link(scene, number, secret).rstrip("/")
    variants = len(drawn()["columns"])
    names = _photographs(scene, number) if scene.show in SHOWN else []
    return {
        "title": scene.title,
        "text": scene.text,
        "show": scene.show,
        "notes": scene.notes,
        "points": list(scene.points),
        "link": link(scene, number, secret),
        "live": link(scene, number, secret, live=True) if scene.linked and scene.show else "",
        "code": qr_code(shared),
        "shared": shared,
        "photographs": names,
        "cells": '"cells":true' in scene.state.get("look", "").replace(" ", ""),
        "orders": [order_of(room_of(secret), place, variants) for place in range(len(names))],
    }


def _photographs(scene: Scene, number: int) -> list[str]:
    known = [one["name"] for one in drawn()["photographs"]]
    if not scene.photographs or (strange := [name for name in scene.photographs if name not in known]):
        named = f"the photograph {strange[0]!r}" if scene.photographs else "no photograph"
        raise ValueError(
            f"scene {number} shows {named}; its link should name some of {', '.join(known)}, "
            "or leave out show, and the page itself is shown"
        )
    return scene.photographs
