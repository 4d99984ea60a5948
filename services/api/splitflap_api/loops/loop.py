"""The one kind of background thread: it runs its duties again and again, until it is stopped.

Duties are isolated: the loop logs a failure, tries the duty again in the next iteration, and still
runs the other duties. A health check reports a stuck thread, and a duty whose runs all fail.
"""

import logging
import threading
import time
from collections.abc import Callable

from splitflap_api.store.engine import is_conflict, is_outage

logger = logging.getLogger(__name__)

#: Longest time without progress in seconds. A slower thread counts as stuck.
STUCK_AFTER = 60.0

#: Seconds without a successful run before a failing duty counts as broken.
FAILING_AFTER = 60.0

#: Seconds of rest after a failure, for a loop without a pause.
RETRY_AFTER = 1.0


class Health:
    """Whether the runs of a duty succeed.

    An outage of the database does not count, since a restart of this process would not end it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._failing_since: float | None = None
        self._error = ""

    def succeeded(self) -> None:
        """Forget earlier failures."""
        self._failing_since = None

    def failed(self, error: Exception) -> None:
        """Log the error, and count it unless it is the database's."""
        if is_outage(error) or is_conflict(error):
            logger.warning("%s: the database did not answer (%r); retrying", self._name, error)
            self._failing_since = None
            return
        logger.error("%s: failed; retrying", self._name, exc_info=error)
        self._error = repr(error)
        if self._failing_since is None:
            self._failing_since = time.monotonic()

    def complaint(self) -> str | None:
        """A health check: reports a duty after FAILING_AFTER seconds without a successful run."""
        if self._failing_since is None:
            return None
        age = time.monotonic() - self._failing_since
        if age < FAILING_AFTER:
            return None
        return f"{self._name}: every run has failed for {age:.0f} s: {self._error}"


class Duty:
    """One thing that a loop does in each iteration."""

    def __init__(self, name: str, run: Callable[[], object]) -> None:
        self.name = name
        self.run = run


class Loop:
    """A thread that runs its duties in each iteration, in their order."""

    def __init__(
        self,
        name: str,
        *duties: Duty,
        pause: Callable[[], float] | None,
        last_run: bool = False,
    ) -> None:
        """`pause` gives the seconds until the next iteration; `wake` cuts them short.

        A loop without `pause` iterates only when woken. If `last_run` is set, a stop runs the
        duties once more.
        """
        self.name = name
        self._duties = [(duty, Health(f"{name}: {duty.name}")) for duty in duties]
        self._pause = pause
        self._last_run = last_run
        #: Whether `wake`, and not the end of the pause, started the present iteration.
        self.woken = False
        #: Whether a duty failed in the last iteration.
        self.failed = False
        self._busy = False
        self._progress_at = time.monotonic()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._iterate, name=name, daemon=True)

    def start(self) -> None:
        """Iterate from now on, first after a pause."""
        self._progress_at = time.monotonic()
        self._thread.start()

    def wake(self) -> None:
        """Start the next iteration now, or as soon as the present one has ended."""
        if not self._wake.is_set():
            self._wake.set()

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested."""
        return self._stop.is_set()

    def request_stop(self) -> None:
        """End after the present iteration. Returns at once."""
        self._stop.set()
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """End after the present iteration. Wait for it for at most `timeout` seconds."""
        self.request_stop()
        if self._thread.ident is None:
            return
        self._thread.join(timeout)
        if self._thread.is_alive():
            logger.warning("%s: not stopped within %.1f s; going on without it", self.name, timeout)

    def complaint(self) -> str | None:
        """A health check: reports a stuck thread, and duties whose runs all fail."""
        age = time.monotonic() - self._progress_at
        if age > STUCK_AFTER and (self._busy or self._pause):
            return f"{self.name}: no progress for {age:.0f} s"
        complaints = [found for _, health in self._duties if (found := health.complaint())]
        return "; ".join(complaints) or None

    def note_progress(self) -> None:
        """Report progress within an iteration, so that a busy loop does not count as stuck.

        A duty with a loop of its own calls this in each round. Under load it may run for minutes.
        """
        self._progress_at = time.monotonic()

    def run_once(self) -> None:
        """One iteration, in the calling thread. A duty's failure is logged."""
        self.failed = False
        for duty, health in self._duties:
            self.note_progress()
            try:
                duty.run()
            except Exception as error:  # noqa: BLE001 - logged, and shown by the health check
                self.failed = True
                health.failed(error)
            else:
                health.succeeded()

    def _iterate(self) -> None:
        while self._wait():
            self.note_progress()
            self._busy = True
            self.run_once()
            self._busy = False
            self.note_progress()
        if self._last_run:
            self.run_once()

    def _wait(self) -> bool:
        """Wait for the next iteration. Return whether there is one."""
        pause = self._pause() if self._pause else None
        if self.failed:
            # Wake-ups must not turn a failure into a busy loop.
            self._stop.wait(RETRY_AFTER if pause is None else pause)
        self.woken = self._wake.wait(0 if self.failed else pause)
        self._wake.clear()
        return not self.stopping
