"""An intake: gathers messages of outcomes and dead letters, commits a batch, then acks it."""

import logging
import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec
from splitflap_core import topology
from splitflap_core.broker import Delivery
from splitflap_core.contracts import (
    BrokenMessage,
    Job,
    JobOutcome,
    decode_job,
    decode_job_ref,
)
from splitflap_core.kinds import MAX_RETRY_DELAY
from splitflap_core.logs import bound
from splitflap_core.outcomes import Begun, RetryLater
from splitflap_core.telemetry import Metrics

from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.jobs.outcome_checks import OutcomeReader
from splitflap_api.store.engine import Store, is_conflict, is_outage
from splitflap_api.transactions.after_commit import AfterCommit
from splitflap_api.transactions.ingest import MAX_BATCH, Ingest

logger = logging.getLogger(__name__)

#: Seconds until the next try after an outage of the database.
PAUSE = 1.0

#: Seconds for which the next batch gathers after one of MANY messages: a commit costs this process
#: and the database more than several outcomes. Smaller batches mean little load, and do not wait.
#: Nor do messages that are left: a link's thread receives no others while it sleeps.
MANY, GATHER = 4, 0.01

_QUEUES = frozenset(queue.name for queue in topology.QUEUES)


class Intake:
    """Takes messages in their order.

    The link's thread calls `gather` and `forget`, and one thread calls `take_batch` and
    `give_back`. Both may be the same thread.
    """

    def __init__(
        self,
        store: Store,
        ingest: Ingest,
        reader: OutcomeReader,
        metrics: Metrics,
        after_commit: AfterCommit,
        batch_bytes: int,
    ) -> None:
        """A transaction has at most `batch_bytes` of messages, unless it has a single one."""
        self._batch_bytes = batch_bytes
        self._store = store
        self._ingest = ingest
        self._reader = reader
        self._after_commit = after_commit
        self._dead = metrics.counter("splitflap_dead_letters_total")
        for queue in topology.QUEUES:
            self._dead.labels(queue.name)
        self.gathered: list[Delivery] = []
        self._resume_at = 0.0

    def gather(self, delivery: Delivery) -> None:
        """Add a delivery for the next batches."""
        self.gathered.append(delivery)

    def forget(self) -> None:
        """Drop the deliveries of a lost connection: the broker delivers them again.

        Otherwise each lost connection during an outage of the database would add a copy of them.
        """
        # A new list, because a batch of the old one may be under way in the other thread.
        self.gathered = []

    def take_batch(self) -> bool:
        """Take the next batch, if there is one. Return whether another one may follow at once.

        While the database does not answer, the deliveries stay here, because each return to the
        queue counts towards the broker's delivery limit.
        """
        gathered = self.gathered
        if not gathered or time.monotonic() < self._resume_at:
            return False
        batch = self._next_batch(gathered)
        try:
            self._take(batch)
        except Exception as error:
            if not (is_outage(error) or is_conflict(error)):
                raise
            logger.warning(
                "results: the database takes no outcomes now (%r); retrying in %.0f s", error, PAUSE
            )
            self._resume_at = time.monotonic() + PAUSE
        # The link's thread may have appended meanwhile.
        gathered[: len(batch)] = [each for each in batch if not each.settled]
        if len(batch) >= MANY and not gathered:
            time.sleep(GATHER)
        return True

    def give_back(self) -> None:
        """Return all gathered messages to their queue."""
        gathered = self.gathered
        while gathered:
            gathered.pop().requeue()

    def _next_batch(self, gathered: Sequence[Delivery]) -> list[Delivery]:
        """The next deliveries for one transaction: one, and more up to both limits."""
        sizes = accumulate(len(each.body) for each in gathered)
        count = sum(1 for size in sizes if size <= self._batch_bytes)
        return list(gathered[: min(max(1, count), MAX_BATCH)])

    def _take(self, batch: list[Delivery]) -> None:
        outcomes: list[tuple[Delivery, JobOutcome]] = []
        jobs: list[tuple[Delivery, Job]] = []
        for delivery in batch:
            queue = delivery.received.queue
            if queue == topology.DEAD_QUEUE.name:
                queue = _queue_of(delivery)
                # A service gives up what it cannot read. The broker gives up a message after too
                # many deliveries, so a job or a report from it is read as usual.
                if queue not in topology.WORK_QUEUES or _is_from_service(delivery):
                    self._dead_letter(delivery, queue, _reason_of(delivery))
                    continue
            try:
                if queue in topology.KIND_OF:
                    jobs.append((delivery, decode_job(delivery.body, msgspec.Raw)[0]))
                elif outcome := self._read(delivery):
                    outcomes.append((delivery, outcome))
            except BrokenMessage as error:
                self._refuse(delivery, queue, str(error))
            except Exception as error:
                # A message that the checks cannot read must not stop the queue.
                logger.exception("results: a check failed; please report this bug")
                self._refuse(delivery, queue, repr(error))
        if jobs:
            self._make_given_up_due(jobs)
        if outcomes:
            self._apply(outcomes)

    def _read(self, delivery: Delivery) -> JobOutcome | None:
        """Read an outcome. A notice that comes again may have been counted, so it is dropped.

        Raises:
            BrokenMessage: the checks refuse it.
        """
        outcome = self._reader.read(delivery.body)
        if isinstance(outcome.outcome, Begun) and delivery.received.deliveries:
            delivery.ack()
            return None
        return outcome

    def _make_given_up_due(self, jobs: list[tuple[Delivery, Job]]) -> None:
        """Make jobs due again whose messages the broker itself gave up."""
        count = self._ingest.make_given_up_due([job for _, job in jobs])
        logger.warning(
            "results: the broker gave up %d messages of jobs (%s); %d of the jobs are unfinished, "
            "and are published again",
            len(jobs),
            _reason_of(jobs[0][0]),
            count,
        )
        for delivery, _ in jobs:
            delivery.ack()

    def _apply(self, outcomes: list[tuple[Delivery, JobOutcome]]) -> None:
        """Commit and ack.

        The outcomes of a failed batch are tried one by one, so only a failing one is a dead letter.
        """
        try:
            changes = self._ingest.apply([outcome for _, outcome in outcomes])
        except Exception as error:
            alone = len(outcomes) == 1
            if is_outage(error) or (alone and is_conflict(error)):
                raise
            if alone:
                [(delivery, outcome)] = outcomes
                with bound(job=outcome.job, task=outcome.task, traceparent=outcome.traceparent):
                    self._refuse(delivery, topology.RESULTS_QUEUE.name, repr(error))
                return
            logger.warning(
                "results: a batch of %d outcomes failed (%r); trying each alone",
                len(outcomes),
                error,
            )
            for one in outcomes:
                self._apply([one])
            return
        for delivery, _ in outcomes:
            delivery.ack()
        self._after_commit.publish(changes.jobs, changes.joined)
        self._after_commit.changed()

    def _refuse(self, delivery: Delivery, queue: str, reason: str) -> None:
        """Store an unreadable message, or an outcome that the checks or the database refuse.

        The outcome counts as a failed attempt, because its job would not end otherwise.
        """
        self._dead_letter(delivery, queue, reason)
        if queue not in topology.RESULTS_NAMES:
            return
        try:
            ref = decode_job_ref(delivery.body)
            self._ingest.apply([ref.with_outcome(RetryLater(MAX_RETRY_DELAY, "broken"))])
        except BrokenMessage as error:
            logger.info("results: the refused message counts for no job: %s", error)
        except Exception as error:
            if is_outage(error) or is_conflict(error):
                raise
            logger.exception("results: a job could not be ended; please report this bug")

    def _dead_letter(self, delivery: Delivery, queue: str, reason: str) -> None:
        logger.error(
            "results: a dead letter from the queue %s: %s; list it with GET /v1/dead", queue, reason
        )
        self._dead.labels(queue).inc()
        with self._store.write() as tx:
            now = self._store.now(tx)
            dead_letters.insert_message(tx, queue, reason, delivery.body, now)
        delivery.ack()


def _is_from_service(delivery: Delivery) -> bool:
    """Whether a service gave up the message, and not the broker."""
    return "splitflap-reason" in delivery.received.headers


def _queue_of(delivery: Delivery) -> str:
    """The queue that a dead letter came from. A label of a metric must not grow without bound."""
    headers = delivery.received.headers
    queue = headers.get("splitflap-queue") or headers.get("x-first-death-queue")
    return queue if isinstance(queue, str) and queue in _QUEUES else "unknown"


def _reason_of(delivery: Delivery) -> str:
    headers: dict[str, Any] = delivery.received.headers
    reason = headers.get("splitflap-reason") or headers.get("x-first-death-reason") or "unknown"
    return str(reason)[: dead_letters.MAX_REASON]
