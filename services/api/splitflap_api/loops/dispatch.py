"""Publishing after the commit: jobs go to the broker many at a time, and the confirmed are marked.

What is not confirmed is simply left: the reconciler publishes it again. So nothing here waits,
and a broker that is down costs no request anything.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, OutgoingMessage, Subscription
from splitflap_core.contracts import Job, Kind, encode
from splitflap_core.kinds import JOB_DEADLINE_MS, KINDS
from splitflap_core.telemetry import Metrics
from sqlalchemy import func, select, update

from splitflap_api.domain.changes import Row
from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store, is_outage
from splitflap_api.store.schema import jobs

logger = logging.getLogger(__name__)

#: Seconds between markings of confirmed jobs: most have ended by then and need no mark. Well
#: below the five seconds after which an unmarked job counts as unconfirmed.
MARK_EVERY = 1.0

#: Jobs marked by one statement.
MARK_CHUNK = 500

#: Seconds between wake-ups of other replicas at least.
WAKE_EVERY = 0.02

#: The header that names the replica which sends a wake-up.
SENDER = "splitflap-replica"

#: Jobs that may wait for the broker in memory; the rest is left to the reconciler.
MAX_QUEUED = 5_000


class Dispatcher:
    """Publishes jobs and wake-ups over a link of its own."""

    def __init__(
        self,
        store: Store,
        backend: BrokerBackend,
        metrics: Metrics,
        replica: str,
        *,
        on_wake_up: Callable[[], None],
        on_up: Callable[[], None],
    ) -> None:
        """`on_wake_up` when another replica has changed something, `on_up` after each connect."""
        self._store = store
        self._backend = backend
        self._on_wake_up = on_wake_up
        published = metrics.counter("splitflap_jobs_published_total")
        self._published = {kind: published.labels(kind) for kind in KINDS}
        self._queued: deque[float] = deque()
        metrics.gauge("splitflap_publish_window").set_function(lambda: len(self._queued))
        self._confirmed: deque[tuple[str, int]] = deque()
        self._replica = replica
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._waker = threading.Thread(target=self._wake_loop, name="wake-ups", daemon=True)
        self._marker = threading.Thread(target=self._mark_loop, name="marker", daemon=True)
        wake_ups = Subscription(topology.wake_up_queue(replica), prefetch=10, no_ack=True)
        self.link = BrokerLink(
            "publish",
            backend.opener(f"api-{replica}-publish"),
            subscriptions=(wake_ups,) if backend.has_wake_ups else (),
            on_delivery=self._woken,
            on_up=on_up,
        )

    def start(self) -> None:
        """Connect and publish from now on."""
        self.link.start()
        self._marker.start()
        self._waker.start()

    def stop(self, timeout: float) -> None:
        """Publish what is queued, mark what is confirmed, close."""
        end = time.monotonic() + timeout
        self.link.stop(timeout)
        self._stopping.set()
        self._wanted.set()
        if self._marker.ident is not None:
            self._marker.join(max(0.0, end - time.monotonic()))

    def publish(self, rows: Sequence[Row]) -> None:
        """Hand committed jobs to the broker; those that it does not take are left as they are."""
        for row in rows:
            if len(self._queued) >= MAX_QUEUED:
                return
            self._queued.append(time.monotonic())
            settled = partial(self._settled, row["id"], row["attempt"], row["kind"])
            self.link.publish(
                OutgoingMessage(topology.JOBS.name, row["kind"], encode(message_of(row)), settled)
            )

    def oldest(self) -> float:
        """Seconds that the oldest message has waited for its confirm; 0 when none waits.

        0 too while the broker takes none: in an alarm it leaves unanswered what it was sent before.
        """
        queued = self._queued
        return time.monotonic() - queued[0] if self.link.up and queued else 0.0

    def wake_others(self) -> None:
        """Tell the other replicas, soon, that there is something new."""
        if not self._wanted.is_set():
            self._wanted.set()

    def _wake_loop(self) -> None:
        while self._wanted.wait() and not self._stopping.is_set():
            self._wanted.clear()
            if self._backend.has_wake_ups and self.link.up:
                headers = {SENDER: self._replica}
                self.link.publish(
                    OutgoingMessage(topology.EVENTS.name, "", b"{}", lambda _sent: None, headers)
                )
            self._stopping.wait(WAKE_EVERY)

    def _woken(self, delivery: Delivery) -> None:
        if delivery.received.headers.get(SENDER) != self._replica:
            self._on_wake_up()

    def _settled(self, job_id: str, attempt: int, kind: Kind, sent: bool) -> None:
        # Confirms come almost in order: the oldest is known well enough.
        self._queued.popleft()
        if sent:
            self._published[kind].inc()
            self._confirmed.append((job_id, attempt))

    def _mark_loop(self) -> None:
        while not self._stopping.wait(MARK_EVERY):
            self._mark_all()
        self._mark_all()

    def _mark_all(self) -> None:
        while self._confirmed:
            size = min(len(self._confirmed), MARK_CHUNK)
            chunk = [self._confirmed.popleft() for _ in range(size)]
            try:
                self._mark(chunk)
            except Exception as error:
                # They are published again after a while, and their second outcome is dropped.
                expected = is_outage(error)
                logger.warning(
                    "%d confirmed jobs could not be marked: %r", size, error, exc_info=not expected
                )

    def _mark(self, chunk: list[tuple[str, int]]) -> None:
        """Mark those that are still at this attempt, without waiting for rows in use."""
        attempts: dict[int, list[str]] = {}
        for job_id, attempt in chunk:
            attempts.setdefault(attempt, []).append(job_id)
        for attempt, ids in attempts.items():
            with self._store.statement() as tx:
                now = self._store.now(tx)
                unmarked = (
                    select(jobs.c.id)
                    .where(
                        among(tx, jobs.c.id, ids),
                        jobs.c.attempt == attempt,
                        jobs.c.dispatched_at.is_(None),
                    )
                    .order_by(jobs.c.id)
                    .with_for_update(skip_locked=True)
                    .cte()
                )
                tx.execute(
                    update(jobs)
                    .where(jobs.c.id.in_(select(unmarked.c.id)))
                    .values(
                        dispatched_at=now,
                        due_at=now + int(self._backend.redispatch_unfinished_after * 1000),
                        deadline=func.coalesce(jobs.c.deadline, now + JOB_DEADLINE_MS),
                    )
                )


def message_of(row: Row) -> Job:
    """A job's row as the message that workers read."""
    return Job(
        id=row["id"],
        kind=row["kind"],
        attempt=row["attempt"],
        published_at=time.time(),
        payload=msgspec.Raw(row["payload"].encode()),
        task=row["task_id"],
        traceparent=row["traceparent"],
    )
