"""Network faults between one service, or all of them, and the broker or the database."""

from collections.abc import Iterable

from tests.servers.proxy import Proxy

from .base import Nemesis


class _Network(Nemesis):
    """Chooses connections by their proxies. `disturb` causes the fault, `restore` ends it."""

    #: Seconds of the fault: least and most.
    seconds = (1.0, 6.0)

    def round(self) -> None:
        proxies, what = self._choose()
        try:
            for proxy in proxies:
                self.disturb(proxy)
            self.hold(*self.seconds)
        finally:
            for proxy in proxies:
                self.restore(proxy)
        self.world.measure_resume("server", f"{self.name}: {what}")

    def disturb(self, proxy: Proxy) -> None:
        """Cause the fault."""
        raise NotImplementedError

    def restore(self, proxy: Proxy) -> None:
        """End the fault."""
        proxy.mend()

    def _choose(self) -> tuple[Iterable[Proxy], str]:
        server = self.rng.choice(("broker", "broker", "database"))
        of_server = {
            name: proxy for (name, to), proxy in self.world.proxies.items() if to == server
        }
        if self.rng.random() < 0.3:
            return of_server.values(), f"all and the {server}"
        name = self.rng.choice(sorted(of_server))
        return [of_server[name]], f"{name} and the {server}"


class Reset(_Network):
    """Connections are reset (RST) once. New ones are accepted at once."""

    name = "network reset"
    seconds = (0.1, 1.5)

    def disturb(self, proxy: Proxy) -> None:
        proxy.cut()


class Cut(_Network):
    """Connections are reset, and new ones are refused."""

    name = "network cut"

    def disturb(self, proxy: Proxy) -> None:
        proxy.refuse()


class Delayed(_Network):
    """Each direction has 0.15 s more latency."""

    name = "network delayed"

    def disturb(self, proxy: Proxy) -> None:
        proxy.delay = 0.15


class Slowed(_Network):
    """Each direction carries 20 KB a second."""

    name = "network slowed"

    def disturb(self, proxy: Proxy) -> None:
        proxy.piece = 400
        proxy.delay = 0.02


class Stalled(_Network):
    """The proxy stops reading, so that buffers fill up. Later all bytes arrive."""

    name = "network stalled"

    def disturb(self, proxy: Proxy) -> None:
        proxy.stall()


class HalfOpen(_Network):
    """Bytes vanish while the connection stays open, sometimes for longer than the heartbeat.

    The fault ends with a reset, since the lost bytes cannot be delivered.
    """

    name = "network half-open"
    seconds = (2.0, 30.0)

    def disturb(self, proxy: Proxy) -> None:
        proxy.swallow()

    def restore(self, proxy: Proxy) -> None:
        proxy.cut()
        proxy.mend()


ALL = (Reset, Cut, Delayed, Slowed, Stalled, HalfOpen)
