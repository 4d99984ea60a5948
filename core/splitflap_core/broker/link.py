"""A link: a lasting connection to the broker, owned by one thread.

Other threads hand it messages, acks and requeues. The link publishes many messages before it waits
for confirms, connects again after a lost connection, and reports for each message whether it was
sent.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from splitflap_core.broker.delivery import Delivery, Verb
from splitflap_core.broker.messages import (
    Depth,
    OutgoingMessage,
    ReceivedMessage,
    Subscription,
)
from splitflap_core.broker.session import BrokerSession, QueueUnavailable
from splitflap_core.broker.waker import Waker

logger = logging.getLogger(__name__)

#: Messages in flight to the broker, unconfirmed. Measured: 7-16 k/s with windows of 50 to 1,000.
WINDOW = 500

#: Seconds between two attempts to connect: doubled from the first to the second, with jitter.
RECONNECT_AFTER = (0.2, 2.0)

#: The longest such time after the broker has refused the link's optional queue.
UNAVAILABLE_AFTER = 60.0

#: Seconds that a stop waits beyond its timeout, for the last iteration to end.
LAST_ITERATION = 2.0

#: Seconds without an iteration after which the owner thread counts as stuck. An iteration takes
#: its wait (1 s) and a few network timeouts (5 s each) at most.
STUCK_AFTER = 30.0

OpenSession = Callable[[Waker], BrokerSession]


class BrokerLink:
    """Keeps one connection at a time, in its own thread, from `start` to `stop`."""

    def __init__(
        self,
        name: str,
        open_session: OpenSession,
        *,
        subscriptions: Sequence[Subscription] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
        on_up: Callable[[frozenset[str]], None] | None = None,
        on_idle: Callable[[], None] | None = None,
    ) -> None:
        """Prepare a link. The callbacks run in the link's thread.

        Args:
            name: names the link in logs and health checks.
            open_session: connects to the broker.
            subscriptions: the queues to consume.
            on_delivery: called for each message.
            on_up: called after each connect, with the queues that the session has created.
            on_idle: called after each iteration, with all deliveries handled.
        """
        self._name = name
        self._open = open_session
        self._subscriptions = subscriptions
        self._on_delivery = on_delivery
        self._on_up = on_up
        self._on_idle = on_idle
        self._waker = Waker()
        self._lock = threading.Lock()
        self._outgoing: deque[OutgoingMessage] = deque()
        self._settling: deque[tuple[int, Verb, Any]] = deque()
        #: Counts the connections. Delivery tags are valid within one generation.
        self._generation = 0
        self._session: BrokerSession | None = None
        self._paused_until = 0.0
        self._consuming = False
        #: Whether the broker has refused the link's optional queue. A successful subscription
        #: clears it.
        self._unavailable = False
        #: Whether the broker must still get a new prefetch count.
        self._prefetch_changed = False
        self._unsettled = 0
        #: Whether deliveries came since the last poll: the broker may send some before its answer
        #: to a query or a subscription.
        self._came_early = False
        self._stopping = threading.Event()
        self._closing = False
        self._give_up_at = 0.0
        self._last_iteration = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"link-{name}", daemon=True)

    # -- from any thread ---------------------------------------------------------------------

    def start(self) -> None:
        """Connect in the background. The link retries without a limit."""
        self._thread.start()

    @property
    def up(self) -> bool:
        """Whether the link is connected, and the broker takes messages."""
        session = self._session
        return session is not None and not session.blocked

    def publish(self, message: OutgoingMessage) -> None:
        """Queue a message. If the link is down, the message is at once settled as not sent."""
        with self._lock:
            if taken := self.up and not self._closing:
                self._outgoing.append(message)
        if taken:
            self._waker.wake()
        else:
            message.settle(False)

    def pause(self, seconds: float) -> None:
        """Take no deliveries for `seconds`."""
        self._paused_until = time.monotonic() + seconds
        self._waker.wake()

    def set_prefetch(self, count: int) -> None:
        """Change the limit of unsettled messages of each subscription.

        Messages above a lower limit stay here, and the next delivery comes when they are settled.
        RabbitMQ starts a new count for each consumer. So a change may once add the unsettled
        messages of that time. Subscriptions with `no_ack` have no such limit.
        """
        self._subscriptions = [replace(each, prefetch=count) for each in self._subscriptions]
        self._prefetch_changed = True
        self._waker.wake()

    def stop_consuming(self) -> None:
        """Take no more deliveries. Delivered messages can still be settled."""
        self._stopping.set()
        self._waker.wake()

    def stop(self, timeout: float) -> None:
        """Take no more deliveries, publish and settle everything in the queues, then close.

        Messages still unconfirmed after `timeout` seconds are settled as not sent.
        """
        self.stop_consuming()
        self._give_up_at = time.monotonic() + timeout
        self._closing = True
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join(timeout + LAST_ITERATION)

    def settle(self, generation: int, verb: Verb, tag: Any) -> None:
        """For `Delivery`: queue a settlement. One of an earlier generation is dropped."""
        self._settling.append((generation, verb, tag))
        self._waker.wake()

    def complaint(self) -> str | None:
        """A health check: reports an owner thread without progress."""
        age = time.monotonic() - self._last_iteration
        if age <= STUCK_AFTER:
            return None
        return f"broker link {self._name}: its thread has made no progress for {age:.0f} s"

    def ready(self) -> str | None:
        """A health check: reports a broker that takes no messages."""
        return None if self.up else f"broker link {self._name}: no connection to the broker"

    # -- in the owner thread -----------------------------------------------------------------

    def depth(self, queue: str) -> Depth | None:
        """The depth of a queue, or None if it is unknown. For callbacks of this link only.

        A publishing link must not call this: in an alarm RabbitMQ reads nothing from its
        connection.
        """
        return self._session.depth(queue) if self._session else None

    def _run(self) -> None:
        wait = RECONNECT_AFTER[0]
        while not self._closing:
            started = time.monotonic()
            self._one_connection()
            if time.monotonic() - started > RECONNECT_AFTER[1]:
                wait = RECONNECT_AFTER[0]
            self._back_off(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            wait = min(wait * 2, UNAVAILABLE_AFTER if self._unavailable else RECONNECT_AFTER[1])

    def _one_connection(self) -> None:
        session = None
        orderly = False
        try:
            session = self._open(self._waker)
            self._bring_up(session)
            while not self._finished(session):
                self._iterate(session)
            orderly = True
        except QueueUnavailable as error:
            self._note_unavailable(error)
        except Exception as error:
            # After any error a new connection starts from a known state; bugs get a traceback.
            expected = isinstance(error, session.errors if session else OSError)
            logger.warning(
                "broker link %s: connection failed (%r); the link connects again",
                self._name,
                error,
                exc_info=not expected,
            )
        finally:
            self._take_down(session, orderly=orderly)

    def _bring_up(self, session: BrokerSession) -> None:
        self._generation += 1
        self._consuming = self._prefetch_changed = False
        self._unsettled = 0
        self._session = session
        if not self._unavailable:
            logger.info("broker link %s: connected", self._name)
        if self._on_up:
            self._on_up(session.created)

    def _note_unavailable(self, error: QueueUnavailable) -> None:
        """Log the first refusal of an optional queue. Express jobs take the normal one then."""
        if not self._unavailable:
            logger.warning(
                "broker link %s: works without its queue and tries again every %.0f s: %s",
                self._name,
                UNAVAILABLE_AFTER,
                error,
            )
        self._unavailable = True

    def _take_down(self, session: BrokerSession | None, *, orderly: bool) -> None:
        with self._lock:
            self._session = None
            unsent = list(self._outgoing)
            self._outgoing.clear()
        if session:
            unsent += session.close(orderly=orderly and not session.unconfirmed)
        for message in unsent:
            message.settle(False)

    def _finished(self, session: BrokerSession) -> bool:
        if not self._closing:
            return False
        unfinished = self._outgoing or self._settling or session.unconfirmed
        return not unfinished or time.monotonic() >= self._give_up_at

    def _iterate(self, session: BrokerSession) -> None:
        self._last_iteration = time.monotonic()
        self._settle_queued(session)
        self._set_consuming(session)
        self._publish_queued(session)
        if not self._finished(session):
            if self._came_early:
                # They are here already, so the poll must not wait for input.
                self._waker.wake()
            session.poll()
            self._came_early = False
        if self._on_idle:
            self._on_idle()

    def _set_consuming(self, session: BrokerSession) -> None:
        if not self._subscriptions:
            return
        wanted = not self._stopping.is_set() and time.monotonic() >= self._paused_until
        if self._prefetch_changed:
            # RabbitMQ applies a count to consumers that start after it.
            self._stop_consumers(session)
            most = min(each.prefetch for each in self._subscriptions)
            wanted = wanted and self._unsettled <= most
        if wanted and not self._consuming:
            self._prefetch_changed = False
            session.subscribe(self._subscriptions, partial(self._receive, self._generation))
            self._consuming = True
            if self._unavailable:
                logger.info("broker link %s: its queue is available now", self._name)
                self._unavailable = False
        elif not wanted:
            self._stop_consumers(session)

    def _stop_consumers(self, session: BrokerSession) -> None:
        if self._consuming:
            session.unsubscribe()
            self._consuming = False

    def _receive(self, generation: int, received: ReceivedMessage) -> None:
        self._unsettled += 1
        self._came_early = True
        if self._on_delivery:
            self._on_delivery(Delivery(self, generation, received))

    def _settle_queued(self, session: BrokerSession) -> None:
        acked = []
        while self._settling:
            generation, verb, tag = self._settling.popleft()
            if generation != self._generation:
                continue
            self._unsettled -= 1
            if verb == "ack":
                acked.append(tag)
            else:
                session.requeue(tag)
        if acked:
            session.ack(acked)

    def _publish_queued(self, session: BrokerSession) -> None:
        while self._outgoing and session.unconfirmed < WINDOW and not session.blocked:
            message = self._outgoing.popleft()
            try:
                session.publish(message)
            except BaseException:
                # The session has raised before it added the message to its unconfirmed ones.
                message.settle(False)
                raise

    def _back_off(self, seconds: float) -> None:
        self._last_iteration = time.monotonic() + seconds
        if not self._closing:
            self._waker.wait(seconds)
            self._waker.clear()
