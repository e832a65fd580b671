"""Gates let in only so much at once, and nobody waits for ever."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.gates import Gate


def test_what_is_held_stays_within_the_limit_but_for_one_alone():
    gate, held, most, alone = Gate(10), [0], [0], []
    lock = threading.Lock()

    def work(amount):
        with gate.room(amount):
            with lock:
                held[0] += amount
                if amount > 10:
                    alone.append(held[0] == amount)
                else:
                    most[0] = max(most[0], held[0])
            time.sleep(0.002)
            with lock:
                held[0] -= amount

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, [1, 4, 7, 50, 3, 10, 2] * 12))
    assert most[0] <= 10
    assert most[0] > 7, "several at once"
    assert all(alone)
    assert len(alone) == 12
    assert gate.held == 0


def test_room_comes_back_after_an_error():
    gate = Gate(1)
    with pytest.raises(ValueError, match="x"), gate.room(1):
        raise ValueError("x")
    with gate.room(1):
        assert gate.held == 1


def test_eight_are_let_in_in_the_order_in_which_they_came():
    """The first holds everything for longer than it takes the others to come; small ones do not slip past large ones."""
    gate, order = Gate(10), []

    def work(number):
        with gate.room(10 if number % 2 else 6):
            order.append(number)
            time.sleep(0.01 if number else 0.5)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
        time.sleep(0.03)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert order == list(range(8))


def test_who_is_interrupted_while_waiting_holds_nobody_up(monkeypatch):
    """As Ctrl-C does in the main thread."""
    gate = Gate(1)

    def interrupted(condition):
        raise KeyboardInterrupt

    with gate.room(1):
        monkeypatch.setattr(gate._moved, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt), gate.room(1):
            pytest.fail("it was not let in")
        monkeypatch.undo()
    passed = threading.Event()

    def work():
        with gate.room(1):
            passed.set()

    threading.Thread(target=work, daemon=True).start()
    assert passed.wait(5)
