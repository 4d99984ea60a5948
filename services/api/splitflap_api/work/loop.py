"""A thread that looks again and again, until it is stopped."""

import threading
from abc import ABC, abstractmethod


class Loop(ABC):
    """What looks in a thread of its own; `_loop` ends once `_stopping` is set."""

    def __init__(self, name: str) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End after the present look, waiting `timeout` seconds for it at most."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    @abstractmethod
    def _loop(self) -> None:
        """Runs in the thread."""
