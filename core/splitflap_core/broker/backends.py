"""Which broker the settings ask for, and what differs between them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from splitflap_core.broker.session import BrokerSession, Waker
from splitflap_core.settings import CommonSettings


@dataclass(frozen=True)
class BrokerBackend:
    """A broker, and what its guarantees mean for the reconciler."""

    open: Callable[[str, bool, Waker], BrokerSession]
    #: Seconds after which a job that was published and has no outcome is published again.
    redispatch_unfinished_after: float
    #: Whether several API replicas can be woken through it.
    has_wake_ups: bool

    def opener(self, name: str, *, declares: bool = True) -> Callable[[Waker], BrokerSession]:
        """Opens sessions under a name that the broker's own tools show.

        Who does not declare takes the topology as it is, and needs no right to configure it.
        """
        return partial(self.open, name, declares)


def backend_for(settings: CommonSettings) -> BrokerBackend:
    """RabbitMQ for an amqp URL, else the embedded broker in DATA_DIR."""
    if settings.broker_url.startswith("amqp"):
        return BrokerBackend(
            partial(_amqp, settings), redispatch_unfinished_after=900, has_wake_ups=True
        )
    folder = Path(settings.data_dir) / "broker"
    # It forgets a message at delivery, so a killed worker's jobs are published again soon.
    return BrokerBackend(
        partial(_files, folder), redispatch_unfinished_after=20, has_wake_ups=False
    )


def _amqp(settings: CommonSettings, name: str, declares: bool, waker: Waker) -> BrokerSession:
    from splitflap_core.broker.amqp import AmqpSession

    return AmqpSession(settings.broker, name, settings.broker_ca_file, waker, declares=declares)


def _files(folder: Path, _name: str, _declares: bool, waker: Waker) -> BrokerSession:
    from splitflap_core.broker.filesystem import FilesystemSession

    return FilesystemSession(folder, waker)
