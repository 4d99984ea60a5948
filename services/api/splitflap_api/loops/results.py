"""The consumer of results and dead letters: gathers a batch, commits it, then acks it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, Subscription
from splitflap_core.contracts import BrokenMessage, JobOutcome, decode_job_outcome
from splitflap_core.logs import bound
from splitflap_core.telemetry import Metrics
from sqlalchemy import insert
from uuid_utils import uuid7

from splitflap_api.domain.changes import Row
from splitflap_api.loops.queue_depths import Queues
from splitflap_api.store.engine import Store, is_conflict, is_outage
from splitflap_api.store.schema import dead_letters
from splitflap_api.transactions.ingest import MAX_BATCH, Ingest

logger = logging.getLogger(__name__)

#: Seconds until the next try when the database did not answer.
PAUSE = 1.0


class Results:
    """Owns the link that consumes; all of its work is done in that link's thread."""

    def __init__(
        self,
        store: Store,
        ingest: Ingest,
        backend: BrokerBackend,
        metrics: Metrics,
        replica: str,
        *,
        publish: Callable[[Sequence[Row]], None],
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._ingest = ingest
        self._publish = publish
        self._changed = changed
        self._dead = metrics.counter("splitflap_dead_letters_total")
        for queue in topology.QUEUES:
            self._dead.labels(queue.name)
        self._queues = Queues(metrics)
        self._gathered: list[Delivery] = []
        self._go_on_at = 0.0
        self.link = BrokerLink(
            "results",
            backend.opener(f"api-{replica}-results"),
            subscriptions=(
                Subscription(topology.RESULTS_QUEUE, prefetch=2 * MAX_BATCH),
                Subscription(topology.DEAD_QUEUE, prefetch=50),
            ),
            on_delivery=self._gathered.append,
            on_idle=self._turned,
        )

    def _turned(self) -> None:
        self._work()
        # This link publishes nothing, so that an alarm of the broker does not silence it.
        self._queues.ask(self.link.depth)

    def _work(self) -> None:
        """Take what was gathered; while the database does not answer, keep it.

        It is not given back then: each time would count towards the broker's delivery limit.
        """
        while self._gathered and time.monotonic() >= self._go_on_at:
            try:
                self._take(self._gathered[:MAX_BATCH])
            except Exception as error:
                if not (is_outage(error) or is_conflict(error)):
                    raise
                logger.warning("the database does not take outcomes now: %r", error)
                self._go_on_at = time.monotonic() + PAUSE
            self._gathered[:] = [each for each in self._gathered if not each.settled]

    def _take(self, batch: list[Delivery]) -> None:
        outcomes: list[tuple[Delivery, JobOutcome]] = []
        for delivery in batch:
            if delivery.received.queue == topology.DEAD_QUEUE.name:
                self._dead_letter(delivery, _queue_of(delivery), _reason_of(delivery))
                continue
            try:
                outcomes.append((delivery, decode_job_outcome(delivery.body)))
            except BrokenMessage as error:
                self._dead_letter(delivery, topology.RESULTS_QUEUE.name, str(error))
        if outcomes:
            self._apply(outcomes)

    def _apply(self, outcomes: list[tuple[Delivery, JobOutcome]]) -> None:
        """Commit and ack; where the batch fails, each alone, so that only the guilty is buried."""
        try:
            new_jobs = self._ingest.apply([outcome for _, outcome in outcomes])
        except Exception as error:
            alone = len(outcomes) == 1
            if is_outage(error) or (alone and is_conflict(error)):
                raise
            if alone:
                delivery, outcome = outcomes[0]
                with bound(job=outcome.job, task=outcome.task, traceparent=outcome.traceparent):
                    self._dead_letter(delivery, topology.RESULTS_QUEUE.name, repr(error))
                return
            logger.warning("%d outcomes failed; trying each alone: %r", len(outcomes), error)
            for one in outcomes:
                self._apply([one])
            return
        for delivery, _ in outcomes:
            delivery.ack()
        self._publish(new_jobs)
        self._changed()

    def _dead_letter(self, delivery: Delivery, queue: str, reason: str) -> None:
        logger.error("a dead letter from %s: %s", queue, reason)
        self._dead.labels(queue).inc()
        with self._store.write() as tx:
            row = {
                "id": str(uuid7()),
                "queue": queue[:20],
                "reason": reason[:500].replace("\0", ""),
                "body": delivery.body,
                "created_at": self._store.now(tx),
            }
            tx.execute(insert(dead_letters), [row])
        delivery.ack()


def _queue_of(delivery: Delivery) -> str:
    headers = delivery.received.headers
    return str(headers.get("splitflap-queue") or headers.get("x-first-death-queue") or "unknown")


def _reason_of(delivery: Delivery) -> str:
    headers: dict[str, Any] = delivery.received.headers
    return str(headers.get("splitflap-reason") or headers.get("x-first-death-reason") or "unknown")
