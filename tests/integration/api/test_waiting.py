"""Waiting is no attempt: a job ends by what workers have begun, and never by the time it waits."""

import pytest
from splitflap_api.domain.jobs.attempts import RETURNED_AT_MOST
from splitflap_api.loops.dispatch import message_of
from splitflap_api.store import schema
from splitflap_core.kinds import MAX_ATTEMPTS, MAX_BEGINS, MAX_RETRY_DELAY
from splitflap_core.outcomes import Begun, RetryLater

from tests.unit.api.rig import Rig, outcome_of, rendered, scraped

from .waiting import DAY, HOUR, Clock, come_back, dispatch, posted, see_depths

#: What a worker says about a job that came back too often.
UNTOUCHED = RetryLater(5.0, "redelivered", "untouched")

#: What a worker says about a job that only has to wait.
WAITED = RetryLater(5.0, "busy", "waited")


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
