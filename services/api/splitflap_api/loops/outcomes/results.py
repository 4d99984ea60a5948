"""The consumers of outcomes and dead letters.

Outcomes of express jobs have a queue and a link of their own, so they never wait behind those of a
flood. A link takes small messages in its thread. Large ones have a loop: the check of a large HTML
takes up to 0.1 s, and the outcome of a short post must not wait for it.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, Subscription
from splitflap_core.broker.link import OpenSession
from splitflap_core.contracts import MAX_MESSAGE
from splitflap_core.telemetry import Metrics

from splitflap_api.domain.jobs.outcome_checks import OutcomeReader
from splitflap_api.loops.loop import Duty, Health, Loop
from splitflap_api.loops.outcomes.intake import PAUSE, Intake
from splitflap_api.loops.outcomes.queue_depths import Queues, SignsOfLoss
from splitflap_api.store.engine import Store
from splitflap_api.transactions.after_commit import AfterCommit
from splitflap_api.transactions.ingest import MAX_BATCH, Ingest

#: Bytes of a large message. The outcome of an ordinary post has a tenth of it.
LARGE = 32 * 1024

#: Bytes of the small and of the large messages in one transaction. The outcomes of 50 posts with
#: five links each have 64 KiB; their 250 previews hold SQLite's only writer for some 50 ms. The
#: statements of large ones hold the process for about 20 ms.
SMALL_BATCH_BYTES, LARGE_BATCH_BYTES = 64 * 1024, MAX_MESSAGE // 2


class ResultsLink:
    """One consuming connection, with its two intakes."""

    def __init__(
        self,
        name: str,
        open_session: OpenSession,
        subscriptions: Sequence[Subscription],
        make_intake: Callable[[int], Intake],
        on_up: Callable[[frozenset[str]], None],
        on_idle: Callable[[], None],
    ) -> None:
        """`on_up` gets the queues that a connect has created.

        `make_intake` gets the bytes of one transaction at most.
        """
        self.small, self.large = map(make_intake, (SMALL_BATCH_BYTES, LARGE_BATCH_BYTES))
        self._on_created = on_up
        self._on_idle = on_idle
        self._health = Health(name)
        self._large_loop = Loop(
            f"large-{name}",
            Duty("take large messages", self._take_large),
            pause=lambda: PAUSE,
            last_run=True,
        )
        self.link = BrokerLink(
            name,
            open_session,
            subscriptions=subscriptions,
            on_delivery=self._gather,
            on_up=self._on_up,
            on_idle=self._run_once,
        )

    def start(self) -> None:
        """Consume from now on."""
        self._large_loop.start()
        self.link.start()

    def stop(self, timeout: float) -> None:
        """Take no more messages. Commit and ack the gathered ones."""
        end = time.monotonic() + timeout
        self.link.stop_consuming()
        self._large_loop.stop(timeout)
        self.link.stop(max(0.0, end - time.monotonic()))

    def complaint(self) -> str | None:
        """A health check: reports a stuck link or loop, and a duty whose runs all fail."""
        return self.link.complaint() or self._health.complaint() or self._large_loop.complaint()

    def _on_up(self, created: frozenset[str]) -> None:
        self.small.forget()
        self.large.forget()
        self._on_created(created)

    def _gather(self, delivery: Delivery) -> None:
        if len(delivery.body) < LARGE:
            self.small.gather(delivery)
        else:
            self.large.gather(delivery)
            self._large_loop.wake()

    def _run_once(self) -> None:
        try:
            while self.small.take_batch():
                pass
        except Exception as error:
            self._health.failed(error)
            raise  # the link connects anew, from a known state
        self._health.succeeded()
        self._on_idle()

    def _take_large(self) -> None:
        try:
            while self.large.take_batch():
                self._large_loop.note_progress()
        except Exception:
            self.large.give_back()
            raise


class Results:
    """Owns the consuming links."""

    def __init__(
        self,
        store: Store,
        ingest: Ingest,
        reader: OutcomeReader,
        backend: BrokerBackend,
        metrics: Metrics,
        replica: str,
        after_commit: AfterCommit,
        signs: SignsOfLoss,
    ) -> None:
        def link(
            name: str, *subscriptions: Subscription, on_idle: Callable[[], None]
        ) -> ResultsLink:
            return ResultsLink(
                name,
                backend.opener(f"api-{replica}-{name}"),
                subscriptions,
                partial(Intake, store, ingest, reader, metrics, after_commit),
                signs.note_created,
                on_idle,
            )

        self.queues = Queues(metrics, signs)
        normal, express = (
            Subscription(queue, prefetch=2 * MAX_BATCH)
            for queue in (topology.RESULTS_QUEUE, topology.EXPRESS_RESULTS_QUEUE)
        )
        self.normal = link(
            "results",
            normal,
            Subscription(topology.DEAD_QUEUE, prefetch=50),
            # This link publishes nothing, so an alarm of the broker does not silence it.
            on_idle=lambda: self.queues.ask(self.normal.link.depth),
        )
        self.express = link("express-results", express, on_idle=lambda: None)

    def start(self) -> None:
        """Consume from now on."""
        self.normal.start()
        self.express.start()

    def stop(self, timeout: float) -> None:
        """Take no more messages. Commit and ack the gathered ones."""
        end = time.monotonic() + timeout
        for each in (self.express, self.normal):
            each.stop(max(0.0, end - time.monotonic()))

    def complaint(self) -> str | None:
        """A health check: as that of a link."""
        return self.express.complaint() or self.normal.complaint()
