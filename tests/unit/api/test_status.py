"""The status: what it says of the workers, of refusals, and to whom."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from splitflap_api.contract.status_models import Pods
from splitflap_api.domain.operator import demand
from splitflap_api.domain.operator.demand import wanted_workers
from splitflap_api.http.operator.live_status import LiveStatus
from splitflap_api.loops.outcomes.queue_depths import Queues
from splitflap_api.overload.account_backlogs import AccountBacklog, AccountBacklogs
from splitflap_api.overload.backlog import UnpublishedWork
from splitflap_api.store import schema
from splitflap_core.broker import Depth

from .rig import Rig

ROOT = Path(__file__).parents[3]


def rule(name: str, kind: str | None = None) -> Any:
    """The value of a constant in the chart's rule."""
    rules = yaml.safe_load((ROOT / "charts/splitflap/rules/demand.yaml").read_text("utf-8"))
    [found] = [
        each["expr"]
        for group in rules["groups"]
        for each in group["rules"]
        if each["record"] == f"splitflap:{name}" and each.get("labels", {}).get("kind") == kind
    ]
    return found


class Parts:
    """The parts of a status, set by tests."""

    def __init__(self, rig: Rig) -> None:
        self.accounts = AccountBacklogs()
        self.unpublished: UnpublishedWork | None = None
        self.up = True
        self.pods: dict[str, Pods] = {}
        self.queues = Queues(rig.metrics, rig.signs)
        link: Any = SimpleNamespace(
            up=True, ready=lambda: None if self.up else "broker link publish: no connection"
        )
        self.link = link
        backlog: Any = SimpleNamespace(unpublished=lambda: self.unpublished)
        self.live = LiveStatus(
            rig.store,
            "me",
            rig.recorder,
            self.queues,
            link,
            backlog,
            self.accounts,
            lambda: self.pods,
        )

    def answer(self, ready: int, consumers: int) -> None:
        """The broker's answer for every queue."""
        self.queues.ask(lambda _: Depth(ready, consumers))


@pytest.fixture
def parts(rig: Rig) -> Parts:
    """The parts of a status on the rig's database."""
    return Parts(rig)


def test_workers_are_unknown_without_an_answer_of_the_broker(rig: Rig, parts: Parts) -> None:
    """So it is on a replica without the role `outcomes`. The jobs are known."""
    rig.post()
    rig.change(schema.jobs, first_dispatched_at=1)
    kind = parts.live.read().kinds[0]
    assert (kind.consumers, kind.slots, kind.queue_ready) == (None,) * 3
    assert (kind.in_flight, kind.mean_seconds, kind.wanted) == (1, None, None)


def test_a_kind_shows_its_queues_and_workers(rig: Rig, parts: Parts) -> None:
    """A worker consumes both queues, and counts once. Half of the messages have left them."""
    for _ in range(4):
        rig.post()
    rig.change(schema.jobs, first_dispatched_at=1)
    parts.answer(1, 3)
    row = {"kind": "render", "slots": 6, "mean": 8.0, "express": True, "updated_at": 1}
    with rig.store.write() as tx:
        tx.execute(schema.capacities.insert(), [row])
    render, scrape = parts.live.read().kinds
    assert (render.consumers, render.slots) == (3, 6)
    assert (render.queue_ready, render.in_flight, render.mean_seconds) == (2, 2, 0.008)
    assert render.wanted == 1
    assert (scrape.slots, scrape.mean_seconds, scrape.in_flight) == (None, None, 0)


def test_the_pods_are_those_that_kubernetes_tells(parts: Parts) -> None:
    """Null without Kubernetes."""
    status = parts.live.read()
    assert [status.api_pods, *(each.pods for each in status.kinds)] == [None] * 3
    parts.pods = {"api": Pods(2, 2), "renderer": Pods(3, 1), "scraper": Pods(0, 0)}
    status = parts.live.read()
    assert status.api_pods == Pods(2, 2)
    assert [each.pods for each in status.kinds] == [Pods(3, 1), Pods(0, 0)]


def test_without_workers_there_are_no_slots(rig: Rig, parts: Parts) -> None:
    """Although the database still has those of the last outcome."""
    rig.post()
    parts.answer(0, 0)
    assert [each.slots for each in parts.live.read().kinds] == [0, 0]


def test_a_lost_broker_is_shown_with_the_reason(parts: Parts) -> None:
    """Null if all is well."""
    assert parts.live.read().broker.detail is None
    parts.up = parts.link.up = False
    broker = parts.live.read().broker
    assert (broker.up, broker.detail) == (False, "broker link publish: no connection")


def test_nothing_is_shed_without_a_reason(rig: Rig, parts: Parts) -> None:
    """The list is empty."""
    rig.recorder.run_once()
    assert parts.live.read().shedding == []


