"""A rolling upgrade: an older replica meets tasks with a responder of a newer one.

It keeps their outcomes for the newer replica, and does all its other work.
"""

import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

import pytest
from splitflap_api.contract.models import PostInput
from splitflap_api.domain.final_responses import RESPONDERS
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.domain.responders import Completion
from splitflap_api.loops import loop
from splitflap_api.store import schema
from splitflap_core.contracts import encode
from splitflap_core.health import HealthServer
from splitflap_core.kinds import MAX_ATTEMPTS
from splitflap_core.outcomes import Failed

from asyncrequest import TaskState
from tests.support import free_port
from tests.unit.api.rig import HOUR, Rig, failed, outcome_of, rendered, retry, scraped

from .conftest import MakeRig

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
    return new.accept(CreatePost(PostInput("new")), responder=NEW)


def left_by(rig: Rig) -> float:
    """The gauge of tasks without a responder, after the last iteration of the reconciler."""
    (family,) = rig.metrics.gauge("splitflap_tasks_without_responder").collect()
    return family.samples[0].value


def test_the_newer_replica_ends_the_unknown_task_of_a_batch(old: Rig, new: Rig) -> None:
    """The older one applies the whole batch, and keeps the outcome with the task."""
    first, last = old.post("first"), old.post("last")
    unknown = new.accept(RenderText("x"), responder=NEW)
    old.apply(*(rendered(new.job(state)) for state in (first, unknown, last)))
    assert [old.body(state)["state"] for state in (first, last)] == ["complete"] * 2
    assert old.final(unknown) is None
    assert old.rows("jobs") == old.rows("dead_letters") == []
    old.reconcile()
    assert old.final(unknown) is None
    assert left_by(old) == 1
    new.reconcile()
    final = new.final(unknown)
    assert final is not None
    assert final.body == b"made by the newer release"
    assert left_by(new) == 0


def test_the_responder_gets_the_stored_outcome(old: Rig, make_rig: MakeRig) -> None:
    """Hundreds of outcomes in one batch reach it, successes and failures."""
    given: dict[str, Any] = {}

    def of_a_newer_release(completion: Completion) -> Sequence[Any]:
        given.update(completion.outcomes)
        return ["" for _ in completion.tasks]

    new = make_rig(responders=(*RESPONDERS, of_a_newer_release))
    states = [new.accept(RenderText(str(number)), responder=NEW) for number in range(300)]
    outcomes = [rendered(new.job(state)) for state in states[1:]]
    outcomes.append(outcome_of(new.job(states[0]), failed("refused")))
    old.apply(*outcomes)
    assert old.rows("jobs") == []
    new.reconcile()
    assert all(new.final(state) for state in states)
    assert isinstance(given[states[0].id], Failed)
    assert given.keys() == {state.id for state in states}
    assert encode(given[states[1].id]) == encode(outcomes[0].outcome)


def test_an_unknown_post_that_failed_fails_on_the_newer_replica(old: Rig, new: Rig) -> None:
    """The replica knows why, although the job is gone."""
    state = old.post()
    old.change(schema.tasks, finish="unknown")
    old.apply(outcome_of(old.job(state), failed("refused")))
    old.reconcile()
    assert old.final(state) is None
    old.change(schema.tasks, finish="created_post")
    new.reconcile()
    final = new.final(state)
    assert final is not None
    assert final.status == 422
    assert b'"refused"' in final.body


def test_a_shared_preview_ends_the_waits_of_all_tasks(old: Rig, new: Rig) -> None:
    """The known tasks end at once, and the other ones at the newer replica."""
    known = [old.accept(FetchPreview(URL)) for _ in range(2)]
    unknown = new.accept(FetchPreview(URL), responder=NEW)
    old.apply(scraped(old.row("jobs")))
    assert all(old.body(state)["state"] == "ready" for state in known)
    old.reconcile()
    assert old.final(unknown) is None
    assert old.count("waiters") == old.count("completions") == 0
    new.reconcile()
    assert new.final(unknown) is not None


def test_due_tasks_end_beside_an_unknown_one(old: Rig, new: Rig) -> None:
    """The reconciler skips it, and the newer replica ends it."""
    known, unknown = old.post(), new_post(new)
    for number, state in enumerate((known, unknown)):
        new.rendered(new.job(state), f"https://{number}.example/")
    old.reconcile()
    assert old.body(known)["links"][0]["preview"]["state"] == "pending"
    assert old.final(unknown) is None
    assert left_by(old) == 1
    new.reconcile()
    assert new.final(unknown) is not None


def test_an_exhausted_job_of_an_unknown_task_ends(old: Rig, new: Rig) -> None:
    """The job is no backlog any more. The newer replica makes the response."""
    exhausted, unknown = old.post(), new_post(new)
    old.change(schema.jobs, attempt=MAX_ATTEMPTS)
    old.apply(*[outcome_of(job, retry()) for job in old.rows("jobs")])
    due = old.post()
    final = old.final(exhausted)
    assert final is not None
    assert final.status == 422
    assert old.rows("jobs") == [old.job(due)]
    assert old.final(unknown) is None
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
    old.cancel(unknown.id)
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


def test_a_failing_duty_is_unhealthy_and_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/healthz` names it, and the other duties of the reconciler go on."""
    monkeypatch.setattr(loop, "FAILING_AFTER", 0.0)
    broken = KeyError("a responder that fails")

    def fail(*_: Any, **__: Any) -> Any:
        raise broken

    port = free_port()
    health = HealthServer(("127.0.0.1", port), rig.metrics)
    health.live("reconciler", rig.reconciler.complaint)
    health.start()
    healthz = f"http://127.0.0.1:{port}/healthz"
    job = rig.job(rig.post())
    rig.change(schema.jobs, due_at=1)
    rig.change(schema.tasks, finish_at=1)
    with monkeypatch.context() as patched:
        patched.setattr(rig.tasks, "finish_due", fail)
        rig.reconciler.run_once()
    assert [row["id"] for row in rig.published] == [job["id"]] * 2
    with pytest.raises(urllib.error.HTTPError) as unhealthy:
        urllib.request.urlopen(healthz, timeout=10)
    assert unhealthy.value.code == 503
    assert b"reconciler: end waiting tasks: every run has failed" in unhealthy.value.read()
    rig.reconcile()
    assert urllib.request.urlopen(healthz, timeout=10).status == 200
    health.stop()
