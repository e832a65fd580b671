"""Shared results are computed once, kept up to a limit, and cannot be cleared by a visitor's message."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import streamlit as st

from ui.shared import shared


def test_it_is_computed_once_however_many_ask_at_once():
    asked = []

    @shared()
    def slow(number, _unkeyed):
        asked.append(number)
        time.sleep(0.05)
        return number * 2

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda turn: slow(turn % 2, turn), range(16))) == [0, 2] * 8
    assert sorted(asked) == [0, 1]


def test_the_oldest_goes_where_room_ends():
    asked = []

    @shared(2)
    def square(number):
        asked.append(number)
        return number**2

    for number in (1, 2, 1, 3, 1, 2):
        square(number)
    assert asked == [1, 2, 3, 2]


def test_errors_are_not_kept_and_hold_nobody_up():
    turns = []

    @shared()
    def fails_once(key):
        turns.append(key)
        if len(turns) == 1:
            raise ValueError("not yet")
        return key

    with pytest.raises(ValueError, match="not yet"):
        fails_once("a")
    thread = threading.Thread(target=fails_once, args=("a",))
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert turns == ["a", "a"]


def test_streamlit_clearing_its_caches_leaves_it_alone():
    """Any client can send the message that clears Streamlit's caches."""

    @shared()
    def made():
        return object()

    first = made()
    st.cache_resource.clear()
    st.cache_data.clear()
    assert made() is first
