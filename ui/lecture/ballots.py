"""Votes of a hall: which map is the compound network's? Kept in memory only, one for each browser and photograph.

A hall is known by a secret, which its screen's address holds; phones know only the room, which follows from the secret, so
that they can vote and not turn pages. What is kept: a random word of each browser, and the number of the map that it chose.
"""

import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

MOST_ROOMS, MOST_VOTERS = 64, 2000
LONGEST = 64  # characters of a browser's word


def new_hall() -> str:
    """A secret for a hall's screen."""
    return secrets.token_urlsafe(9)


def room_of(hall: str) -> str:
    """The room that a hall's phones vote in."""
    return hashlib.sha256(hall.encode()).hexdigest()[:8]


@dataclass
class Room:
    """One hall: the photograph that it is asked about, from 0, whether the answer is shown, and what each browser chose."""

    asked: int = 0
    revealed: bool = False
    votes: dict[int, dict[str, int]] = field(default_factory=dict)


class Ballots:
    """All halls; the one that was quiet for longest goes where there are too many."""

    def __init__(self, most_rooms: int = MOST_ROOMS, most_voters: int = MOST_VOTERS):
        self.most_rooms, self.most_voters = most_rooms, most_voters
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, room: str, asked: int, revealed: bool) -> None:
        """The hall's screen asks about a photograph, or shows the answer."""
        with self._lock:
            there = self._rooms.setdefault(room, Room())
            there.asked, there.revealed = asked, revealed
            self._rooms.move_to_end(room)
            while len(self._rooms) > self.most_rooms:
                self._rooms.popitem(last=False)

    def asked(self, room: str) -> tuple[int, bool] | None:
        """The photograph that a room is asked about, and whether the answer is shown; None where nobody asks."""
        with self._lock:
            there = self._rooms.get(room)
            return (there.asked, there.revealed) if there else None

    def vote(self, room: str, asked: int, choice: int, voter: str) -> bool:
        """Take a browser's vote, in place of an earlier one; whether it counts: not for another photograph than the one
        asked about, nor once the answer is shown, nor from more browsers than a hall holds."""
        with self._lock:
            there = self._rooms.get(room)
            if there is None or there.revealed or there.asked != asked or not 0 < len(voter) <= LONGEST:
                return False
            votes = there.votes.setdefault(asked, {})
            if voter not in votes and len(votes) >= self.most_voters:
                return False
            votes[voter] = choice
            return True

    def choice(self, room: str, asked: int, voter: str) -> int | None:
        """What a browser chose, if it did."""
        with self._lock:
            there = self._rooms.get(room)
            return there.votes.get(asked, {}).get(voter) if there else None

    def counts(self, room: str, questions: int, choices: int) -> list[list[int]]:
        """For each question how many chose each map."""
        with self._lock:
            there = self._rooms.get(room)
            votes = there.votes if there else {}
            found = [list(votes.get(question, {}).values()) for question in range(questions)]
        return [[one.count(choice) for choice in range(choices)] for one in found]


BALLOTS = Ballots()
