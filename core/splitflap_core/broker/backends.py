"""The choice of a broker by the settings, and the differences between the two."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from splitflap_core.broker.session import BrokerSession
from splitflap_core.broker.waker import Waker
from splitflap_core.settings import CommonSettings


@dataclass(frozen=True)
class BrokerBackend:
    """A broker, and the consequences of its guarantees for the API."""

    open: Callable[[str, bool, Waker], BrokerSession]
    #: Whether several API replicas can wake one another through this broker.
    has_wake_ups: bool

    def opener(self, name: str, *, declares: bool = True) -> Callable[[Waker], BrokerSession]:
        """A function that opens sessions. The broker's own tools show `name`.

        A session with `declares=False` uses the existing topology, and needs no right to
        configure it. On RabbitMQ it cannot connect before the API has created the queues.
        """
        return partial(self.open, name, declares)


def backend_for(settings: CommonSettings) -> BrokerBackend:
    """RabbitMQ for an amqp URL, else the embedded broker in DATA_DIR."""
    if settings.broker_url.startswith("amqp"):
        return BrokerBackend(partial(_amqp, settings), has_wake_ups=True)
    folder = Path(settings.data_dir) / "broker"
    return BrokerBackend(partial(_files, folder), has_wake_ups=False)


def _amqp(settings: CommonSettings, name: str, declares: bool, waker: Waker) -> BrokerSession:
    from splitflap_core.broker.amqp import AmqpSession

    return AmqpSession(settings.broker, name, settings.broker_ca_file, waker, declares=declares)


def _files(folder: Path, name: str, declares: bool, waker: Waker) -> BrokerSession:
    from splitflap_core.broker.embedded.session import EmbeddedSession

    return EmbeddedSession(folder, name, waker, declares=declares)
