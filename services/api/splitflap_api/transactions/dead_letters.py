"""Many dead letters in one request: each replay is a transaction of its own, a drop is one for all.

A request works for a limited time and returns the ids that are left. A repetition is harmless: it
replays no letter twice.
"""

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from splitflap_api.contract.dead_letter_models import DeadLettersDone, Refusal
from splitflap_api.contract.problems import Problem, unavailable
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.store.engine import Store, is_outage
from splitflap_api.transactions.replay import Replayer

#: Seconds of one request, before a last replay that may wait for the broker.
SECONDS = 2.0

#: The pressure from which replays wait: clients keep most of the room up to 1.
MAX_PRESSURE = 1 / 3

#: Seconds until the next try then.
RETRY_AFTER = 2


class DeadLetterBatches:
    """Replays and drops dead letters by their ids."""

    def __init__(self, store: Store, replayer: Replayer, pressure: Callable[[], float]) -> None:
        """`pressure` gives the highest quotient of a wait and its limit."""
        self._store = store
        self._replayer = replayer
        self._pressure = pressure

    def replay(self, ids: Sequence[str]) -> DeadLettersDone:
        """Replay as many of these dead letters as the time allows, in their order.

        Raises:
            Problem: unavailable, if the workers are behind, or the broker refuses the first one.
        """
        if self._pressure() > MAX_PRESSURE:
            raise unavailable("replays wait until the workers have caught up", RETRY_AFTER)
        result = DeadLettersDone(0, [], [])
        until = time.monotonic() + SECONDS
        for position, letter_id in enumerate(ids):
            if (position and time.monotonic() > until) or not self._replayed(letter_id, result):
                result.left = list(ids[position:])
                break
            # A refusal waits for nothing, and on SQLite it has read the whole letter.
            time.sleep(0)
        return result

    def drop(
        self,
        ids: Sequence[str],
        note: Callable[[Connection, DeadLettersDone], None] | None = None,
    ) -> DeadLettersDone:
        """Delete these dead letters. Names those that it does not find.

        `note` gets the result in the same transaction, if something was deleted.
        """
        with self._store.write() as tx:
            dropped = set(dead_letters.drop(tx, ids))
            missing = [each for each in ids if each not in dropped]
            refused = [Refusal(each, dead_letters.missing(each)) for each in missing]
            done = DeadLettersDone(len(dropped), refused, [])
            if dropped and note:
                note(tx, done)
        return done

    def _replayed(self, letter_id: str, result: DeadLettersDone) -> bool:
        """Replay one, and note the result. Return False if the broker or the database is away.

        Raises:
            Problem: unavailable, if nothing was done before.
        """
        try:
            self._replayer.replay(letter_id)
        except Exception as error:
            if not isinstance(error, Problem) and not is_outage(error):
                raise
            if isinstance(error, Problem) and error.slug != "unavailable":
                result.refused.append(Refusal(letter_id, error.detail))
                return True
            if not (result.done or result.refused):
                raise
            return False
        result.done += 1
        return True
