"""Rounds of deficit round robin: how many held jobs each account may send to the workers now.

Deficit round robin (Shreedhar and Varghese, 1995) gives each queue a quantum in its turn. The time
of a job is unknown before its end. So an account sends jobs while its deficit is above 0, and pays
the rest in later rounds (surplus round robin, Adiseshu, Parulkar and Varghese, 1996). Each account
therefore gets a job in its first turn, however long its jobs take.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Turn:
    """An account that waits, with its deficit and the mean time of its jobs (milliseconds)."""

    account: str
    deficit: float
    cost: float
    #: The room that each job takes.
    room: float
    #: Jobs that the account may send.
    most: int
    #: Jobs that it may send now.
    jobs: int = 0

    def take(self, room: float) -> float:
        """Send jobs while there are credit and room. Return the room that is left."""
        wanted = min(self.deficit / self.cost, room / self.room, self.most - self.jobs)
        count = math.ceil(wanted)
        self.jobs += count
        self.deficit -= count * self.cost
        return room - count * self.room

    def found(self, count: int) -> None:
        """Note that only `count` of the jobs were there. Then the account keeps no credit."""
        if count < self.jobs:
            self.deficit = min(0.0, self.deficit + (self.jobs - count) * self.cost)
            self.jobs = count

    @property
    def is_full(self) -> bool:
        """Whether the account may send no more jobs."""
        return self.jobs >= self.most


def allot(turns: Sequence[Turn], room: float, quantum: float) -> str | None:
    """Share the room among the accounts, in turns. Return the account that had the last turn.

    `room` is the time of jobs that the workers can take, in milliseconds.
    """
    last = None
    while room > 0 and (open_turns := [turn for turn in turns if not turn.is_full]):
        _skip_rounds_of_debt(open_turns, quantum)
        for turn in open_turns:
            turn.deficit += quantum
            last = turn.account
            if turn.deficit > 0:
                room = turn.take(room)
                if room <= 0:
                    break
    return last


def _skip_rounds_of_debt(turns: Sequence[Turn], quantum: float) -> None:
    """Skip the rounds in which every account still pays its debt."""
    rounds = math.floor(-max(turn.deficit for turn in turns) / quantum)
    if rounds > 0:
        for turn in turns:
            turn.deficit += rounds * quantum
