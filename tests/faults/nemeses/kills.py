"""kill -9 of each process."""

from pathlib import Path
from random import Random

from tests.faults.world import World
from tests.servers.server import descendants, gone
from tests.support import WaitTimeout, wait_until
from tests.system.rig.processes import START_STOP_TIMEOUT

from .base import Nemesis


def children(pid: int) -> list[int]:
    """The processes that one has started itself."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def worker_of(world: World, api: str) -> int | None:
    """Gunicorn's worker below an API's arbiter."""
    return next(iter(children(world.services[api].pid)), None)


def rendering(world: World, renderer: str) -> list[int]:
    """The processes that render: below the fork server, below the parent."""
    parent = world.services[renderer].pid
    return [pid for child in children(parent) for pid in children(child)]


class _KillService(Nemesis):
    """A replica, or all of them; whole, or only the process that leads. Then they are started."""

    kind: str

    def round(self) -> None:
        names = self.world.some(self.kind, self.dice)
        before = {pid for name in names for pid in self._family(name)}
        for name in names:
            self.world.kill_service(name, whole=self.dice.random() < 0.6)
        self.hold(0, 1.0)
        self.world.start(*names)
        self.world.note_resumed("worker", " and ".join(names))
        self._all_gone(before)

    def _family(self, name: str) -> set[int]:
        return descendants(self.world.services[name].pid)

    def _all_gone(self, pids: set[int]) -> None:
        """What was below a killed process has to end by itself."""
        try:
            wait_until(lambda: all(map(gone, pids)), f"the end of {pids}", START_STOP_TIMEOUT)
        except WaitTimeout:
            left = sorted(pid for pid in pids if not gone(pid))
            raise AssertionError(f"{self.name}: left behind {left}") from None


class KillApi(_KillService):
    """Arbiter and worker."""

    name = "api killed"
    kind = "api"


class KillRenderer(_KillService):
    """The renderer's parent."""

    name = "renderer killed"
    kind = "renderer"


class KillScraper(_KillService):
    """The scraper."""

    name = "scraper killed"
    kind = "scraper"


class KillApiWorker(Nemesis):
    """gunicorn's worker; its arbiter makes another one."""

    name = "api worker killed"

    def round(self) -> None:
        names = self.world.some("api", self.dice)
        killed = {name: worker_of(self.world, name) for name in names}
        for pid in killed.values():
            if pid is not None:
                self.world.kill(pid)
        for name in names:
            self._is_back(name, killed[name])
        self.world.note_resumed("worker", f"worker of {' and '.join(names)}")

    def _is_back(self, name: str, killed: int | None) -> None:
        service = self.world.services[name]
        wait_until(
            lambda: worker_of(self.world, name) not in {killed, None} and service.is_ready(),
            lambda: f"another worker of {name}\n{service.tail()}",
            START_STOP_TIMEOUT,
        )


class KillRendererChild(Nemesis):
    """A process that renders, or the fork server that it came from."""

    name = "renderer child killed"

    def round(self) -> None:
        renderer = self.dice.choice(self.world.of("renderer"))
        pids = self._pids(renderer, self.dice)
        for pid in pids:
            self.world.kill(pid)
        wait_until(
            lambda: set(rendering(self.world, renderer)) - set(pids) != set(),
            lambda: f"another child of {renderer}\n{self.world.services[renderer].tail()}",
            START_STOP_TIMEOUT,
        )
        self.world.note_resumed("worker", f"child of {renderer}")

    def _pids(self, renderer: str, dice: Random) -> list[int]:
        children_ = rendering(self.world, renderer)
        if dice.random() < 0.15:
            children_ += children(self.world.services[renderer].pid)
        return children_
