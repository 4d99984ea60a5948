"""Wrong clocks: two APIs are a minute apart. All due times come from the database's clock."""

from tests.servers import faketime
from tests.servers.process import MissingBinary

from .base import Nemesis

#: Seconds with a wrong clock.
HOLD = (5.0, 8.0)


class Clocks(Nemesis):
    """One API is a minute ahead, then a minute behind. The other one is killed meanwhile."""

    name = "clocks apart"

    @classmethod
    def missing(cls) -> str:
        try:
            faketime.library()
        except MissingBinary as error:
            return str(error)
        return ""

    def round(self) -> None:
        api = self.world.apis[-1]
        for offset in ("+60s", "-60s"):
            self._restart(api, offset)
            self.hold(*HOLD)
            self.world.kill_service(self.world.apis[0], whole=True)
            self.world.start(self.world.apis[0])
            self.world.measure_resume("worker", f"{api} at {offset}")

    def end(self) -> None:
        self._restart(self.world.apis[-1], "")

    def _restart(self, api: str, offset: str) -> None:
        """Start an API with another clock."""
        service = self.world.services[api]
        service.close()
        service.environ = {**service.environ, **faketime.shifted(offset)}
        self.world.start(api)
