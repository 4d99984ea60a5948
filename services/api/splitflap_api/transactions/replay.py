"""Replays dead letters: creates a job again, or returns a message to its queue."""

import threading
from typing import Any

from splitflap_core import topology
from splitflap_core.broker import BrokerLink, OutgoingMessage

from asyncrequest import NO_PRECONDITIONS, Preconditions
from splitflap_api.contract.problems import Problem, unavailable
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.operator.audit import Note, unnoted
from splitflap_api.store.engine import Store
from splitflap_api.transactions.after_commit import AfterCommit

#: Seconds to wait for the broker's confirm.
CONFIRM_TIMEOUT = 5.0

#: The exchange of each queue that has a consumer.
_EXCHANGES: dict[str, str] = {
    **dict.fromkeys(topology.KIND_OF, topology.JOBS.name),
    **dict.fromkeys(topology.RESULTS_NAMES, topology.RESULTS.name),
}


class Replayer:
    """Replays dead letters, each once."""

    def __init__(
        self, store: Store, link: BrokerLink, after_commit: AfterCommit, router: Router
    ) -> None:
        self._store = store
        self._link = link
        self._after_commit = after_commit
        self._router = router

    def replay(
        self,
        letter_id: str,
        preconditions: Preconditions = NO_PRECONDITIONS,
        note: Note = unnoted,
    ) -> None:
        """Replay a dead letter, and note its id.

        Raises:
            Problem: not-found; conflict, if it was replayed before or would have no effect;
                unavailable, if the broker refuses the message.
            PreconditionFailed: dead letters have no ETag, so no tag matches.
        """
        with self._store.write() as tx:
            letter = dead_letters.find(tx, letter_id)
            preconditions.check(None)
            if letter["replayed_at"] is not None:
                raise Problem("conflict", "it was replayed before")
            changes = Changes(self._store.now(tx), self._router)
            if letter["job_id"] is None:
                self._send(letter)
            else:
                dead_letters.replay_job(tx, changes, letter)
            changes.schedule_previews(tx)
            changes.write(tx)
            dead_letters.mark_replayed(tx, letter_id, changes.now)
            note(tx, letter_id)
        self._after_commit.publish(changes.jobs, changes.joined)
        self._after_commit.changed()

    def _send(self, letter: Any) -> None:
        """Publish the message and wait for its confirm.

        Raises:
            Problem: conflict or unavailable.
        """
        exchange = _EXCHANGES.get(letter["queue"])
        if exchange is None:
            raise Problem("conflict", f"the queue {letter['queue']} has no consumer")
        settled = threading.Event()
        sent = []

        def settle(taken: bool) -> None:
            sent.append(taken)
            settled.set()

        # No worker may read the express queue any more.
        key = topology.KIND_OF.get(letter["queue"], letter["queue"])
        self._link.publish(OutgoingMessage(exchange, key, letter["body"], settle))
        if not settled.wait(CONFIRM_TIMEOUT) or not sent[0]:
            raise unavailable("the broker did not confirm the message")
