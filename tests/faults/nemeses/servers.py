"""Broker and database: killed, and restarted in order."""

from .base import Nemesis


class _Server(Nemesis):
    server: str

    def round(self) -> None:
        self.strike()
        self.hold(0, 3)
        self.world.servers[self.server].start()
        self.world.note_resumed("server", self.name)

    def strike(self) -> None:
        """End it."""
        self.world.kill_server(self.server)


class _Restart(_Server):
    def strike(self) -> None:
        self.world.servers[self.server].stop()


class KillBroker(_Server):
    """RabbitMQ dies as in a power failure."""

    name = "broker killed"
    server = "broker"


class RestartBroker(_Restart):
    """RabbitMQ is stopped and started."""

    name = "broker restarted"
    server = "broker"


class KillDatabase(_Server):
    """PostgreSQL dies as in a power failure, and recovers from its log."""

    name = "database killed"
    server = "database"


class RestartDatabase(_Restart):
    """PostgreSQL is stopped and started."""

    name = "database restarted"
    server = "database"
