"""Heavy computations: one per visitor, few at once, in order, with an expected time, and stopped when nobody wants them."""

import threading
import time

import pytest
from streamlit.testing.v1 import AppTest

from models.pulse import listening, parts
from ui.turns import Line, waiting


class Gone(BaseException):
    """Like Streamlit's own exception, which no handler for errors catches."""


def quiet(before, seconds):
    pass


class Visitors:
    """Threads that take turns; each keeps its turn until it is released."""

    def __init__(self, line):
        self.line, self.order, self.threads, self.let_go = line, [], [], {}
        self.begun = {}

    def come(self, visitor, name):
        self.let_go[name], self.begun[name] = threading.Event(), threading.Event()

        def work():
            with self.line.turn(visitor, quiet):
                self.order.append(name)
                self.begun[name].set()
                assert self.let_go[name].wait(10)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.threads.append(thread)
        time.sleep(0.05)  # so that they arrive one after the other

    def leave(self, name):
        assert self.begun[name].wait(5), name
        self.let_go[name].set()


def test_so_many_at_once_in_order_and_one_for_each_visitor():
    """Ann asks for three things, Ben and Cem for one each: her second one waits without blocking anybody."""
    visitors = Visitors(Line(2))
    for visitor, name in (("ann", "a1"), ("ann", "a2"), ("ann", "a3"), ("ben", "b"), ("cem", "c")):
        visitors.come(visitor, name)
    assert visitors.order == ["a1", "b"]
    visitors.leave("b")
    assert visitors.begun["c"].wait(5)
    assert visitors.order == ["a1", "b", "c"]
    for name in ("a1", "a2", "a3", "c"):
        visitors.leave(name)
    for thread in visitors.threads:
        thread.join(5)
        assert not thread.is_alive()
    assert visitors.order == ["a1", "b", "c", "a2", "a3"]


def test_who_leaves_the_line_or_fails_gives_the_place_to_the_next():
    line = Line(1)

    def leave(before, seconds):
        raise Gone

    with line.turn("ann", quiet), pytest.raises(Gone), line.turn("ben", leave):
        pytest.fail("it was not his turn")
    with pytest.raises(ValueError, match="x"), line.turn("cem", quiet):
        raise ValueError("x")
    with line.turn("dan", quiet):
        pass


def test_how_long_is_said_from_how_long_it_took():
    line, said = Line(1), []
    for _ in range(20):
        with line.turn("ann", quiet):
            pass
    assert line.usual < 1
    line.usual = 100.0

    def listen(before, seconds):
        said.append((before, seconds))
        raise Gone

    with line.turn("ann", quiet), pytest.raises(Gone), line.turn("ben", listen):
        pass
    assert said == [(0, 100.0)]
    assert waiting(0, 100.0) == "In line: others compute. You are next; about 2 minutes."
    assert waiting(1, 30.0) == "In line: others compute. 1 is before you; about 30 s."


def test_parts_within_parts_are_shares_of_them():
    told = []
    with listening(told.append):
        for _ in parts("ab"):
            for _ in parts(range(4)):
                pass
    assert told == [0, 0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.625, 0.75, 0.875]
    assert list(parts("ab")) == ["a", "b"]


def test_a_listener_ends_every_method_that_runs_the_network_again(lite, samples):
    """It ends between passes: an end after the first pass does not wait for the others."""
    from cam import compare, open_image

    picture = open_image(samples / "cat.jpg")
    for method, layer in (("scorecam", None), ("ablationcam", "stage 7"), ("layercam", "stage 5, head")):
        told = []

        def leave(share, told=told):
            told.append(share)
            if share > 0:
                raise Gone

        with listening(leave), pytest.raises(Gone):
            compare({"baseline": lite["baseline"]}, [picture], method, "own", layer=layer)
        assert told[-1] < 0.6, method


PAGE = """
import time
import streamlit as st
from models.pulse import parts
from ui.messages import errors_shown
from ui.turns import my_turn
st.session_state.setdefault("passes", 0)
with errors_shown(), my_turn("work"):
    for _ in parts(range(3)):
        st.session_state.passes += 1
"""


def test_what_a_visitor_stops_is_not_begun_again_until_they_ask():
    app = AppTest.from_string(PAGE).run()
    assert app.session_state.passes == 3
    assert not app.button, "the button goes with the work"
    app.session_state["ended_by_visitor"] = "work"
    app.run()
    assert app.session_state.passes == 3
    assert [one.value for one in app.markdown] == ["Stopped, as you asked."]
    assert not app.error, "it is no error"
    app.button[0].click().run()
    assert app.session_state.passes == 6
    assert not app.error
