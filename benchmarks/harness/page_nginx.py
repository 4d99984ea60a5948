"""nginx of services/web with its own configuration, in front of an API."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.page_nginx import PageNginx
from tests.support import descendants

from .processes import cpu_seconds, rss_kib
from .waiting import wait_until


@dataclass(frozen=True)
class RunningNginx:
    """nginx and its port."""

    port: int
    #: The main process and its one worker process.
    pids: tuple[int, ...]

    def cpu(self) -> float:
        """CPU seconds of its processes."""
        return sum(map(cpu_seconds, self.pids))

    def memory_kib(self) -> int:
        """Resident memory of its processes."""
        return sum(map(rss_kib, self.pids))


@contextmanager
def page_nginx(api_port: int, site: Path, **variables: str) -> Iterator[RunningNginx]:
    """Run nginx while the block does. `variables` are those of services/web/nginx/README.md."""
    with PageNginx(api_port, site, **variables) as server:
        # The main process listens before it starts its worker process.
        wait_until(lambda: bool(descendants(server.pid)), "nginx's worker process", 10)
        yield RunningNginx(server.port, (server.pid, *descendants(server.pid)))
