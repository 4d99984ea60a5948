"""Waiting is no attempt: a job ends by what workers have begun, and never by the time it waits."""

import msgspec
import pytest
from splitflap_api.domain.jobs import due
from splitflap_api.domain.jobs.attempts import RETURNED_AT_MOST
from splitflap_api.loops.dispatch import message_of
from splitflap_api.loops.marker import Marker, Publishing
from splitflap_api.loops.outcomes import queue_depths
from splitflap_api.store import schema
from splitflap_core import topology
from splitflap_core.broker import Depth
from splitflap_core.contracts import Job
from splitflap_core.kinds import MAX_ATTEMPTS, MAX_BEGINS, MAX_RETRY_DELAY
from splitflap_core.outcomes import Begun, RetryLater
from sqlalchemy import update

from asyncrequest import TaskState
from tests.unit.api.rig import Rig, outcome_of, rendered, scraped

#: Seconds.
HOUR, DAY = 3_600, 86_400

#: What a worker says about a job that came back too often.
UNTOUCHED = RetryLater(5.0, "redelivered", "untouched")

#: What a worker says about a job that only has to wait.
WAITED = RetryLater(5.0, "busy", "waited")


def dispatch(rig: Rig) -> None:
    """Confirm the messages of all jobs, as the broker does."""
    marker = Marker(rig.store)
    for row in rig.rows(schema.jobs):
        marker.settled(Publishing.of(row), sent=True)
    marker.run_once()
    assert not marker.failed
    rig.published.clear()


class Clock:
    """The database's clock, and the monotonic clock of the signs of loss."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self._rig = rig
        self._ahead = 0.0
        now = rig.store.now
        monkeypatch.setattr(rig.store, "now", lambda tx: now(tx) + int(self._ahead * 1000))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and run the reconciler."""
        self._ahead += seconds
        self._rig.clock += seconds
        self._rig.reconcile()

    def set(self, seconds: float) -> None:
        """Set the database's clock forward or back, and run the reconciler at its next look."""
        self._rig.reconciler._limiting = 0
        self._rig.reconcile()
        self._ahead += seconds
        self._rig.reconciler._clock_read_at = float("-inf")
        self._rig.reconcile()

    def now(self) -> int:
        """The database's clock in milliseconds."""
        with self._rig.store.read() as tx:
            return self._rig.store.now(tx)


