"""A bad network between a service, or all of them, and the broker or the database."""

from collections.abc import Iterable

from tests.servers.proxy import Proxy

from .base import Nemesis


class _Network(Nemesis):
    """Chooses whose connections are concerned; `spoil` spoils them, and they are mended."""

    #: Seconds that it is bad.
    seconds = (1.0, 6.0)

    def round(self) -> None:
        proxies, what = self._choose()
        try:
            for proxy in proxies:
                self.spoil(proxy)
            self.hold(*self.seconds)
        finally:
            for proxy in proxies:
                self.repair(proxy)
        self.world.note_resumed("server", f"{self.name}: {what}")

    def spoil(self, proxy: Proxy) -> None:
        """Make it bad."""
        raise NotImplementedError

    def repair(self, proxy: Proxy) -> None:
        """Make it good."""
        proxy.mend()

    def _choose(self) -> tuple[Iterable[Proxy], str]:
        server = self.dice.choice(("broker", "broker", "database"))
        of_server = {who: proxy for (who, to), proxy in self.world.proxies.items() if to == server}
        if self.dice.random() < 0.3:
            return of_server.values(), f"all and the {server}"
        who = self.dice.choice(sorted(of_server))
        return [of_server[who]], f"{who} and the {server}"


class Reset(_Network):
    """Connections are reset (RST), again and again; new ones are taken at once."""

    name = "network reset"
    seconds = (0.1, 1.5)

    def spoil(self, proxy: Proxy) -> None:
        proxy.cut()


class Cut(_Network):
    """Connections are reset and new ones refused."""

    name = "network cut"

    def spoil(self, proxy: Proxy) -> None:
        proxy.refuse()


class Delayed(_Network):
    """Everything takes 0.15 s longer, each way."""

    name = "network delayed"

    def spoil(self, proxy: Proxy) -> None:
        proxy.delay = 0.15


class Slowed(_Network):
    """20 KB a second, each way."""

    name = "network slowed"

    def spoil(self, proxy: Proxy) -> None:
        proxy.piece = 400
        proxy.delay = 0.02


class Stalled(_Network):
    """Nothing is read, so the senders' buffers fill up; then all of it comes."""

    name = "network stalled"

    def spoil(self, proxy: Proxy) -> None:
        proxy.stall()


class HalfOpen(_Network):
    """Bytes vanish and the connection seems to live, for longer than heartbeats allow or not.

    A network whose bytes were lost cannot bring them back: it ends with a reset.
    """

    name = "network half-open"
    seconds = (2.0, 30.0)

    def spoil(self, proxy: Proxy) -> None:
        proxy.swallow()

    def repair(self, proxy: Proxy) -> None:
        proxy.cut()
        proxy.mend()


ALL = (Reset, Cut, Delayed, Slowed, Stalled, HalfOpen)
