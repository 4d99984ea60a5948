"""A link: a connection to the broker that lasts, and the one thread that touches it.

Other threads hand it messages, acks and requeues; it publishes many before it waits for confirms,
connects again when the connection is lost, and says what became of each message.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from splitflap_core.broker.session import (
    BrokerSession,
    Depth,
    OutgoingMessage,
    ReceivedMessage,
    Subscription,
    Waker,
)

logger = logging.getLogger(__name__)

#: Messages that may wait for their confirm at a time. Measured: 7-16 k/s from 50 to 1,000.
WINDOW = 500

#: Seconds between tries to connect: doubled from the first to the second, with jitter.
RECONNECT_AFTER = (0.2, 2.0)

#: Seconds that a stop waits beyond its time-out for the last turn to end.
LAST_TURN = 2.0

#: Seconds without a turn after which the owner thread counts as stuck. A turn takes at most its
#: wait (1 s) and a few network time-outs (5 s each).
STUCK_AFTER = 30.0

OpenSession = Callable[[Waker], BrokerSession]


@dataclass(slots=True)
class Delivery:
    """A message that was delivered and must be settled, from any thread; the first call counts."""

    _link: "BrokerLink"
    _generation: int
    received: ReceivedMessage
    _open: bool = True

    @property
    def body(self) -> bytes:
        """The message as it was sent."""
        return self.received.body

    @property
    def settled(self) -> bool:
        """Whether it was acked or given back."""
        return not self._open

    def ack(self) -> None:
        """The message's work is done. Does nothing after the connection was lost."""
        self._settle("ack")

    def requeue(self) -> None:
        """Give the message back. Does nothing after the connection was lost."""
        self._settle("requeue")

    def _settle(self, verb: str) -> None:
        # RabbitMQ closes the channel, with all that it has delivered, over a tag settled twice.
        if self._open:
            self._open = False
            self._link._settle(self._generation, verb, self.received.tag)  # noqa: SLF001 - one module


