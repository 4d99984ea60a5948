"""The broker and the database: killed, or stopped in an orderly way, and started again."""

from .base import Nemesis


class _Server(Nemesis):
    server: str

    def round(self) -> None:
        self.end_server()
        self.hold(0, 3)
        self.world.servers[self.server].start()
        self.world.measure_resume("server", self.name)

    def end_server(self) -> None:
        """End the server."""
        self.world.kill_server(self.server)


class _Restart(_Server):
    def end_server(self) -> None:
        self.world.servers[self.server].stop()


class KillBroker(_Server):
    """Kills RabbitMQ, as a power failure would."""

    name = "broker killed"
    server = "broker"


class RestartBroker(_Restart):
    """Stops RabbitMQ and starts it again."""

    name = "broker restarted"
    server = "broker"


class KillDatabase(_Server):
    """Kills PostgreSQL. It recovers from its log."""

    name = "database killed"
    server = "database"


class RestartDatabase(_Restart):
    """Stops PostgreSQL and starts it again."""

    name = "database restarted"
    server = "database"
