"""A rolling upgrade: an older replica meets tasks with a responder of a newer one.

It leaves these tasks to the newer replica, and does all its other work.
"""

import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from splitflap_api.contract.models import NewPost
from splitflap_api.domain.final_responses import RESPONDERS
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.domain.responders import Completion
from splitflap_api.loops import loop, results
from splitflap_api.store import schema
from splitflap_core.broker import BrokerBackend
from splitflap_core.health import HealthServer
from splitflap_core.kinds import MAX_ATTEMPTS

from asyncrequest import TaskState
from tests.servers.rabbitmq import RabbitMq
from tests.support import free_port, wait_until
from tests.support.peer import embedded_broker, rabbitmq_broker
from tests.unit.api.rig import HOUR, Rig, rendered, scraped

from .conftest import MakeRig
from .consumer import Consumer

#: Creates a consumer of the older and of the newer replica on a broker.
ConsumersOn = Callable[[BrokerBackend], list[Consumer]]

URL = "https://shared.example/"


def of_a_newer_release(completion: Completion) -> Sequence[Any]:
    """A responder of the newer replica alone."""
    return ["made by the newer release" for _ in completion.tasks]


NEW = of_a_newer_release.__name__


@pytest.fixture
def old(make_rig: MakeRig) -> Rig:
    """A replica of this release. Its tasks wait for no preview."""
    return make_rig(preview_wait=0.0)


@pytest.fixture
def new(make_rig: MakeRig) -> Rig:
    """A replica of the next release."""
    return make_rig(preview_wait=0.0, responders=(*RESPONDERS, of_a_newer_release))


def new_post(new: Rig) -> TaskState:
    """Accept a post on the newer replica."""
    return new.accept(CreatePost(NewPost("new")), responder=NEW)


def test_a_batch_is_applied_without_the_unknown_outcome(old: Rig, new: Rig) -> None:
    """The job of that outcome stays, and the newer replica applies it."""
    first, last = old.post("first"), old.post("last")
    unknown = new.accept(RenderText("x"), responder=NEW)
    job = new.job(unknown)
    batch = [rendered(old.job(first)), rendered(job), rendered(old.job(last))]
    ingested = old.ingest.apply(batch)
    assert ingested.left == {job["id"]}
    assert [old.body(state)["state"] for state in (first, last)] == ["complete"] * 2
    assert old.final(unknown) is None
    assert old.rows("jobs") == [job]
    assert old.metric("splitflap_unknown_responders_total") == 1
    assert new.ingest.apply(batch).left == frozenset()
    final = new.final(unknown)
    assert final is not None
    assert final.body == b"made by the newer release"


def test_a_shared_preview_ends_the_known_waiters(old: Rig, new: Rig) -> None:
    """The other waiters wait for the newer replica's reconciler."""
    known = [old.accept(FetchPreview(URL)) for _ in range(2)]
    unknown = new.accept(FetchPreview(URL), responder=NEW)
    job = old.row("jobs")
    assert old.ingest.apply([scraped(job)]).left == frozenset()
    assert all(old.body(state)["state"] == "ready" for state in known)
    old.reconcile()
    assert old.final(unknown) is None
    assert old.row("waiters") == {"job_id": job["id"], "task_id": unknown.id}
    new.reconcile()
    assert new.final(unknown) is not None
    new.reconcile()
    assert new.count("waiters") == new.count("completions") == 0


def test_overdue_tasks_end_beside_an_unknown_one(old: Rig, new: Rig) -> None:
    """The reconciler skips it, and the newer replica ends it."""
    known, unknown = old.post(), new_post(new)
    for number, state in enumerate((known, unknown)):
        new.rendered(new.job(state), f"https://{number}.example/")
    old.reconcile()
    assert old.body(known)["links"][0]["preview"]["state"] == "pending"
    assert old.final(unknown) is None
    assert old.metric("splitflap_unknown_responders_total") == 1
    new.reconcile()
    assert new.final(unknown) is not None


def test_exhausted_jobs_end_beside_an_unknown_one(old: Rig, new: Rig) -> None:
    """The unknown job is due again later, and does not block other due jobs."""
    exhausted, unknown = old.post(), new_post(new)
    job = new.job(unknown)
    old.change(schema.jobs, due_at=1, dispatched_at=1, attempt=MAX_ATTEMPTS)
    due = old.post()
    old.reconcile()
    final = old.final(exhausted)
    assert final is not None
    assert final.status == 422
    assert {row["id"] for row in old.rows("jobs")} == {job["id"], old.job(due)["id"]}
    assert old.job(unknown)["due_at"] > job["created_at"]
    assert old.final(unknown) is None
    new.change(schema.jobs, due_at=1)
    new.reconcile()
    assert new.final(unknown) is not None


