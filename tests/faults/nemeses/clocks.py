"""The clocks of two APIs a minute apart: only the database's counts."""

from pathlib import Path

from .base import Nemesis

#: Debian's and Fedora's places.
PLACES = (
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib*/faketime/libfaketimeMT.so.1",
)

#: The variables that it reads; empty ones count as unset.
FAKED = ("FAKETIME", "LD_PRELOAD")

#: Seconds that posts are made so.
HOLD = (5.0, 8.0)


def library() -> str | None:
    """libfaketime, where it is installed."""
    found = [str(path) for place in PLACES for path in Path("/").glob(place[1:])]
    return found[0] if found else None


class Clocks(Nemesis):
    """One API is a minute ahead, then a minute behind; the other dies meanwhile."""

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
            self.world.note_resumed("worker", f"{api} at {offset}")

    def end(self) -> None:
        self._restart(self.world.apis[-1], {})

    def _restart(self, api: str, environ: dict[str, str]) -> None:
        """All clocks are shifted, the monotonic one too: by a fixed time, which nobody sees.

        libfaketime can leave that one alone, but then breaks clock_nanosleep.
        """
        service = self.world.services[api]
        service.close()
        service.environ = {**service.environ, **dict.fromkeys(FAKED, ""), **environ}
        self.world.start(api)
