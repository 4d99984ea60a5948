"""SIGKILL of each kind of process."""

from pathlib import Path

from tests.faults.world import World
from tests.support import WaitTimeout, descendants, gone, wait_until
from tests.system.rig.processes import START_STOP_TIMEOUT

from .base import Nemesis


def children(pid: int) -> list[int]:
    """The ids of the direct children of a process."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def worker_of(world: World, api: str) -> int | None:
    """The id of gunicorn's worker, the child of an API's arbiter."""
    return next(iter(children(world.services[api].pid)), None)


def rendering(world: World, renderer: str) -> list[int]:
    """The ids of the rendering processes: children of the fork server, a child of the parent."""
    parent = world.services[renderer].pid
    return [pid for child in children(parent) for pid in children(child)]


class _KillService(Nemesis):
    """Kills one replica or all, whole or only the parent process, and starts them again."""

    kind: str

    def round(self) -> None:
        names = self.world.some(self.kind, self.rng)
        before = {pid for name in names for pid in self._family(name)}
        for name in names:
            self.world.kill_service(name, whole=self.rng.random() < 0.6)
        self.hold(0, 1.0)
        self.world.start(*names)
        self.world.measure_resume("worker", " and ".join(names))
        self._check_gone(before)

    def _family(self, name: str) -> set[int]:
        return descendants(self.world.services[name].pid)

    def _check_gone(self, pids: set[int]) -> None:
        """Check that the children of a killed parent have ended by themselves."""
        try:
            wait_until(lambda: all(map(gone, pids)), f"the end of {pids}", START_STOP_TIMEOUT)
        except WaitTimeout:
            left = sorted(pid for pid in pids if not gone(pid))
            raise AssertionError(f"{self.name}: processes {left} outlive their parent") from None


class KillApi(_KillService):
    """Kills APIs: arbiter and worker."""

    name = "api killed"
    kind = "api"


class KillRenderer(_KillService):
    """Kills renderers."""

    name = "renderer killed"
    kind = "renderer"


class KillScraper(_KillService):
    """Kills scrapers."""

    name = "scraper killed"
    kind = "scraper"


class KillApiWorker(Nemesis):
    """Kills gunicorn's worker. Its arbiter starts another one."""

    name = "api worker killed"

    def round(self) -> None:
        names = self.world.some("api", self.rng)
        killed = {name: worker_of(self.world, name) for name in names}
        for pid in killed.values():
            if pid is not None:
                self.world.kill(pid)
        for name in names:
            self._wait_for_another(name, killed[name])
        self.world.measure_resume("worker", f"worker of {' and '.join(names)}")

    def _wait_for_another(self, name: str, killed: int | None) -> None:
        service = self.world.services[name]
        wait_until(
            lambda: worker_of(self.world, name) not in {killed, None} and service.is_ready(),
            lambda: f"another worker of {name}\n{service.tail()}",
            START_STOP_TIMEOUT,
        )


class KillRendererChild(Nemesis):
    """Kills rendering processes, and in 15 % of the rounds the fork server too."""

    name = "renderer child killed"

    def round(self) -> None:
        renderer = self.rng.choice(self.world.of("renderer"))
        pids = self._pids(renderer)
        for pid in pids:
            self.world.kill(pid)
        wait_until(
            lambda: set(rendering(self.world, renderer)) - set(pids) != set(),
            lambda: (
                f"another rendering process of {renderer}\n{self.world.services[renderer].tail()}"
            ),
            START_STOP_TIMEOUT,
        )
        self.world.measure_resume("worker", f"child of {renderer}")

    def _pids(self, renderer: str) -> list[int]:
        pids = rendering(self.world, renderer)
        if self.rng.random() < 0.15:
            pids += children(self.world.services[renderer].pid)
        return pids
