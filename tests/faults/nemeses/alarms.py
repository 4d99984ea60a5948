"""The broker runs short of memory or disk: it blocks whoever publishes."""

from tests.servers.rabbitmq import RabbitMq

from .base import Nemesis

#: What Debian's and our own configuration ask for, and more than any disk has.
ENOUGH, TOO_MUCH = "50MB", "1000TB"


class _Alarm(Nemesis):
    @property
    def broker(self) -> RabbitMq:
        """The node."""
        broker = self.world.servers["broker"]
        assert isinstance(broker, RabbitMq)
        return broker

    def round(self) -> None:
        self.set_alarm(True)
        try:
            self.hold(2, 9)
        finally:
            self.set_alarm(False)
        self.world.note_resumed("server", self.name)

    def set_alarm(self, on: bool) -> None:
        """Begin or end it."""
        raise NotImplementedError


class MemoryAlarm(_Alarm):
    """As if memory had run short."""

    name = "broker memory alarm"

    def set_alarm(self, on: bool) -> None:
        self.broker.set_memory_alarm(on)


class DiskAlarm(_Alarm):
    """As if the disk were full (rabbitmqctl set_disk_free_limit)."""

    name = "broker disk full"

    def set_alarm(self, on: bool) -> None:
        self.broker.eval(
            f'rabbit_disk_monitor:set_disk_free_limit("{TOO_MUCH if on else ENOUGH}").'
        )
