"""Wrong clocks: two APIs are a minute apart. All due times come from the database's clock."""

from pathlib import Path

from .base import Nemesis

#: The paths of libfaketime on Debian and Fedora.
LIBRARY_PATHS = (
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib*/faketime/libfaketimeMT.so.1",
)

#: The variables of libfaketime. An empty value counts as unset.
VARIABLES = ("FAKETIME", "LD_PRELOAD")

#: Seconds with a wrong clock.
HOLD = (5.0, 8.0)


def library() -> str | None:
    """The path of libfaketime, if it is installed."""
    found = [str(path) for place in LIBRARY_PATHS for path in Path("/").glob(place[1:])]
    return found[0] if found else None


class Clocks(Nemesis):
    """One API is a minute ahead, then a minute behind. The other one is killed meanwhile."""

    name = "clocks apart"

    @classmethod
    def missing(cls) -> str:
        return "" if library() else "libfaketime is not installed (Debian: faketime)"

    def round(self) -> None:
        api = self.world.apis[-1]
        for offset in ("+60s", "-60s"):
            self._restart(api, {"FAKETIME": offset, "LD_PRELOAD": library() or ""})
            self.hold(*HOLD)
            self.world.kill_service(self.world.apis[0], whole=True)
            self.world.start(self.world.apis[0])
            self.world.measure_resume("worker", f"{api} at {offset}")

    def end(self) -> None:
        self._restart(self.world.apis[-1], {})

    def _restart(self, api: str, environ: dict[str, str]) -> None:
        """Start an API with more variables.

        libfaketime shifts the monotonic clock too. A constant shift of that one has no effect;
        without the shift libfaketime breaks clock_nanosleep.
        """
        service = self.world.services[api]
        service.close()
        service.environ = {**service.environ, **dict.fromkeys(VARIABLES, ""), **environ}
        self.world.start(api)
