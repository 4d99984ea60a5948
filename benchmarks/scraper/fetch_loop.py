"""The closed loop of all fetchers, and what it measures."""

import resource
import threading
import time
from collections.abc import Callable


class FetchLoop:
    """Counts fetches for some seconds, after a warm-up."""

    #: Seconds of the warm-up.
    WARM_UP = 1.0

    def __init__(self, seconds: float) -> None:
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """Start again, with a warm-up, for some seconds."""
        self.begin = time.monotonic() + self.WARM_UP
        self.end = self.begin + seconds
        self.done = 0
        self._cpu = 0.0
        self._began = False

    def count(self) -> bool:
        """Count a fetch. Returns whether to do another one."""
        now = time.monotonic()
        if not self._began and now >= self.begin:
            self._began, self.begin, self._cpu, self.done = True, now, time.process_time(), 0
        self.done += 1
        return now < self.end

    def report(self) -> dict[str, float]:
        """The figures. The last fetches end a little after their time, and count."""
        took, cpu = time.monotonic() - self.begin, time.process_time() - self._cpu
        return {"done": self.done, "seconds": took, "cpu": cpu, "mib": peak_mib()}


def peak_mib() -> float:
    """The peak memory of this process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_threads(loop: FetchLoop, concurrency: int, fetch: Callable[[], None]) -> None:
    """Run fetches in threads, each in a loop. After eventlet's patch these are green threads."""

    def run() -> None:
        fetch()
        while loop.count():
            fetch()

    threads = [threading.Thread(target=run) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