class BrokerLink:
    """Owns one connection at a time, in one thread, until it is stopped."""

    def __init__(
        self,
        name: str,
        open_session: OpenSession,
        *,
        subscriptions: Sequence[Subscription] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
        on_up: Callable[[], None] | None = None,
        on_idle: Callable[[], None] | None = None,
    ) -> None:
        """The three calls are made in the link's thread.

        `on_delivery` for each message, `on_up` after each connect, and `on_idle` after each turn,
        when no more has come for now.
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
        self._settling: deque[tuple[int, str, Any]] = deque()
        self._generation = 0
        self._session: BrokerSession | None = None
        self._paused_until = 0.0
        self._consuming = False
        #: The count of what may be unsettled has changed since it was told to the broker.
        self._recount = False
        self._unsettled = 0
        self._stopping = threading.Event()
        self._closing = False
        self._give_up_at = 0.0
        self._last_turn = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"link-{name}", daemon=True)

    # -- from any thread ---------------------------------------------------------------------

    def start(self) -> None:
        """Connect, in the background, for as long as it takes."""
        self._thread.start()

    @property
    def up(self) -> bool:
        """Whether the broker takes messages now."""
        session = self._session
        return session is not None and not session.blocked

    def publish(self, message: OutgoingMessage) -> None:
        """Queue a message. While the link is down it is settled as not sent, at once."""
        with self._lock:
            if taken := self.up and not self._closing:
                self._outgoing.append(message)
        if taken:
            self._waker.wake()
        else:
            message.settle(False)

    def pause(self, seconds: float) -> None:
        """Take no deliveries for so long."""
        self._paused_until = time.monotonic() + seconds
        self._waker.wake()

    def set_prefetch(self, count: int) -> None:
        """Let so many messages of each subscription be unsettled.

        What is unsettled beyond that stays here, and no more come until it is worked off. RabbitMQ
        counts anew for each consumer, so what was unsettled at a change may come on top, once. Not
        for subscriptions without acks: theirs are never settled.
        """
        self._subscriptions = [replace(each, prefetch=count) for each in self._subscriptions]
        self._recount = True
        self._waker.wake()

    def stop_consuming(self) -> None:
        """Take no more deliveries. What was delivered can still be settled."""
        self._stopping.set()
        self._waker.wake()

    def stop(self, timeout: float) -> None:
        """Take no more deliveries, publish and settle what is queued, then close.

        What is not confirmed after `timeout` seconds is settled as not sent.
        """
        self.stop_consuming()
        self._give_up_at = time.monotonic() + timeout
        self._closing = True
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join(timeout + LAST_TURN)

    def alive(self) -> str | None:
        """A health check: complains when the owner thread makes no progress."""
        age = time.monotonic() - self._last_turn
        return f"link {self._name}: no turn for {age:.0f} s" if age > STUCK_AFTER else None

    def ready(self) -> str | None:
        """A health check: complains while the broker takes nothing."""
        return None if self.up else f"link {self._name}: no connection to the broker"

    def _settle(self, generation: int, verb: str, tag: Any) -> None:
        self._settling.append((generation, verb, tag))
        self._waker.wake()

    # -- in the owner thread -----------------------------------------------------------------

    def depth(self, queue: str) -> Depth | None:
        """What a queue holds; None while the link is down. Only for `on_delivery` and `on_idle`.

        Not for a link that publishes: in an alarm RabbitMQ reads nothing more of its connection.
        """
        return self._session.depth(queue) if self._session else None

    def _run(self) -> None:
        wait = RECONNECT_AFTER[0]
        while not self._closing:
            started = time.monotonic()
            self._one_connection()
            if time.monotonic() - started > RECONNECT_AFTER[1]:
                wait = RECONNECT_AFTER[0]
            self._rest(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            wait = min(wait * 2, RECONNECT_AFTER[1])

    def _one_connection(self) -> None:
        session = None
        orderly = False
        try:
            session = self._open(self._waker)
            self._bring_up(session)
            while not self._finished(session):
                self._turn(session)
            orderly = True
        except Exception as error:
            # Whatever it was, a new connection starts from a known state; bugs show their place.
            expected = isinstance(error, session.errors if session else OSError)
            logger.warning("link %s: %r", self._name, error, exc_info=not expected)
        finally:
            self._take_down(session, orderly=orderly)

    def _bring_up(self, session: BrokerSession) -> None:
        self._generation += 1
        self._consuming = self._recount = False
        self._unsettled = 0
        self._session = session
        logger.info("link %s: connected", self._name)
        if self._on_up:
            self._on_up()

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

    def _turn(self, session: BrokerSession) -> None:
        self._last_turn = time.monotonic()
        self._settle_queued(session)
        self._set_consuming(session)
        self._publish_queued(session)
        if not self._finished(session):
            session.poll()
        if self._on_idle:
            self._on_idle()

    def _set_consuming(self, session: BrokerSession) -> None:
        if not self._subscriptions:
            return
        wanted = not self._stopping.is_set() and time.monotonic() >= self._paused_until
        if self._recount:
            # RabbitMQ applies a count to consumers that start after it.
            self._stop_consumers(session)
            most = min(each.prefetch for each in self._subscriptions)
            wanted = wanted and self._unsettled <= most
        if wanted and not self._consuming:
            self._recount = False
            session.subscribe(self._subscriptions, partial(self._receive, self._generation))
            self._consuming = True
        elif not wanted:
            self._stop_consumers(session)

    def _stop_consumers(self, session: BrokerSession) -> None:
        if self._consuming:
            session.unsubscribe()
            self._consuming = False

    def _receive(self, generation: int, received: ReceivedMessage) -> None:
        self._unsettled += 1
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
                # A session that raises has not taken the message into its own account.
                message.settle(False)
                raise

    def _rest(self, seconds: float) -> None:
        self._last_turn = time.monotonic()
        if not self._closing:
            self._waker.wait(seconds)
            self._waker.clear()
