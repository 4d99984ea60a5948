"""Resource alarms of the broker: it blocks all publishers."""

from tests.servers.rabbitmq import RabbitMq

from .base import Nemesis

#: The free disk space that RabbitMQ requires: the default of its package, and more than any disk
#: has.
NORMAL_LIMIT, IMPOSSIBLE_LIMIT = "50MB", "1000TB"


class _Alarm(Nemesis):
    @property
    def broker(self) -> RabbitMq:
        """The RabbitMQ node."""
        broker = self.world.servers["broker"]
        assert isinstance(broker, RabbitMq)
        return broker

    def round(self) -> None:
        self.set_alarm(True)
        try:
            self.hold(2, 9)
        finally:
            self.set_alarm(False)
        self.world.measure_resume("server", self.name)

    def set_alarm(self, on: bool) -> None:
        """Raise or clear the alarm."""
        raise NotImplementedError


class MemoryAlarm(_Alarm):
    """The broker acts as if its memory were full."""

    name = "broker memory alarm"

    def set_alarm(self, on: bool) -> None:
        self.broker.set_memory_alarm(on)


class DiskAlarm(_Alarm):
    """The broker acts as if its disk were full (rabbitmqctl set_disk_free_limit)."""

    name = "broker disk full"

    def set_alarm(self, on: bool) -> None:
        limit = IMPOSSIBLE_LIMIT if on else NORMAL_LIMIT
        self.broker.eval(f'rabbit_disk_monitor:set_disk_free_limit("{limit}").')
