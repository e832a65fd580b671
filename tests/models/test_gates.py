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
