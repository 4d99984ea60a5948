"""The streams of a loop: they end with the service, their keys, or their clients."""

import threading
from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet

from splitflap_api.loops.long_requests.subscriber import Subscriber
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.loops.waiters import ThreadWaiters, Waiters


class StreamLoop(Loop):
    """A loop that feeds the streams of this replica."""

    def __init__(
        self, name: str, *duties: Duty, pause: Callable[[], float], waiters: Waiters | None
    ) -> None:
        """Streams wait by `waiters`: threads, unless given."""
        super().__init__(name, *duties, pause=pause)
        self._waiters: Waiters = waiters or ThreadWaiters()
        self._subscribers: set[Subscriber] = set()
        self._joining = threading.Lock()

    def stop(self, timeout: float) -> None:
        """End all streams, then the thread."""
        self.request_stop()
        self.end_streams()
        super().stop(timeout)

    def end_streams(self) -> None:
        """End every stream. The clients connect again by themselves."""
        self._end(list(self._subscribers))

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._subscribers)

    def key_ids(self) -> set[str]:
        return {each.key_id for each in list(self._subscribers)}

    def end_of(self, key_ids: AbstractSet[str]) -> None:
        self._end([each for each in list(self._subscribers) if each.key_id in key_ids])

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Forget a stream."""
        self._subscribers.discard(subscriber)

    def _end_gone(self) -> None:
        """End the streams whose clients have left."""
        self._end([each for each in list(self._subscribers) if each.is_gone()])

    def _end(self, subscribers: Collection[Subscriber]) -> None:
        for subscriber in subscribers:
            subscriber.ended = True
        self._wake_streams(subscribers)

    def _wake_streams(self, subscribers: Iterable[Subscriber]) -> None:
        found = [waiter for each in subscribers if (waiter := each.take_waiter())]
        self._waiters.wake_all(found)
