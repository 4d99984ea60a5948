"""The waits of a link, with a session that answers as the test says."""

import select
from collections.abc import Callable, Sequence

from splitflap_core.broker import BrokerLink, Depth, OutgoingMessage, Subscription
from splitflap_core.broker.messages import ReceivedMessage
from splitflap_core.broker.session import BrokerSession
from splitflap_core.broker.waker import Waker

from tests.support import wait_until
from tests.support.peer import RENDER


class _Session(BrokerSession):
    """Delivers a message before its first answer to `depth`; ends after three polls."""

    errors = (OSError,)
    created: frozenset[str] = frozenset()
    blocked = False
    unconfirmed = 0

    def __init__(self, waker: Waker) -> None:
        self._waker = waker
        self._deliver: Callable[[ReceivedMessage], None] | None = None
        #: Of each poll, whether it would return at once.
        self.polls: list[bool] = []

    def subscribe(
        self, subscriptions: Sequence[Subscription], on_received: Callable[[ReceivedMessage], None]
    ) -> None:
        self._deliver = on_received

    def depth(self, queue: str) -> Depth:
        if self._deliver:
            self._deliver(ReceivedMessage(1, queue, b"early", {}, 0))
            self._deliver = None
        return Depth(0, 1)

    def poll(self) -> None:
        self.polls.append(bool(select.select([self._waker], [], [], 0)[0]))
        self._waker.clear()
        if len(self.polls) == 3:
            raise ConnectionError("the end of the test")

    def close(self, *, orderly: bool) -> list[OutgoingMessage]:
        return []

    def unsubscribe(self) -> None: ...
    def publish(self, message: OutgoingMessage) -> None: ...
    def ack(self, tags: Sequence[object]) -> None: ...
    def requeue(self, tag: object) -> None: ...


def test_a_delivery_before_an_answer_ends_the_next_wait() -> None:
    """It came while `on_idle` asked for a depth, and nothing may come after it for a second."""
    sessions: list[_Session] = []

    def open_session(waker: Waker) -> BrokerSession:
        sessions.append(_Session(waker))
        return sessions[-1]

    def ask() -> None:
        link.depth("render")

    link = BrokerLink("test", open_session, subscriptions=[RENDER], on_idle=ask)
    link.start()
    wait_until(lambda: len(sessions) > 1, lambda: "the end of the first session", 10)
    link.stop(1)
    assert sessions[0].polls == [False, True, False]
