"""Dead letters given back: a job is made anew, a message goes to the queue that it came from."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from splitflap_core import topology
from splitflap_core.broker import BrokerLink, OutgoingMessage

from splitflap_api.contract.problems import Problem, unavailable
from splitflap_api.domain import dead_letters
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.store.engine import Store

#: Seconds to wait until the broker has taken a message.
CONFIRM_TIMEOUT = 5.0

_EXCHANGES = {
    topology.RENDER_QUEUE.name: topology.JOBS.name,
    topology.SCRAPE_QUEUE.name: topology.JOBS.name,
    topology.RESULTS_QUEUE.name: topology.RESULTS.name,
}


class Replayer:
    """Replays dead letters, each once."""

    def __init__(
        self, store: Store, link: BrokerLink, publish: Callable[[Sequence[Row]], None]
    ) -> None:
        self._store = store
        self._link = link
        self._publish = publish

    def replay(self, letter_id: str) -> None:
        """Give a dead letter back.

        Raises:
            Problem: not-found; conflict, where it was replayed or nothing would come of it;
                unavailable, where the broker does not take it.
        """
        with self._store.write() as tx:
            letter = dead_letters.find(tx, letter_id)
            if letter["replayed_at"] is not None:
                raise Problem("conflict", "it was replayed before")
            changes = Changes(self._store.now(tx))
            if letter["job_id"] is None:
                self._send(letter)
            else:
                dead_letters.replay_job(tx, changes, letter)
            changes.schedule_previews(tx)
            jobs = dead_letters.forget_waiters(changes)
            changes.write(tx)
            dead_letters.mark_replayed(tx, letter_id, changes.now)
        self._publish(jobs)

    def _send(self, letter: Any) -> None:
        exchange = _EXCHANGES.get(letter["queue"])
        if exchange is None:
            raise Problem("conflict", f"nobody reads the queue {letter['queue']}")
        settled = threading.Event()
        sent = []

        def settle(taken: bool) -> None:
            sent.append(taken)
            settled.set()

        self._link.publish(OutgoingMessage(exchange, letter["queue"], letter["body"], settle))
        if not settled.wait(CONFIRM_TIMEOUT) or not sent[0]:
            raise unavailable("the broker does not take the message")
