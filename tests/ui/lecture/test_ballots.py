"""Votes of a hall: one for each browser, only while a question is open, and within a limit of memory."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from ui.lecture.ballots import BALLOTS, LONGEST, Ballots, room_of
from ui.lecture.hall import order_of
from ui.pages.drawn import drawn

APP = str(Path(__file__).parents[3] / "app.py")


def test_one_vote_for_each_browser_which_may_be_changed_until_the_answer():
    ballots = Ballots()
    ballots.ask("room", 0, False)
    assert ballots.vote("room", 0, 3, "one")
    assert ballots.vote("room", 0, 1, "one")
    assert ballots.vote("room", 0, 1, "two")
    assert ballots.counts("room", 2, 5) == [[0, 2, 0, 0, 0], [0] * 5]
    ballots.ask("room", 0, True)
    assert not ballots.vote("room", 0, 4, "one")
    assert ballots.choice("room", 0, "one") == 1


def test_only_what_is_asked_is_counted():
    ballots = Ballots(most_voters=2)
    assert not ballots.vote("nobody", 0, 0, "one")
    ballots.ask("room", 1, False)
    assert not ballots.vote("room", 0, 0, "one"), "the hall is at another photograph"
    assert not ballots.vote("room", 1, 0, "")
    assert not ballots.vote("room", 1, 0, "x" * (LONGEST + 1))
    assert [ballots.vote("room", 1, 0, voter) for voter in ("one", "two", "three", "one")] == [True, True, False, True]


def test_the_hall_that_was_quiet_for_longest_goes():
    ballots = Ballots(most_rooms=2)
    for room in ("a", "b", "a", "c"):
        ballots.ask(room, 0, False)
    assert [ballots.asked(room) for room in ("a", "b", "c")] == [(0, False), None, (0, False)]


def test_the_room_says_nothing_about_the_secret_and_fixes_the_order():
    assert room_of("secret") == room_of("secret") != room_of("Secret")
    assert sorted(order_of("room", 0, 5)) == [0, 1, 2, 3, 4]
    orders = {tuple(order_of("room", question, 5)) for question in range(8)}
    assert len(orders) > 4


def phone(room: str) -> dict:
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params.update({"mode": "vote", "room": room})
    app.run()
    assert not app.exception
    (found,) = app.get("bidi_component")
    return json.loads(found.proto.json)


def test_a_phone_learns_whose_maps_they_are_only_with_the_answer():
    room = room_of("of this test")
    assert phone(room)["asked"] is None
    BALLOTS.ask(room, 1, False)
    asked = phone(room)
    assert asked["photograph"]["name"] == "butterfly"
    assert not {"labels", "sought"} & asked.keys()
    names = {one["label"] for one in drawn()["columns"]} | {f'"key": "{one["key"]}"' for one in drawn()["columns"]}
    assert not [name for name in names if name in json.dumps(asked)]
    BALLOTS.ask(room, 1, True)
    answered = phone(room)
    assert answered["labels"][answered["sought"]] == "Compound"
