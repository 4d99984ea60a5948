"""Delivers webhooks: tells, signs and publishes, and takes the ends of the tries.

    ended tasks -> deliveries -> lease -> queue `deliver` -> scraper -> queue `delivered` -> here

The secrets stay in the API: the scraper gets a body with its signatures, made just before it is
published. A lost message needs nothing: the lease ends, and the delivery is due again.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, OutgoingMessage, Subscription
from splitflap_core.contracts import (
    BrokenMessage,
    WebhookOutcome,
    WebhookRequest,
    decode_webhook_outcome,
    encode,
)
from splitflap_core.telemetry import Metrics

from splitflap_api.domain.changes import Row
from splitflap_api.domain.webhooks.signing import signatures
from splitflap_api.domain.webhooks.telling import body_of
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.loops.outcomes.queue_depths import CLOCK_STEP
from splitflap_api.transactions.webhooks import WebhookTransactions, WebhookWork

logger = logging.getLogger(__name__)

#: Seconds until the next iteration. The end of a try starts one at once.
PAUSE = 0.25

#: Tries under way for each scraper: twice its usual slots. The others wait in the database.
ROOM_PER_SCRAPER = 100

#: Ends of tries in one transaction.
BATCH = 200

#: Seconds between two counts of due deliveries.
COUNT_EVERY = 5.0

#: What may happen to a try, as the metric names it.
WORDS = ("done", "retried", "dead", "waited", "dropped")


class Webhooks(Loop):
    """Runs in every process with the role `outcomes`."""

    def __init__(
        self,
        transactions: WebhookTransactions,
        backend: BrokerBackend,
        publishing: BrokerLink,
        metrics: Metrics,
        replica: str,
        scrapers: Callable[[], int | None],
        on_created: Callable[[frozenset[str]], None],
    ) -> None:
        """`scrapers` gives the consumers of the queue `deliver`, None without a fresh answer.

        `on_created` gets the queues that a connect has created.
        """
        super().__init__(
            "webhooks",
            Duty("limit times after a clock was set back", self._limit_times),
            Duty("end tries", self._end_tries),
            Duty("give unsent webhooks back", self._give_back),
            Duty("look for webhooks", self._look),
            Duty("tell webhooks of ended tasks", self._tell),
            Duty("number webhooks", self._number),
            Duty("send webhooks", self._send),
            Duty("count due webhooks", self._count),
            pause=lambda: PAUSE,
            last_run=True,
        )
        self._transactions = transactions
        self._publishing = publishing
        self._scrapers = scrapers
        self._on_created = on_created
        tries = metrics.counter("splitflap_webhook_tries_total")
        self._tries = {word: tries.labels(word) for word in WORDS}
        self._due = metrics.gauge("splitflap_webhook_due")
        self._work = WebhookWork(tell=True, number=True, send=True)
        #: The endpoint that had the last turn.
        self._after = ""
        self._counted_at = float("-inf")
        #: The database's clock minus the monotonic one, in milliseconds. A step may have happened
        #: while no API ran.
        self._offset = float("inf")
        #: Appended by the links' threads.
        self._gathered: list[Delivery] = []
        self._unsent: list[str] = []
        self._link = BrokerLink(
            topology.DELIVERED_QUEUE.name,
            backend.opener(f"api-{replica}-{topology.DELIVERED_QUEUE.name}"),
            subscriptions=(Subscription(topology.DELIVERED_QUEUE, prefetch=2 * BATCH),),
            on_delivery=self._gather,
            on_up=self._on_up,
        )

    def start(self) -> None:
        """Deliver from now on."""
        super().start()
        self._link.start()

    def stop(self, timeout: float) -> None:
        """Publish nothing more. Commit and ack the ends of tries that are here."""
        end = time.monotonic() + timeout
        self._link.stop_consuming()
        super().stop(timeout)
        self._link.stop(max(0.0, end - time.monotonic()))

    def complaint(self) -> str | None:
        return super().complaint() or self._link.complaint()

    # -- in the links' threads -------------------------------------------------------------------

    def _gather(self, delivery: Delivery) -> None:
        self._gathered.append(delivery)
        self.wake()

    def _on_up(self, created: frozenset[str]) -> None:
        self._gathered = []
        self._on_created(created)

    def _published(self, delivery_id: str, sent: bool) -> None:
        if not sent:
            self._unsent.append(delivery_id)

    # -- in the loop's thread --------------------------------------------------------------------

    def _limit_times(self) -> None:
        """Deliveries of the time before would wait for the clock to catch up."""
        offset = self._transactions.now() - time.monotonic() * 1000
        if offset < self._offset - CLOCK_STEP:
            self._transactions.limit_times()
        self._offset = offset

    def _end_tries(self) -> None:
        # A new connection has a list of its own: the broker delivers these messages again.
        gathered = self._gathered
        while batch := gathered[:BATCH]:
            self.note_progress()
            self._take(batch)
            for delivery in batch:
                delivery.ack()
            del gathered[: len(batch)]

    def _take(self, batch: Sequence[Delivery]) -> None:
        """Commit the ends of these tries. Messages that nobody can read become dead letters."""
        outcomes: list[WebhookOutcome] = []
        broken: list[tuple[bytes, str]] = []
        for delivery in batch:
            try:
                outcomes.append(decode_webhook_outcome(delivery.body))
            except BrokenMessage as error:
                broken.append((delivery.body, str(error)))
        happened = self._transactions.apply(outcomes) if outcomes else {}
        for word, ids in happened.items():
            self._tries[word].inc(len(ids))
        for delivery_id in happened.get("dead", ()):
            logger.warning("webhook %s: the last try has failed; it is dead", delivery_id)
        for body, reason in broken:
            logger.error("webhooks: a dead letter from the scraper: %s", reason)
            self._transactions.dead_letter(body, reason)

    def _give_back(self) -> None:
        if unsent := self._unsent[:BATCH]:
            self._transactions.give_back(unsent)
            del self._unsent[: len(unsent)]

    def _look(self) -> None:
        self._work = WebhookWork(tell=False, number=False, send=False)
        self._work = self._transactions.look()

    def _tell(self) -> None:
        while self._work.tell and self._transactions.tell():
            self.note_progress()
            self._work = self._work._replace(number=True)

    def _number(self) -> None:
        while self._work.number and self._transactions.number():
            self.note_progress()
            self._work = self._work._replace(send=True)

    def _send(self) -> None:
        scrapers = self._scrapers()
        # Nothing is leased while no scraper would take it, or the broker.
        if not self._work.send or scrapers == 0 or self.stopping or not self._publishing.up:
            return
        room = ROOM_PER_SCRAPER * (scrapers or 1)
        claimed, self._after = self._transactions.claim(room, self._after)
        for row in claimed:
            settled = partial(self._published, row["id"])
            body = encode(request_of(row, int(time.time())))
            self._publishing.publish(
                OutgoingMessage(topology.JOBS.name, topology.DELIVER_QUEUE.name, body, settled)
            )

    def _count(self) -> None:
        if time.monotonic() - self._counted_at >= COUNT_EVERY:
            self._counted_at = time.monotonic()
            self._due.set(self._transactions.due())


def request_of(row: Row, timestamp: int) -> WebhookRequest:
    """The message of a leased delivery: signed at this time (seconds since the epoch)."""
    body = body_of(row)
    return WebhookRequest(
        id=row["id"],
        attempt=row["attempt"],
        url=row["url"],
        timestamp=timestamp,
        signatures=signatures(row["secrets"], row["id"], timestamp, body),
        body=body,
    )
