"""The parts of the API used by views."""

from dataclasses import dataclass
from typing import Protocol

from splitflap_core.telemetry import Metrics

from asyncrequest import AsyncRequests
from splitflap_api.contract.status_models import Status
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.domain.commands import Command
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.loops.acceptor import Acceptor
from splitflap_api.loops.long_requests.feed import Feed
from splitflap_api.loops.long_requests.status_feed import StatusFeed
from splitflap_api.overload.acting import ActingLimits
from splitflap_api.settings import ApiSettings
from splitflap_api.store.engine import Store
from splitflap_api.transactions.dead_letters import DeadLetterBatches
from splitflap_api.transactions.replay import Replayer


class ReadsStatus(Protocol):
    """Reads the status of now."""

    def read(self) -> Status: ...


@dataclass(frozen=True)
class Services:
    """Wired by service.py; tests wire their own."""

    settings: ApiSettings
    metrics: Metrics
    store: Store
    keyring: Keyring
    acting: ActingLimits
    acceptor: Acceptor
    replayer: Replayer
    dead_letters: DeadLetterBatches
    feed: Feed
    later: AsyncRequests[Command]
    urls: PreviewUrls
    status: ReadsStatus
    status_feed: StatusFeed
