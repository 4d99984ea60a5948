"""A job that kills its worker every time: it must end alone, and be listed with its reason."""

import os
import time
from collections import deque
from pathlib import Path

from tests.faults.attempts import POISON, Attempt

from .base import Nemesis
from .kills import rendering

#: Clock ticks a second, of /proc.
TICKS = os.sysconf("SC_CLK_TCK")

#: A process that has used so much CPU (seconds) in so long a time (seconds) holds the text: all
#: others take milliseconds, and on a busy machine this one gets little.
GUILTY, WINDOW = 0.35, 3.0

#: Why it may have ended: by its attempts, and not because it was rendered too slowly.
REASONS = {"redelivered", "attempts"}

#: Seconds between looks.
LOOK = 0.05

#: Seconds until the job must have ended: ten deaths, a restart after each, and up to 10 s of
#: jitter between its five attempts.
PATIENCE = 240.0


class Poison(Nemesis):
    """Kills every renderer that holds the text, whole, until the job has ended.

    No text of today's renderer takes its parent with it, so this is done to it from outside.
    """

    name = "job kills its worker"

    def begin(self) -> None:
        self.load.posters.heavy = False

    def end(self) -> None:
        self.load.posters.heavy = True

    def round(self) -> None:
        token = f"{self.load.channel}-poison-{self.dice.randrange(10**6)}"
        attempt = Attempt(token, f"post {token}\n\n{POISON}", key=token, poison=True)
        self.load.posters.add(attempt)
        watched = {name: _Cpu() for name in self.world.of("renderer")}
        give_up_at = time.monotonic() + PATIENCE
        while not attempt.finals and time.monotonic() < give_up_at:
            for name, cpu in watched.items():
                if cpu.used(rendering(self.world, name)) > GUILTY:
                    self.world.kill_service(name, whole=True)
                    self.world.start(name)
                    cpu.forget()
            time.sleep(LOOK)
        self._check_listed(attempt)
        self.world.note_resumed("worker", self.name)

    def _check_listed(self, attempt: Attempt) -> None:
        """Its text stands among the dead letters, as `splitflap dead` lists them."""
        client = self.world.client(self.world.apis[0])
        letters = client.get("/v1/dead?limit=100").json()["items"]
        shown = [client.get(f"/v1/dead/{letter['id']}").json() for letter in letters]
        its_own = [letter for letter in shown if attempt.token in letter["body"]]
        assert len(its_own) == 1, letters
        assert its_own[0]["reason"] in REASONS, its_own[0]["reason"]


class _Cpu:
    """How much CPU some processes have used of late."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, dict[int, float]]] = deque()

    def used(self, pids: list[int]) -> float:
        """The most that one of them has used in the window (seconds)."""
        now = time.monotonic()
        self._looks.append((now, {pid: _seconds(pid) for pid in pids}))
        while self._looks[0][0] < now - WINDOW:
            self._looks.popleft()
        before, after = self._looks[0][1], self._looks[-1][1]
        return max((after[pid] - before.get(pid, after[pid]) for pid in pids), default=0.0)

    def forget(self) -> None:
        """Begin anew."""
        self._looks.clear()


def _seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS
