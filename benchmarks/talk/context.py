"""What experiments run with: the site, servers, a database, and sizes."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.servers.postgres import Postgres

from . import load, servers
from .commands import APP
from .experiment import Row
from .load import Work
from .measure import Measurement, at, peak
from .servers import Running, Server
from .site import Site, page_site

T = TypeVar("T")


@dataclass(frozen=True)
class Sizes:
    """The sizes of the works and of the runs."""

    #: Seconds of a page, and of a query.
    page_seconds: float
    #: Sections of the smallest text (app.py).
    sections: int
    #: Seconds of each load.
    seconds: float
    #: Seconds of each load before them, which are not counted.
    warm_up: float


#: A page takes 0.2 s, a text 0.05 to 0.3 s of a CPU.
FULL = Sizes(page_seconds=0.2, sections=40, seconds=4.0, warm_up=0.5)

#: For tests: a page still takes long beside the rest of a request, so slots fill.
QUICK = Sizes(page_seconds=0.1, sections=2, seconds=0.7, warm_up=0.2)


class Context:
    """Starts what an experiment needs. All of it ends with `context`."""

    def __init__(self, stack: ExitStack, *, quick: bool, first: bool = True) -> None:
        self.quick = quick
        #: Whether this is the first round. What needs no clock needs no second round.
        self.first = first
        self.sizes = QUICK if quick else FULL
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="talk-")))
        self.site: Site = stack.enter_context(page_site(self.sizes.page_seconds))
        self._stack = stack
        self._postgres: Postgres | None = None
        self._databases = 0

    def pick(self, full: T, quick: T) -> T:
        """The value for a full run, or for a quick one."""
        return quick if self.quick else full

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of the application."""
        return {
            "TALK_SITE": self.site.url,
            "TALK_SECTIONS": str(self.sizes.sections),
            "TALK_QUERY_SECONDS": str(self.sizes.page_seconds),
            **more,
        }

    def serving(
        self,
        server: Server | str,
        *,
        slots: int = 1,
        processes: int = 1,
        app: str = APP,
        environ: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[Running]:
        """One server with the application. Raises Missing if it is not installed."""
        own = self.environ(**(environ or {}))
        return servers.serving(server, self.folder, own, slots=slots, processes=processes, app=app)

    def new_database(self) -> str:
        """The URL of a new database. The first call starts PostgreSQL.

        Raises:
            MissingBinary: PostgreSQL is not installed.
        """
        if self._postgres is None:
            self._postgres = self._stack.enter_context(Postgres(None))
        self._databases += 1
        return self._postgres.create_database(f"talk{self._databases}")

    def io(self) -> Work:
        """Requests that wait for the page site."""
        return load.io()

    def cpu(self) -> Work:
        """Requests that compute."""
        return load.cpu(self.sizes.sections)

    def db(self) -> Work:
        """Requests that wait for a database: give its URL to the server as TALK_DATABASE_URL."""
        return load.db()

    def posts(self, links: int = 2) -> Work:
        """Posts with links to the page site."""
        return load.posts(self.site.url, links=links)

    def peak(
        self,
        running: Running,
        work: Work,
        seconds: float | None = None,
        *,
        gathers: bool = True,
    ) -> Measurement:
        """The most that a server answers. `gathers` is for quick runs: see measure.peak."""
        gathers = gathers and self.quick
        return peak(running, self.site, work, seconds or self.sizes.seconds, gathers=gathers)

    def at(
        self,
        running: Running,
        work: Work,
        rate: float,
        *,
        pings: bool = True,
        fresh: bool = True,
        seconds: float | None = None,
    ) -> Measurement:
        """A server at a rate, with pings beside it."""
        return at(
            running,
            self.site,
            work,
            rate,
            seconds or self.sizes.seconds,
            warm_up=self.sizes.warm_up,
            pings=pings,
            fresh=fresh,
        )

    def loads(
        self, running: Running, work: Work, *, seconds: float | None = None, **labels: str | int
    ) -> list[Row]:
        """Three rows: the peak, half of it, and half again above it. `seconds`: of each."""
        most = self.peak(running, work, seconds)
        rows = [Row({**labels, "load": "peak"}, most.figures())]
        for name, share in (("half", 0.5), ("above", 1.5)):
            rate = max(1.0, most.rate * share)
            found = self.at(running, work, rate, seconds=seconds)
            rows.append(Row({**labels, "load": name}, found.figures()))
        return rows


@contextmanager
def context(*, quick: bool, first: bool = True) -> Iterator[Context]:
    """A context, with the site."""
    with ExitStack() as stack:
        yield Context(stack, quick=quick, first=first)