@pytest.fixture
def clock(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the rig."""
    return Clock(rig, monkeypatch)


def posted(rig: Rig) -> TaskState:
    """A post whose render is at the broker."""
    state = rig.post()
    dispatch(rig)
    return state


def come_back(rig: Rig) -> None:
    """Publish the due jobs, and let the broker confirm them."""
    rig.change(schema.jobs, due_at=1)
    rig.reconcile()
    dispatch(rig)


@pytest.mark.parametrize(
    "away", [105, 600, 2 * HOUR, DAY], ids=["105 seconds", "ten minutes", "two hours", "a day"]
)
def test_a_job_waits_for_workers_that_are_away(rig: Rig, clock: Clock, away: int) -> None:
    """It is published once, nothing fails, and it completes when a worker returns."""
    state = posted(rig)
    for _ in range(3):
        see_depths(rig, consumers=0, render=1, results=0)
        clock.pass_time(away // 3)
    assert rig.published == []
    assert rig.job(state)["attempt"] == 1
    rig.apply(rendered(rig.job(state)))
    assert rig.body(state)["state"] == "complete"


def test_a_cancel_ends_a_job_that_waits_for_workers(rig: Rig, clock: Clock) -> None:
    """Nothing else ends it. The outcome of its message is dropped."""
    state = posted(rig)
    job = rig.job(state)
    clock.pass_time(DAY)
    rig.cancel(state.id)
    assert rig.rows(schema.jobs) == []
    rig.apply(rendered(job))
    assert rig.metric("splitflap_outcomes_dropped_total") == 1


def test_a_job_that_a_busy_worker_holds_for_105_seconds_is_published_once(
    rig: Rig, clock: Clock
) -> None:
    """The worker has taken it from the queue, and renders other texts."""
    state = posted(rig)
    for _ in range(21):
        see_depths(rig, render=0, results=0)
        clock.pass_time(5)
    assert rig.published == []
    rig.apply(rendered(rig.job(state)))
    assert rig.body(state)["state"] == "complete"


def test_a_preview_waits_for_scrapers_that_are_away_for_a_day(rig: Rig, clock: Clock) -> None:
    """The post is done without it, and shows it in the end."""
    state = rig.post()
    rig.apply(rendered(rig.job(state), ["http://later/"]))
    dispatch(rig)
    clock.pass_time(DAY)
    assert rig.published == []
    rig.apply(scraped(rig.row(schema.jobs)))
    assert rig.row(schema.previews)["state"] == "ready"


def test_twenty_kills_of_a_worker_fail_no_job_that_was_only_held(rig: Rig) -> None:
    """The worker sends each third delivery back untouched."""
    state = posted(rig)
    for _ in range(20):
        rig.apply(outcome_of(rig.job(state), UNTOUCHED))
        come_back(rig)
    job = rig.job(state)
    assert (job["attempt"], job["begun"], job["returns"]) == (1, 0, 20)
    rig.apply(rendered(job))
    assert rig.body(state)["state"] == "complete"


def test_the_delays_of_a_job_that_comes_back_untouched_grow_to_a_limit(rig: Rig) -> None:
    """Otherwise workers that crash at their start would make jobs go in circles."""
    state = posted(rig)
    delays = []
    for _ in range(8):
        before = rig.job(state)["dispatched_at"]
        rig.apply(outcome_of(rig.job(state), UNTOUCHED))
        delays.append((rig.job(state)["due_at"] - before) // 1000)
        come_back(rig)
    assert delays[0] >= 5
    assert delays[1] >= 10
    assert RETURNED_AT_MOST <= delays[-1] < 2 * RETURNED_AT_MOST


def test_a_job_that_only_waits_keeps_its_attempts(rig: Rig) -> None:
    """A busy host or a full lane sends it back ten times. Its wait begins anew at the due time."""
    state = posted(rig)
    for _ in range(2 * MAX_ATTEMPTS):
        rig.apply(outcome_of(rig.job(state), WAITED))
        job = rig.job(state)
        assert job["waiting_since"] == job["due_at"]
        assert job["first_dispatched_at"] is None
        come_back(rig)
    assert rig.job(state)["attempt"] == 1
    assert rig.metric("splitflap_jobs_retried_total", why="waited") == 2 * MAX_ATTEMPTS
    rig.apply(rendered(rig.job(state)))
    assert rig.body(state)["state"] == "complete"


def test_a_retry_that_asks_for_a_year_is_due_within_the_longest_delay(rig: Rig) -> None:
    """A worker's delay cannot park a job for good."""
    state = posted(rig)
    before = rig.job(state)["dispatched_at"]
    rig.apply(outcome_of(rig.job(state), RetryLater(3e7, "later")))
    assert rig.job(state)["due_at"] - before <= (MAX_RETRY_DELAY + 60) * 1000


def test_a_job_that_kills_its_workers_ends_after_ten_begins(rig: Rig) -> None:
    """The first begin is silent. Each further one is reported, and the job then fails."""
    state = posted(rig)
    kills = 1  # of the first delivery
    while rig.rows(schema.jobs):
        assert kills < 20
        rig.apply(outcome_of(rig.job(state), Begun()))
        kills += 1
        if kills % 2 == 0 and rig.rows(schema.jobs):
            rig.apply(outcome_of(rig.job(state), UNTOUCHED))
            if rig.rows(schema.jobs):
                come_back(rig)
    assert kills == 1 + MAX_BEGINS + 1
    assert rig.body(state)["reason"] == "attempts"
    letter = rig.row(schema.dead_letters)
    assert (letter["queue"], letter["reason"]) == ("render", "attempts")
    assert rig.metric("splitflap_jobs_finished_total", outcome="exhausted") == 1


def test_a_job_whose_workers_are_killed_ten_times_by_others_completes(rig: Rig) -> None:
    """A worker with many jobs dies with all of them. The first begin is silent."""
    state = posted(rig)
    rig.apply(*[outcome_of(rig.job(state), Begun())] * (10 - 1))
    rig.apply(outcome_of(rig.job(state), UNTOUCHED))
    come_back(rig)
    rig.apply(rendered(rig.job(state)))
    assert rig.body(state)["state"] == "complete"


def test_a_job_that_kills_its_workers_ends_when_it_comes_back_untouched(rig: Rig) -> None:
    """The worker may send it back before it begins once more."""
    state = posted(rig)
    rig.apply(*[outcome_of(rig.job(state), Begun())] * MAX_BEGINS)
    assert rig.job(state)["begun"] == MAX_BEGINS
    rig.apply(outcome_of(rig.job(state), UNTOUCHED))
    assert rig.rows(schema.jobs) == []
    assert rig.body(state)["reason"] == "attempts"


def test_a_job_that_has_begun_before_asks_for_a_report(rig: Rig) -> None:
    """Its next message may be a first delivery at a worker that it kills."""
    state = posted(rig)
    rig.apply(outcome_of(rig.job(state), Begun()), outcome_of(rig.job(state), UNTOUCHED))
    rig.change(schema.jobs, due_at=1)
    rig.reconcile()
    assert message_of(rig.published[-1]).report_begun is True


@pytest.mark.parametrize("end", [WAITED, RetryLater(0.0, "crashed")], ids=["waited", "tried"])
def test_an_end_of_the_attempt_forgets_its_begins(rig: Rig, end: RetryLater) -> None:
    """The worker has survived it."""
    state = posted(rig)
    rig.apply(*[outcome_of(rig.job(state), Begun())] * 4, outcome_of(rig.job(state), end))
    assert rig.job(state)["begun"] == 0


def test_a_begin_and_its_outcome_in_one_batch_end_the_job(rig: Rig) -> None:
    """The usual end of a job that came back."""
    state = posted(rig)
    job = rig.job(state)
    rig.apply(outcome_of(job, Begun()), rendered(job))
    assert rig.rows(schema.jobs) == []
    assert rig.body(state)["state"] == "complete"


def test_a_begin_of_an_ended_job_is_dropped(rig: Rig) -> None:
    """A second worker had it too."""
    state = posted(rig)
    job = rig.job(state)
    rig.apply(rendered(job))
    rig.apply(outcome_of(job, Begun()))
    assert rig.body(state)["state"] == "complete"


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


def see_depths(rig: Rig, *, consumers: int = 1, **ready: int) -> None:
    """Report the lengths of queues, and let the reconciler take the time of it."""
    depths = {queue: Depth(count, consumers) for queue, count in ready.items()}
    for queue in topology.RESULTS_NAMES & ready.keys():
        depths[queue] = Depth(ready[queue], 1)  # the API consumes its outcomes
    rig.signs.note_depths(depths, rig.clock)
    rig.reconcile()


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


def test_a_clock_set_back_by_two_hours_delays_no_job(rig: Rig, clock: Clock) -> None:
    """The due time would lie two hours in the future."""
    state = rig.post()
    rig.published.clear()
    clock.set(-2 * HOUR)
    assert [row["id"] for row in rig.published] == [rig.job(state)["id"]]
    rig.apply(rendered(rig.job(state)))
    assert rig.body(state)["state"] == "complete"


def test_a_clock_set_forward_by_two_hours_fails_no_job(rig: Rig, clock: Clock) -> None:
    """A job at the broker, and one on its way to it."""
    states = [posted(rig), rig.post()]
    clock.set(2 * HOUR)
    for state in states:
        assert rig.job(state)["attempt"] == 1
        rig.apply(rendered(rig.job(state)))
        assert rig.body(state)["state"] == "complete"


def test_a_clock_set_back_restarts_the_age_of_waiting_jobs(rig: Rig, clock: Clock) -> None:
    """A wait that begins in the future would have no age for two hours."""
    state = posted(rig)
    clock.set(-2 * HOUR)
    job = rig.job(state)
    assert job["first_dispatched_at"] <= clock.now()
    assert job["dispatched_at"] <= clock.now()
    assert job["due_at"] is None


def test_a_clock_set_back_ends_the_wait_for_previews(rig: Rig, clock: Clock) -> None:
    """The post shows them as pending, as after its usual wait."""
    state = rig.post()
    rig.apply(rendered(rig.job(state), ["http://slow/"]))
    assert rig.final(state) is None
    clock.set(-2 * HOUR)
    assert rig.task(state)["status"] == 201


def test_a_step_of_the_clock_voids_an_empty_queue(rig: Rig, clock: Clock) -> None:
    """Times from before and after the step cannot be compared."""
    posted(rig)
    clock.pass_time(1)
    see_depths(rig, render=0, results=0)
    clock.set(-2 * HOUR)
    clock.pass_time(queue_depths.STUCK_AFTER)
    assert rig.published == []
    assert "render" not in [sign.kind for sign in rig.signs.all()]


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
