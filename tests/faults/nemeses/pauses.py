"""SIGSTOP of each process, and SIGCONT: it was away, and does not know it."""

import contextlib
import os
import signal

from tests.servers.server import descendants

from .base import Nemesis
from .kills import rendering, worker_of

#: Seconds of a pause: short ones, and one longer than clients, heartbeats and locks wait.
SHORT, LONG = (0.2, 4.0), (11.0, 24.0)

#: A rendering process must not be stopped for as long as its deadline (15 s here): its parent
#: cannot tell a stopped one from a text that takes too long.
CHILD = (0.2, 4.0)


class Pause(Nemesis):
    """Any process: an API whole or its worker only, a renderer's parent or child, a scraper."""

    name = "paused"

    def round(self) -> None:
        what = self.dice.choice(("api", "worker", "renderer", "child", "scraper"))
        pids, seconds = self._victims(what)
        self._signal(pids, signal.SIGSTOP)
        try:
            self.hold(*seconds)
        finally:
            self._signal(pids, signal.SIGCONT)
        self.world.note_resumed("worker", f"pause of {what}")

    def _victims(self, what: str) -> tuple[set[int], tuple[float, float]]:
        long = LONG if self.dice.random() < 0.25 else SHORT
        kind = {"worker": "api", "child": "renderer"}.get(what, what)
        name = self.dice.choice(self.world.of(kind))
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
