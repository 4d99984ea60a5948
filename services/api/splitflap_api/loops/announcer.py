"""After a commit: publishes its jobs, and wakes streams and requests."""

from collections.abc import Sequence

from splitflap_api.domain.changes import Row
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.long_requests.feed import Feed


class Announcer:
    """`AfterCommit` for the transactions of one process."""

    def __init__(self, dispatcher: Dispatcher, feed: Feed) -> None:
        self._dispatcher = dispatcher
        self._feed = feed

    def publish(self, jobs: Sequence[Row]) -> None:
        self._dispatcher.publish(jobs)

    def changed(self) -> None:
        self._feed.wake()
        self._dispatcher.wake_others()
