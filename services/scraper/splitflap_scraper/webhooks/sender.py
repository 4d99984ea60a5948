"""Carries tries of webhooks from the broker to green threads of their own, and their ends back.

    broker -> Sender._deliver -> green thread -> WebhookHandler -> broker, then ack

The prefetch is the number of the slots, so each delivered message begins at once. No page waits for
a receiver, and no receiver for a page. The API bounds the tries of one endpoint.

The order of a stop: deliveries end; running tries finish until the timeout, and the others are
given back; the outcomes are published and confirmed; their messages are acked.
"""

import logging
import socket
import time
from functools import partial
from typing import Any

from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Delivery, OutgoingMessage, Subscription
from splitflap_core.contracts import (
    BrokenMessage,
    WebhookRequest,
    decode_webhook_request,
    encode,
)
from splitflap_core.health import HealthServer
from splitflap_core.worker import dead_headers

from splitflap_scraper.process import green
from splitflap_scraper.webhooks.handler import WebhookHandler, broken

logger = logging.getLogger(__name__)

#: Seconds between two polls of the running tries during a stop.
STOP_POLL = 0.02

#: Seconds beyond the limit of a try after which it counts as stuck.
STUCK_AFTER = 30.0


class Sender:
    """Sends webhooks. It needs no locks, since it uses one real thread."""

    def __init__(
        self, backend: BrokerBackend, handler: WebhookHandler, slots: int, seconds: float
    ) -> None:
        """`slots` tries run at a time. `seconds` is the limit of one."""
        self._handler = handler
        self._seconds = seconds
        #: Running tries by delivery: the green thread, and the time of the begin.
        self._running: dict[int, tuple[Delivery, Any, float]] = {}
        self._stopping = False
        self.link = BrokerLink(
            topology.DELIVER_QUEUE.name,
            backend.opener(f"{socket.gethostname()}-{topology.DELIVER_QUEUE.name}", declares=False),
            subscriptions=(Subscription(topology.DELIVER_QUEUE, prefetch=slots),),
            on_delivery=self._deliver,
        )

    def start(self) -> None:
        """Send from now on."""
        self.link.start()

    def stop(self, timeout: float) -> None:
        """Stop within `timeout` seconds, in the order at the top of this module."""
        end = time.monotonic() + timeout
        self._stopping = True
        self.link.stop_consuming()
        while self._running and time.monotonic() < end:
            green.sleep(STOP_POLL)
        for key, (delivery, thread, _) in list(self._running.items()):
            green.kill(thread)
            # A thread killed before its first step runs no `finally`.
            self._running.pop(key, None)
            delivery.requeue()
        self.link.stop(max(1.0, end - time.monotonic()))

    def register(self, health: HealthServer) -> None:
        """Add checks: alive while the link and the tries make progress.

        The scraper is ready without this queue, which an older API has not declared.
        """
        health.live("webhook link", self.link.complaint)
        health.live("webhooks", self._complaint)

    def _complaint(self) -> str | None:
        now = time.monotonic()
        longest = max((now - began for *_, began in self._running.values()), default=0.0)
        if longest > self._seconds + STUCK_AFTER:
            return f"a webhook is being sent for {longest:.0f} s"
        return None

    def _deliver(self, delivery: Delivery) -> None:
        try:
            request = decode_webhook_request(delivery.body)
        except BrokenMessage as error:
            self._dead_letter(delivery, str(error))
            return
        if self._stopping:
            delivery.requeue()
            return
        key = id(delivery)
        thread = green.spawn(self._run, key, delivery, request)
        self._running[key] = (delivery, thread, time.monotonic())

    def _dead_letter(self, delivery: Delivery, reason: str) -> None:
        logger.error("webhooks: a message went to the dead letters: %s", reason)
        headers = dead_headers(delivery, reason)
        self._publish(topology.DEAD.name, "", delivery.body, delivery, headers)

    def _run(self, key: int, delivery: Delivery, request: WebhookRequest) -> None:
        began = time.monotonic()
        try:
            try:
                outcome = self._handler(request)
            except Exception:
                logger.exception("webhook %s: the sender failed; please report this", request.id)
                outcome = broken(request, began)
            self._publish(
                topology.RESULTS.name, topology.DELIVERED_QUEUE.name, encode(outcome), delivery, {}
            )
        finally:
            self._running.pop(key, None)

    def _publish(
        self, exchange: str, key: str, body: bytes, delivery: Delivery, headers: dict[str, str]
    ) -> None:
        """Publish, then ack the delivery. If the broker refuses, give the delivery back."""
        settled = partial(_settled, delivery)
        self.link.publish(OutgoingMessage(exchange, key, body, settled, headers))


def _settled(delivery: Delivery, sent: bool) -> None:
    if sent:
        delivery.ack()
    else:
        delivery.requeue()