def test_the_status_says_what_is_shed_and_why(rig: Rig, parts: Parts) -> None:
    """A reason that lasts, and those of which only refused requests tell."""
    for why, count in (("rate", 3), ("unpublished", 2), ("account_backlog", 9)):
        rig.metrics.counter("splitflap_http_shed_total").labels(why).inc(count)
    rig.recorder._clock_offset = 0
    rig.recorder.run_once()
    slow, slower = (AccountBacklog("being rendered", wait, 30.0) for wait in (40.0, 50.0))
    fine = AccountBacklog("being rendered", 20.0, 30.0)
    parts.accounts.update({"a": slow, "b": slower, "c": fine}, {})
    parts.unpublished = UnpublishedWork("the broker is slow to confirm accepted work", 1)
    assert [(each.reason, each.detail) for each in parts.live.read().shedding] == [
        ("unpublished", "the broker is slow to confirm accepted work"),
        (
            "account_backlog",
            "b: its work would wait 50 s, because its earlier work is being rendered",
        ),
        (
            "account_backlog",
            "a: its work would wait 40 s, because its earlier work is being rendered",
        ),
        ("rate", "3 requests in the last 10 s"),
    ]


def test_refused_requests_are_forgotten_after_a_step(rig: Rig, parts: Parts) -> None:
    """What was refused a while ago is in the history."""
    rig.metrics.counter("splitflap_http_shed_total").labels("rate").inc()
    for _ in range(2):
        rig.recorder.run_once()
    assert parts.live.read().shedding == []


def test_a_replica_counts_itself_before_its_first_step(rig: Rig, parts: Parts) -> None:
    """And its streams, without the delay of the history."""
    rig.metrics.gauge("splitflap_event_streams").set(3)
    status = parts.live.read()
    assert (status.replica, status.api_replicas, status.streams) == ("me", 1, 3)


# -- the demand ------------------------------------------------------------------------------------


def test_the_demand_has_the_constants_of_the_chart() -> None:
    """An autoscaler computes the same number, with the default values of the chart."""
    assert float(rule("drain_target:seconds")) == demand.DRAIN_TARGET
    assert float(rule("utilization:ratio")) == demand.UTILIZATION
    for kind, seconds in demand.FIRST_SECONDS.items():
        assert seconds == float(rule("job_service_seconds:default", kind))
        assert demand.FIRST_SLOTS_OF_WORKER[kind] == int(rule("worker_slots:default", kind))


@pytest.mark.parametrize(
    ("published", "backlog", "mean", "slots", "workers", "wanted"),
    [
        (0.0, 0, 0.01, 4, 2, 0),
        (100.0, 0, 0.008, 2, 2, 1),
        (100.0, 0, 0.0081, 2, 2, 2),
        (0.0, 3000, 0.01, 4, 2, 1),
        (100.0, 3000, 0.01, 2, 2, 3),
        (0.0, 600, None, None, 0, 2),
        (0.0, None, 0.01, 4, 2, None),
    ],
)
def test_the_demand_is_the_load_by_the_slots_of_a_worker(
    published: float,
    backlog: int | None,
    mean: float | None,
    slots: int | None,
    workers: int,
    wanted: int | None,
) -> None:
    """(100 jobs/s x 10 ms + 3000 jobs x 10 ms / 30 s) / (1 slot x 0.8) = 2.5 workers."""
    assert wanted_workers("render", published, backlog, mean, slots, workers) == wanted


# -- who may read --------------------------------------------------------------------------------


def key_of(client: FlaskClient, *scopes: str) -> dict[str, str]:
    """The header with a new key."""
    key: Any = client.post("/v1/keys", json={"account": "op", "scopes": list(scopes)}).json
    return {"Authorization": f"Bearer {key['key']}"}


READ = (
    "/v1/status",
    "/v1/status/accounts",
    "/v1/status/history",
    "/v1/dead",
    "/v1/dead/count",
    "/v1/audit",
)


@pytest.mark.parametrize("path", READ)
def test_an_observer_reads(client: FlaskClient, path: str) -> None:
    """So does a key with the scope admin alone, as of an older release. Others get 403."""
    assert client.get(path, headers=key_of(client, "observe")).status_code == 200
    assert client.get(path, headers=key_of(client, "admin")).status_code == 200
    assert client.get(path, headers=key_of(client, "read", "write")).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/dead:replay"),
        ("POST", "/v1/dead:drop"),
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("GET", "/v1/posts"),
        ("POST", "/v1/posts"),
    ],
)
def test_an_observer_changes_nothing(client: FlaskClient, method: str, path: str) -> None:
    """Nor does it read posts, or keys."""
    headers = key_of(client, "observe")
    assert client.open(path, method=method, headers=headers, json={}).status_code == 403
