"""SIGSTOP and later SIGCONT of each kind of process: it loses time without noticing."""

import contextlib
import os
import signal

from tests.support import descendants

from .base import Nemesis
from .kills import rendering, worker_of

#: Seconds of a short pause, and of one longer than the timeouts of clients, heartbeats and locks.
SHORT, LONG = (0.2, 4.0), (11.0, 24.0)

#: Seconds of a rendering process' pause. It must be below the deadline (15 s here): the parent
#: cannot distinguish a stopped process from a slow text.
CHILD = (0.2, 4.0)


class Pause(Nemesis):
    """Stops an API or only its worker, a renderer's parent or children, or a scraper."""

    name = "paused"

    def round(self) -> None:
        what = self.rng.choice(("api", "worker", "renderer", "child", "scraper"))
        pids, seconds = self._victims(what)
        self._signal(pids, signal.SIGSTOP)
        try:
            self.hold(*seconds)
        finally:
            self._signal(pids, signal.SIGCONT)
        self.world.measure_resume("worker", f"pause of {what}")

    def _victims(self, what: str) -> tuple[set[int], tuple[float, float]]:
        long = LONG if self.rng.random() < 0.25 else SHORT
        kind = {"worker": "api", "child": "renderer"}.get(what, what)
        name = self.rng.choice(self.world.of(kind))
        parent = self.world.services[name].pid
        if what == "worker":
            return {worker_of(self.world, name) or parent}, long
        if what == "child":
            return set(rendering(self.world, name)), CHILD
        if what == "renderer":
            return {parent}, long
        return {parent, *descendants(parent)}, long

    def _signal(self, pids: set[int], number: signal.Signals) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
