"""After a commit: publishes its jobs, and wakes streams and requests."""

from collections.abc import Mapping, Sequence

from splitflap_api.domain.changes import Row
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.long_requests.feed import Feed
from splitflap_api.loops.publisher import Publisher


class Announcer:
    """`AfterCommit` for the transactions of one process."""

    def __init__(self, dispatcher: Dispatcher, publisher: Publisher, feed: Feed) -> None:
        self._dispatcher = dispatcher
        self._publisher = publisher
        self._feed = feed

    def publish(self, jobs: Sequence[Row], joined: Mapping[str, JobOwner]) -> None:
        self._dispatcher.publish([job for job in jobs if not job["held"]])
        self._publisher.join(joined)

    def changed(self) -> None:
        self._feed.wake()
        self._dispatcher.wake_others()
