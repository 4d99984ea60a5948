"""A job whose worker dies each time. It must fail alone, as a dead letter with its reason."""

import os
import time
from collections import deque
from pathlib import Path

from tests.faults.clients.attempts import POISON, Attempt

from .base import Nemesis
from .kills import rendering

#: Clock ticks a second, of /proc.
TICKS = os.sysconf("SC_CLK_TCK")

#: A process with so many CPU seconds in a window of so many seconds renders the poison. All other
#: texts take milliseconds; on a busy machine this process gets few.
CPU_LIMIT, WINDOW = 0.35, 3.0

#: The reason of the dead letter: repeated deaths. The deadline of a text is a wrong reason here.
REASON = "attempts"

#: Seconds between two checks.
POLL_INTERVAL = 0.05

#: Seconds until the job must have ended. It has twelve deaths, a restart after each, and growing
#: delays between its messages.
JOB_TIMEOUT = 400.0


class Poison(Nemesis):
    """Kills all processes of each renderer with the poison text, until the job has ended.

    The renderer survives every known text, so the nemesis has to kill it.
    """

    name = "job kills its worker"

    def round(self) -> None:
        with self.load.only_light():
            self._kill_until_it_fails()

    def _kill_until_it_fails(self) -> None:
        token = f"{self.load.channel}-poison-{self.rng.randrange(10**6)}"
        attempt = Attempt(token, f"post {token}\n\n{POISON}", key=token, poison=True)
        self.load.posters.add(attempt)
        watched = {name: _Cpu() for name in self.world.of("renderer")}
        give_up_at = time.monotonic() + JOB_TIMEOUT
        while not attempt.finals and time.monotonic() < give_up_at:
            for name, cpu in watched.items():
                if cpu.used(rendering(self.world, name)) > CPU_LIMIT:
                    self.world.kill_service(name, whole=True)
                    self.world.start(name)
                    cpu.forget()
            time.sleep(POLL_INTERVAL)
        self._check_listed(attempt)
        self.world.measure_resume("worker", self.name)

    def _check_listed(self, attempt: Attempt) -> None:
        """Check that its text is one dead letter, in the list of `splitflap dead`."""
        client = self.world.client(self.world.apis[0])
        letters = client.get("/v1/dead?limit=100").json()["items"]
        shown = [client.get(f"/v1/dead/{letter['id']}").json() for letter in letters]
        its_own = [letter for letter in shown if attempt.token in letter["body"]]
        assert len(its_own) == 1, letters
        assert its_own[0]["reason"] == REASON, its_own[0]["reason"]


class _Cpu:
    """The recent CPU use of some processes."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, dict[int, float]]] = deque()

    def used(self, pids: list[int]) -> float:
        """The most CPU seconds that one of the processes used in the window."""
        now = time.monotonic()
        self._samples.append((now, {pid: _seconds(pid) for pid in pids}))
        while self._samples[0][0] < now - WINDOW:
            self._samples.popleft()
        before, after = self._samples[0][1], self._samples[-1][1]
        return max((after[pid] - before.get(pid, after[pid]) for pid in pids), default=0.0)

    def forget(self) -> None:
        """Drop all samples."""
        self._samples.clear()


def _seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS
