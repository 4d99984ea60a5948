"""Messages put into a stack's queues by hand, through the core's own link."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from splitflap_core import topology
from splitflap_core.broker import BrokerLink, OutgoingMessage, backend_for
from splitflap_core.settings import CommonSettings

from tests.support import wait_until

from .stack import Stack

#: Seconds until the broker must have taken a message.
PATIENCE = 20.0

EXCHANGES = {"render": topology.JOBS, "scrape": topology.JOBS, "results": topology.RESULTS}


@contextmanager
def publisher(stack: Stack) -> Iterator["Publisher"]:
    """A connection to the stack's broker."""
    environ = stack.backend.environ
    folder = environ.get("SPLITFLAP_DATA_DIR", "")
    url = environ.get("SPLITFLAP_BROKER_URL", "filesystem://")
    settings = CommonSettings(data_dir=folder or "unused", broker_url=url)
    link = BrokerLink("test", backend_for(settings).opener("system-test"))
    link.start()
    try:
        wait_until(lambda: link.up, "a connection to the broker", PATIENCE)
        yield Publisher(link)
    finally:
        link.stop(PATIENCE)


class Publisher:
    """Puts bytes into queues."""

    def __init__(self, link: BrokerLink) -> None:
        self._link = link

    def put(self, queue: str, body: bytes) -> None:
        """Put a message into a queue, and wait until the broker has it."""
        settled = threading.Event()
        taken: list[bool] = []

        def settle(sent: bool) -> None:
            taken.append(sent)
            settled.set()

        self._link.publish(OutgoingMessage(EXCHANGES[queue].name, queue, body, settle))
        assert settled.wait(PATIENCE), f"{queue} has not taken a message"
        assert taken == [True], f"{queue} has refused a message"
