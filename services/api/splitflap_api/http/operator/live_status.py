"""The status of now, put together from the database, the broker's answers and this process."""

from collections.abc import Callable, Iterator, Mapping

import msgspec
from splitflap_core import topology
from splitflap_core.broker import BrokerLink
from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS

from splitflap_api.contract import status_models
from splitflap_api.domain.fair.capacities import read_capacities
from splitflap_api.domain.operator.history import Recent, read_recent
from splitflap_api.domain.operator.status import Queued, kind_status, read_work
from splitflap_api.loops.history import Recorder
from splitflap_api.loops.outcomes.queue_depths import Queues
from splitflap_api.overload.account_backlogs import AccountBacklogs
from splitflap_api.overload.backlog import Backlog
from splitflap_api.overload.shedding import ACCOUNT_BACKLOG, UNPUBLISHED
from splitflap_api.store.engine import Store

#: Accounts whose new work is refused, in one status.
SHOWN_ACCOUNTS = 10

#: The worker of each kind.
WORKERS: dict[Kind, str] = {"render": "renderer", "scrape": "scraper"}


class LiveStatus:
    """Reads the status."""

    def __init__(
        self,
        store: Store,
        replica: str,
        recorder: Recorder,
        queues: Queues,
        link: BrokerLink,
        backlog: Backlog,
        accounts: AccountBacklogs,
        pods: Callable[[], Mapping[str, status_models.Pods]],
    ) -> None:
        self._store = store
        self._replica = replica
        self._recorder = recorder
        self._queues = queues
        self._link = link
        self._backlog = backlog
        self._accounts = accounts
        self._pods = pods

    def read(self) -> status_models.Status:
        """The status of now."""
        with self._store.read() as tx:
            now = self._store.now(tx)
            work = read_work(tx, now)
            recent = read_recent(tx, now)
            capacities = read_capacities(tx)
        streams = {**recent.streams, self._replica: self._recorder.streams}
        pods = self._pods()
        return status_models.Status(
            *work,
            kinds=[
                kind_status(
                    kind,
                    work,
                    capacities[kind],
                    self._queued(kind),
                    recent.published(kind),
                    pods.get(WORKERS[kind]),
                )
                for kind in KINDS
            ],
            rates=_rates(recent),
            shedding=list(self._shedding()),
            broker=status_models.BrokerStatus(self._link.up, self._link.ready()),
            streams=sum(streams.values()),
            replica=self._replica,
            api_replicas=len(streams),
            api_pods=pods.get("api"),
        )

    def read_json(self) -> str:
        """The same as JSON."""
        return msgspec.json.encode(self.read()).decode()

    def _queued(self, kind: Kind) -> Queued:
        normal, express = topology.JOB_QUEUES[kind].name, topology.EXPRESS_QUEUES[kind].name
        ready = self._queues.ready_of(normal), self._queues.ready_of(express)
        return Queued(self._queues.consumers_of(normal), _sum(*ready))

    def _shedding(self) -> Iterator[status_models.Shedding]:
        """The reasons that last, then the requests shed lately for the others."""
        lately = dict(self._recorder.shed_lately)
        if found := self._backlog.unpublished():
            lately.pop(UNPUBLISHED, None)
            yield status_models.Shedding(UNPUBLISHED, found.why)
        for detail in self._refused_accounts():
            lately.pop(ACCOUNT_BACKLOG, None)
            yield status_models.Shedding(ACCOUNT_BACKLOG, detail)
        for why, count in lately.items():
            yield status_models.Shedding(why, f"{count} requests in the last 10 s")

    def _refused_accounts(self) -> Iterator[str]:
        """The accounts with the highest pressure whose new work is refused."""
        both = [
            (each.pressure, name, kind, each)
            for kind, found in (("", self._accounts.normal), ("low ", self._accounts.low))
            for name, each in found.items()
            if each.exceeds_limit
        ]
        highest = sorted(both, key=lambda it: it[:3], reverse=True)[:SHOWN_ACCOUNTS]
        for _, name, kind, each in highest:
            wait = f"its {kind}work would wait {each.wait:.0f} s"
            yield f"{name}: {wait}, because its earlier work is {each.doing}"


def _rates(recent: Recent) -> status_models.Rates:
    rates = recent.rates
    return status_models.Rates(
        accepted=rates["accepted"],
        finished=rates["finished"],
        failed=rates["failed"],
        refused=rates["refused"],
        render=rates["render_done"],
        scrape=rates["scrape_done"],
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
