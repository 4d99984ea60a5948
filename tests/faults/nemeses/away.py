"""All workers are away for ten minutes, and then for a day by the database's clock."""

from abc import abstractmethod
from typing import cast

from tests.servers import faketime
from tests.servers.postgres import Postgres
from tests.servers.process import MissingBinary
from tests.support import wait_until

from .base import Nemesis

#: Seconds without workers.
AWAY = 600.0

#: Seconds of a day, and of the time in which it passes for PostgreSQL.
DAY, DAY_WITHIN = 86_400, 60.0

#: Seconds until the API refuses new work: its limit of age (30 s), and its queries.
SHED_WITHIN = 90.0

#: The share of the absence that the oldest age must show. The API measures it every five seconds,
#: and accepts the first post of the absence a little later.
SHOWN = 0.5

AGE = "splitflap_oldest_job_seconds"


class WorkersAway(Nemesis):
    """Stops or kills all workers, and starts them after ten minutes and a day.

    Posts are accepted until the age of the first ones makes the API refuse more. Meanwhile each job
    has one message. Nothing may fail when the workers return.
    """

    name = "workers away"

    @classmethod
    def missing(cls) -> str:
        try:
            faketime.library()
        except MissingBinary as error:
            return str(error)
        return ""

    def round(self) -> None:
        self.load.posters.own_backlog = True
        workers = [*self.world.of("renderer"), *self.world.of("scraper")]
        for name in workers:
            if self.rng.random() < 0.5:
                self.world.kill_service(name, whole=True)
            else:
                self.world.services[name].close()
        self.hold(AWAY, AWAY)
        wait_until(lambda: self.load.posters.refusals, "new work to be refused", SHED_WITHIN)
        self._check(SHOWN * self._pace * AWAY)
        self.world.completions.ahead = self.pass_a_day()
        self._check(SHOWN * DAY)
        self.world.start(*workers)
        self.world.measure_resume("worker", "all workers")

    @abstractmethod
    def pass_a_day(self) -> int:
        """Let a day pass for the database. Return how many seconds its clock is ahead."""

    def _check(self, age: float) -> None:
        """Check that each job has one message, and that the oldest job has at least this age."""
        for kind in ("render", "scrape"):
            jobs = self.world.queued_jobs(kind)
            twice = len(jobs) - len(set(jobs))
            assert not twice, f"{twice} of {len(jobs)} {kind} jobs have a second message"
        api = self.world.apis[0]
        wait_until(lambda: self.world.metric(api, AGE) >= age, f"an age of {age:.0f} s in {AGE}")


class WorkersAwayOnServers(WorkersAway):
    """The clock of PostgreSQL runs so fast that a day passes in a minute."""

    def begin(self) -> None:
        self._database.fake_clock()
        self.world.repair()

    def end(self) -> None:
        self._database.right_clock()
        self.world.completions.ahead = 0
        self.world.repair()

    def pass_a_day(self) -> int:
        within = max(5.0, self._pace * DAY_WITHIN)
        return self._database.hurry(int(DAY / within), within)

    @property
    def _database(self) -> Postgres:
        return cast("Postgres", self.world.servers["database"])


class WorkersAwayOnFiles(WorkersAway):
    """SQLite has the clock of the API's process: the API starts again a day later."""

    def pass_a_day(self) -> int:
        self._restart("+1d")
        return DAY

    def end(self) -> None:
        self._restart("")
        self.world.completions.ahead = 0

    def _restart(self, offset: str) -> None:
        [api] = self.world.apis
        service = self.world.services[api]
        self.world.kill_service(api, whole=True)
        service.environ = {**service.environ, **faketime.shifted(offset)}
        self.world.start(api)
