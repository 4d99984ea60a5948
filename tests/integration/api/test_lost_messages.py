"""Jobs whose messages are lost are published again, and jobs that only wait are not."""

import msgspec
import pytest
from splitflap_api.domain.jobs import due
from splitflap_api.loops.dispatch import message_of
from splitflap_api.loops.outcomes import queue_depths
from splitflap_api.store import schema
from splitflap_core.broker import Depth
from splitflap_core.contracts import Job
from splitflap_core.outcomes import RetryLater
from sqlalchemy import update

from tests.unit.api.rig import Rig, outcome_of, rendered

from .waiting import DAY, Clock, dispatch, posted, see_depths


def test_jobs_of_a_queue_that_had_to_be_created_are_published_again(rig: Rig, clock: Clock) -> None:
    """The broker has lost its disk. Another kind's queue is still there. No attempt counts."""
    state = rig.post()
    rig.apply(rendered(rig.job(state), ["http://a/"]))
    other = rig.post()
    dispatch(rig)
    rig.signs.note_created({"render", "dead"})
    rig.reconcile()
    assert rig.published == []
    clock.pass_time(queue_depths.CREATED_AFTER)
    assert [row["id"] for row in rig.published] == [rig.job(other)["id"]]
    assert (rig.job(other)["attempt"], rig.job(other)["begun"]) == (1, 0)
    assert rig.metric("splitflap_jobs_retried_total", why="lost") == 1
    dispatch(rig)
    clock.pass_time(DAY)
    assert rig.published == [], "a sign counts once"


@pytest.mark.parametrize("lost", ["render", "render.express"])
def test_only_the_jobs_of_the_lost_queue_are_published_again(
    rig: Rig, clock: Clock, lost: str
) -> None:
    """A kind has two queues, and each may be lost alone."""
    normal, express = rig.job(posted(rig)), rig.job(posted(rig))
    with rig.store.write() as tx:
        one = schema.jobs.c.id == express["id"]
        tx.execute(update(schema.jobs).where(one).values(express=True))
    rig.signs.note_created({lost})
    rig.reconcile()
    clock.pass_time(queue_depths.CREATED_AFTER)
    gone = express if lost == "render.express" else normal
    assert [row["id"] for row in rig.published] == [gone["id"]]


def test_express_jobs_that_only_newer_workers_take_go_to_the_normal_queue(
    rig: Rig, clock: Clock
) -> None:
    """The workers were rolled back. An express queue without any worker waits for one."""
    job = rig.job(posted(rig))
    rig.change(schema.jobs, express=True)
    clock.pass_time(1)
    for consumers in (0, 1):
        rig.signs.note_depths(
            {"render": Depth(0, consumers), "render.express": Depth(1, 0)}, rig.clock
        )
        rig.reconcile()
        assert rig.published == []
        clock.pass_time(queue_depths.STRANDED_AFTER + 1)
    assert [(row["id"], row["express"]) for row in rig.published] == [(job["id"], False)]


def test_a_lost_message_keeps_the_age_of_its_job(rig: Rig, clock: Clock) -> None:
    """The job has waited since its first publishing."""
    state = posted(rig)
    clock.pass_time(600)
    first = rig.job(state)["first_dispatched_at"]
    rig.signs.note_created({"render"})
    rig.reconcile()
    clock.pass_time(queue_depths.CREATED_AFTER)
    assert len(rig.published) == 1
    dispatch(rig)
    assert rig.job(state)["first_dispatched_at"] == first
    assert rig.job(state)["dispatched_at"] > first


def test_jobs_from_before_an_empty_queue_are_published_again_after_fifteen_minutes(
    rig: Rig, clock: Clock
) -> None:
    """Their messages were purged, or their worker is stuck. Later jobs wait in the queue."""
    lost = posted(rig)
    clock.pass_time(1)
    see_depths(rig, render=0, results=0)
    clock.pass_time(1)
    posted(rig)
    clock.pass_time(queue_depths.STUCK_AFTER - 2)
    assert rig.published == []
    clock.pass_time(1)
    assert [row["id"] for row in rig.published] == [rig.job(lost)["id"]]
    assert rig.job(lost)["attempt"] == 1
    assert message_of(rig.rows(schema.jobs)[0]).report_begun is True, "a stuck worker may have it"
    assert rig.metric("splitflap_jobs_retried_total", why="unfinished") == 1


