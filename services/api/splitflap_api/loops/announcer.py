"""After a commit: publishes its jobs, and wakes requests and streams."""

from collections.abc import Callable, Mapping, Sequence

from splitflap_api.domain.changes import Row
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.publisher import Publisher


class Announcer:
    """`AfterCommit` for the transactions of one process."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        publisher: Publisher,
        wake_requests: Callable[[], None],
        wake_streams: Callable[[], None],
    ) -> None:
        """Make an announcer.

        Args:
            dispatcher: publishes jobs.
            publisher: knows the owners that join the jobs of others.
            wake_requests: wakes the requests of this replica that wait for their tasks.
            wake_streams: wakes streams, and other replicas, once the events have ids.
        """
        self._dispatcher = dispatcher
        self._publisher = publisher
        self._wake_requests = wake_requests
        self._wake_streams = wake_streams

    def publish(self, jobs: Sequence[Row], joined: Mapping[str, JobOwner]) -> None:
        released = [job for job in jobs if not job["held"]]
        if len(released) < len(jobs):
            self._publisher.note_held()
        self._dispatcher.publish(released)
        self._publisher.join(joined)

    def changed(self) -> None:
        self._wake_requests()
        self._wake_streams()