def test_a_post_with_an_unknown_task_can_be_edited(old: Rig, new: Rig) -> None:
    """The edit is accepted, and the newer replica ends the older task."""
    unknown = new_post(new)
    edit = old.edit(old.task(unknown)["subject"], "second")
    old.rendered(old.job(edit))
    assert old.body(edit)["revision"] == 2
    assert old.final(unknown) is None
    new.reconcile()
    assert new.final(unknown) is not None


def test_an_unknown_task_can_be_cancelled(old: Rig, new: Rig) -> None:
    """A cancelled task needs no final response."""
    unknown = new_post(new)
    old.acceptor.cancel("me", unknown.id)
    assert old.rows("posts") == old.rows("jobs") == []


def test_old_tasks_are_swept_beside_an_unknown_one(old: Rig, new: Rig) -> None:
    """One iteration skips the unknown task and deletes the old ones."""
    done, unknown = old.post(), new_post(new)
    old.rendered(old.job(done))
    new.rendered(new.job(unknown), URL)
    expired = old.task(done)["expires_at"] - 3 * HOUR
    with old.store.write() as tx:
        of = schema.tasks
        tx.execute(of.update().where(of.c.id == done.id).values(expires_at=expired))
    old.reconcile()
    assert [row["id"] for row in old.rows("tasks")] == [unknown.id]


@pytest.fixture
def consumers_on(old: Rig, new: Rig) -> Iterator[ConsumersOn]:
    """Creates a consumer of each replica on a broker; they stop with the test."""
    made: list[Consumer] = []

    def create(backend: BrokerBackend) -> list[Consumer]:
        made.extend(Consumer(rig, backend) for rig in (old, new))
        return made

    yield create
    for consumer in made:
        consumer.stop()


def test_an_unknown_outcome_goes_back_to_the_queue(
    old: Rig,
    new: Rig,
    consumers_on: ConsumersOn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It returns each time after HOLD seconds. The outcomes beside it are acked at once."""
    monkeypatch.setattr(results, "HOLD", 0.1)
    first, second = consumers_on(embedded_broker(tmp_path / "broker"))
    unknown, known = publish_four(old, new, first)
    first.start()
    wait_until(lambda: all(old.final(state) for state in known), "the known tasks", 20)
    returned = partial(old.metric, "splitflap_unknown_responders_total")
    wait_until(lambda: returned() >= 3, "two more deliveries", 20)
    assert old.final(unknown) is None
    first.results.link.stop(5)
    second.start()
    wait_until(lambda: new.final(unknown) is not None, "the newer replica", 20)
    assert old.rows("dead_letters") == []


@pytest.mark.servers
def test_the_newer_of_two_consumers_gets_the_outcome(
    old: Rig,
    new: Rig,
    consumers_on: ConsumersOn,
    rabbitmq_server: RabbitMq,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RabbitMQ gives a returned message to the consumers in turn."""
    monkeypatch.setattr(results, "HOLD", 0.1)
    vhost = f"api-{uuid.uuid4().hex[:8]}"
    rabbitmq_server.add_vhost(vhost)
    first, second = consumers_on(rabbitmq_broker(rabbitmq_server.vhost_url(vhost)))
    unknown, known = publish_four(old, new, first)
    first.start()
    wait_until(lambda: all(old.final(state) for state in known), "the known tasks", 20)
    assert old.final(unknown) is None
    second.start()
    wait_until(lambda: new.final(unknown) is not None, "the newer replica", 20)
    assert old.rows("dead_letters") == []


def publish_four(old: Rig, new: Rig, consumer: Consumer) -> tuple[TaskState, list[TaskState]]:
    """Publish the outcomes of one unknown and three known tasks, as one batch."""
    known = [old.post(str(number)) for number in range(3)]
    unknown = new.accept(RenderText("x"), responder=NEW)
    jobs = [new.job(unknown), *(old.job(state) for state in known)]
    consumer.publish(*map(rendered, jobs))
    return unknown, known


def test_a_failing_duty_is_unhealthy_and_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/healthz` names it, and the other duties of the reconciler go on."""
    monkeypatch.setattr(loop, "FAILING_AFTER", 0.0)
    broken = KeyError("a responder that fails")

    def fail(*_: Any, **__: Any) -> Any:
        raise broken

    port = free_port()
    health = HealthServer(("127.0.0.1", port), rig.metrics)
    health.live("reconciler", rig.reconciler.alive)
    health.start()
    healthz = f"http://127.0.0.1:{port}/healthz"
    job = rig.job(rig.post())
    rig.change(schema.jobs, due_at=1)
    with monkeypatch.context() as patched:
        patched.setattr(rig.tasks, "finish", fail)
        rig.reconciler.run_once()
    assert [row["id"] for row in rig.published] == [job["id"]] * 2
    with pytest.raises(urllib.error.HTTPError) as unhealthy:
        urllib.request.urlopen(healthz, timeout=10)
    assert unhealthy.value.code == 503
    assert b"reconciler: end waiting tasks: every run has failed" in unhealthy.value.read()
    rig.reconcile()
    assert urllib.request.urlopen(healthz, timeout=10).status == 200
    health.stop()
