"""Measures the lag of green threads: the cost of one thread's CPU work for all others."""

import threading
import time

from splitflap_core.telemetry import Metrics

#: Seconds between two measurements. 20 of them in a second cost an idle process 0.3 % of a CPU.
PERIOD = 0.2

#: Seconds of lag after which the process counts as stalled: stopped, or without CPU. The pages of
#: strangers cause a hundredth of it.
STALL = 2.0


class LoopLag:
    """Measures from `start` to `stop`, in a thread of its own."""

    def __init__(self, metrics: Metrics) -> None:
        self._lag = metrics.histogram("splitflap_scraper_loop_lag_seconds")
        self._due = time.monotonic()
        self._stalled_at = float("-inf")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop lag", daemon=True)

    def start(self) -> None:
        """Start the thread. It is green in a patched process."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread. It blocks for up to PERIOD."""
        self._stopped.set()
        self._thread.join()

    def stalled_since(self, moment: float) -> bool:
        """Whether the process has stalled since a time of the monotonic clock."""
        # The thread that asks may be the first one to run after the stall.
        is_late = self._thread.is_alive() and time.monotonic() - self._due > STALL
        return is_late or self._stalled_at > moment

    def _run(self) -> None:
        self._due = time.monotonic() + PERIOD
        while not self._stopped.wait(max(0.0, self._due - time.monotonic())):
            now = time.monotonic()
            lag = max(0.0, now - self._due)
            self._lag.observe(lag)
            if lag > STALL:
                self._stalled_at = now
            self._due = now + PERIOD