def test_a_queue_with_messages_is_no_sign_of_loss(rig: Rig, clock: Clock) -> None:
    """Workers are away, and each job waits in its queue."""
    posted(rig)
    for _ in range(50):
        see_depths(rig, render=1, results=0)
        clock.pass_time(60)
    assert rig.published == []


@pytest.mark.parametrize("consumers", [0, 1], ids=["no workers", "workers"])
def test_a_queue_without_a_leader_is_no_empty_queue(rig: Rig, clock: Clock, consumers: int) -> None:
    """RabbitMQ reports it as 0 messages and 0 consumers, for example after a restart."""
    posted(rig)
    clock.pass_time(1)
    see_depths(rig, consumers=0, render=0, results=0)
    clock.pass_time(5)
    see_depths(rig, consumers=consumers, render=1, results=0)
    clock.pass_time(queue_depths.STUCK_AFTER)
    assert rig.published == []


def test_jobs_wait_for_workers_that_have_left_an_empty_queue(rig: Rig, clock: Clock) -> None:
    """A job of the same second has the earliest confirm of its batch, from before the look."""
    posted(rig)
    clock.pass_time(1)
    see_depths(rig, render=0, results=0)
    clock.pass_time(5)
    see_depths(rig, consumers=0, render=1, results=0)
    clock.pass_time(DAY)
    assert rig.published == []


def test_a_lost_message_is_found_without_any_worker(rig: Rig, clock: Clock) -> None:
    """Its queue stays empty, so that an autoscaler starts no worker until it is published again."""
    lost = posted(rig)
    clock.pass_time(1)
    for _ in range(2):
        see_depths(rig, consumers=0, render=0, results=0)
        clock.pass_time(queue_depths.STUCK_AFTER / 2)
    assert [row["id"] for row in rig.published] == [rig.job(lost)["id"]]


def test_a_queue_of_outcomes_without_a_leader_has_not_been_emptied(rig: Rig, clock: Clock) -> None:
    """The API itself is a consumer of this queue, so a count of 0 is no answer of the queue."""
    posted(rig)
    clock.pass_time(1)
    see_depths(rig, render=0)
    rig.signs.note_depths({"results": Depth(0, 0)}, rig.clock)
    clock.pass_time(queue_depths.STUCK_AFTER)
    assert rig.published == []
    see_depths(rig, results=0)
    assert len(rig.published) == 1


@pytest.mark.parametrize("waiting", [{"results": 9}, {"results": 0, "results.express": 9}])
def test_jobs_are_not_lost_while_outcomes_wait(
    rig: Rig, clock: Clock, waiting: dict[str, int]
) -> None:
    """The API is behind, and their outcomes may be among them."""
    posted(rig)
    clock.pass_time(1)
    see_depths(rig, render=0, **waiting)
    clock.pass_time(queue_depths.STUCK_AFTER)
    assert rig.published == []
    see_depths(rig, render=0, **dict.fromkeys(waiting, 0))
    assert len(rig.published) == 1


def test_a_message_that_the_broker_gave_up_makes_its_job_due_again(rig: Rig) -> None:
    """It is no dead letter, and no attempt. A stale message has no effect."""
    state = posted(rig)
    job = rig.job(state)
    given_up = Job(job["id"], "render", job["attempt"], 0.0, msgspec.Raw(b"{}"))
    assert rig.ingest.make_given_up_due([given_up]) == 1
    assert rig.ingest.make_given_up_due([given_up]) == 0, "it is due already"
    assert rig.rows(schema.dead_letters) == []
    assert (rig.job(state)["attempt"], rig.job(state)["returns"]) == (1, 1)
    rig.change(schema.jobs, due_at=1)
    rig.reconcile()
    assert [row["id"] for row in rig.published] == [job["id"]]
    dispatch(rig)
    rig.apply(outcome_of(job, RetryLater(0.0, "again")))
    dispatch(rig)
    assert rig.ingest.make_given_up_due([given_up]) == 0, "of an older attempt"
    rig.apply(rendered(rig.job(state)))
    assert rig.ingest.make_given_up_due([given_up]) == 0, "the job has ended"


def test_a_large_loss_is_made_due_in_batches(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million jobs would hold one transaction for minutes."""
    monkeypatch.setattr(due, "LOST_BATCH", 2)
    for _ in range(3):
        rig.post()
    dispatch(rig)
    rig.signs.note_created({"render"})
    rig.reconcile()
    clock.pass_time(queue_depths.CREATED_AFTER)
    assert len(rig.published) == 2
    rig.reconcile()
    assert len(rig.published) == 3
