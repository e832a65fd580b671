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


def test_whoever_waits_for_a_result_is_next_in_the_order_of_asking():
    """Each computation comes to an error, so all eight compute, one after the other; the first takes long."""
    begun, computed, at_once = threading.Event(), [], []

    @shared()
    def fails(key, _visitor):
        at_once.append(_visitor)
        computed.append((_visitor, len(at_once)))
        begun.set()
        time.sleep(0.02 if _visitor else 0.7)
        at_once.remove(_visitor)
        raise ValueError("no")

    def ask(visitor):
        with pytest.raises(ValueError, match="no"):
            fails("a", visitor)

    threads = [threading.Thread(target=ask, args=(visitor,), daemon=True) for visitor in range(8)]
    for thread in threads:
        thread.start()
        assert begun.wait(5)
        time.sleep(0.05)  # so that they arrive one after the other
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert computed == [(visitor, 1) for visitor in range(8)]


def test_after_an_error_newcomers_wait_for_whoever_computes_it_again():
    computed, failing, again = [], threading.Event(), threading.Event()

    @shared()
    def fails_once(key):
        computed.append(key)
        if len(computed) == 1:
            assert failing.wait(5)
            raise ValueError("not yet")
        assert again.wait(5)
        return key

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(fails_once, "a")
        while not computed:
            time.sleep(0.01)
        second = pool.submit(fails_once, "a")
        time.sleep(0.1)
        failing.set()
        while len(computed) < 2:
            time.sleep(0.01)
        third = pool.submit(fails_once, "a")
        time.sleep(0.2)
        assert len(computed) == 2, "the newcomer does not compute it beside the second"
        again.set()
        assert second.result(5) == third.result(5) == "a"
        assert isinstance(first.exception(5), ValueError)
    assert len(computed) == 2
