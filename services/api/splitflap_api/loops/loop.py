"""A thread that looks again and again, until it is stopped."""

import logging
import threading
import time
from abc import ABC, abstractmethod

from splitflap_api.store.engine import is_conflict, is_outage

logger = logging.getLogger(__name__)

#: Seconds without a look after which the thread counts as stuck.
STUCK_AFTER = 60.0


class Loop(ABC):
    """What looks in a thread of its own; a look that fails is not the last one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last_run = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._last_run = time.monotonic()
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End after the present look, waiting `timeout` seconds for it at most."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def alive(self) -> str | None:
        """A health check: complains when no look has ended for a minute."""
        age = time.monotonic() - self._last_run
        return f"{self._name}: no look for {age:.0f} s" if age > STUCK_AFTER else None

    @abstractmethod
    def run_once(self) -> None:
        """One look; whatever it raises is logged."""

    @abstractmethod
    def pause(self) -> float:
        """Seconds until the next one."""

    def _loop(self) -> None:
        while not self._stopping.wait(self.pause()):
            try:
                self.run_once()
            except Exception as error:
                if is_outage(error) or is_conflict(error):
                    logger.warning("%s: no look: %r", self._name, error)
                else:
                    logger.exception("%s: a look failed", self._name)
            self._last_run = time.monotonic()
