"""Which outcomes count: the first final one of a job, and none of an attempt that is over."""

import msgspec
import pytest
from splitflap_api.store import schema
from splitflap_core.contracts import BrokenMessage
from splitflap_core.kinds import MAX_ATTEMPTS
from splitflap_core.outcomes import Done, Failed, RetryLater

from .replica import Replica, failed, outcome_of, rendered, scraped


def test_first_final_outcome_ends_the_job(replica: Replica) -> None:
    """Whatever comes after it finds no job, and is dropped."""
    task = replica.post()
    job = replica.job(task)
    replica.apply(rendered(job, html="<p>first</p>"))
    replica.apply(rendered(job, html="<p>second</p>"), failed(job))
    assert replica.rows(schema.jobs) == []
    assert replica.rows(schema.posts)[0]["html"] == "<p>first</p>"
    assert replica.task(task)["state"] == "done"
    assert replica.count("splitflap_outcomes_dropped_total") == 2
    assert replica.count("splitflap_tasks_finished_total") == 1


def test_same_outcome_twice_in_one_batch(replica: Replica) -> None:
    """It counts once."""
    task = replica.post()
    outcome = rendered(replica.job(task))
    replica.apply(outcome, outcome, outcome)
    assert replica.task(task)["pending"] == 0
    assert replica.count("splitflap_outcomes_dropped_total") == 2
    assert [row["kind"] for row in replica.rows(schema.events)] == [
        "accepted",
        "rendered",
        "done",
    ]


@pytest.mark.parametrize("late", [RetryLater(1.0, "slow"), Failed("broken")])
def test_outcome_of_an_older_attempt_is_dropped(
    replica: Replica, late: RetryLater | Failed
) -> None:
    """The attempt that runs now decides: an older one may neither end nor delay it."""
    task = replica.post()
    job = replica.job(task)
    replica.apply(outcome_of(job, RetryLater(0.0, "again")))
    second = replica.job(task)
    assert second["attempt"] == 2
    replica.apply(outcome_of(second, late, attempt=1))
    assert replica.job(task) == second
    assert replica.task(task)["state"] == "running"
    assert replica.count("splitflap_outcomes_dropped_total") == 1


def test_success_of_an_older_attempt_counts(replica: Replica) -> None:
    """The work is done, whoever did it."""
    task = replica.post()
    job = replica.job(task)
    replica.apply(outcome_of(job, RetryLater(0.0, "again")))
    replica.apply(rendered(job))
    assert replica.task(task)["state"] == "done"
    assert replica.rows(schema.jobs) == []


def test_retry_is_due_when_the_worker_says(replica: Replica) -> None:
    """The next attempt waits for so long, unpublished."""
    task = replica.post()
    job = replica.job(task)
    replica.apply(outcome_of(job, RetryLater(60.0, "host says 429")))
    again = replica.job(task)
    assert again["attempt"] == 2
    assert again["dispatched_at"] is None
    assert 55_000 < again["due_at"] - job["created_at"] < 120_000


def test_last_attempt_ends_as_failed(replica: Replica) -> None:
    """422 for the task, the post failed, and a dead letter that can be replayed."""
    task = replica.post()
    for _ in range(MAX_ATTEMPTS):
        assert replica.task(task)["state"] == "running"
        replica.apply(outcome_of(replica.job(task), RetryLater(0.0, "redelivered")))
    assert replica.rows(schema.jobs) == []
    assert replica.task(task)["status"] == 422
    assert msgspec.json.decode(replica.task(task)["body"])["reason"] == "redelivered"
    assert replica.rows(schema.posts)[0]["state"] == "failed"
    [letter] = replica.rows(schema.dead_letters)
    assert (letter["queue"], letter["reason"]) == ("render", "redelivered")
    assert replica.rows(schema.events)[-1]["kind"] == "failed"


def test_edit_drops_results_of_the_old_text(replica: Replica) -> None:
    """The job of revision 1 is gone; its result changes nothing of revision 2."""
    first = replica.post("old")
    old = replica.job(first)
    second = replica.edit(replica.task(first)["subject"], "new")
    replica.apply(rendered(old, ["http://old/"], "<p>old</p>"))
    [post] = replica.rows(schema.posts)
    assert (post["html"], post["revision"], post["state"]) == (None, 2, "accepted")
    assert replica.rows(schema.post_links) == []
    assert replica.task(first)["state"] == "done"
    replica.apply(rendered(replica.job(second), html="<p>new</p>"))
    assert replica.rows(schema.posts)[0]["html"] == "<p>new</p>"
    assert replica.task(second)["status"] == 200


def test_preview_of_an_old_link_does_not_reach_the_new_text(replica: Replica) -> None:
    """An edit away from a link takes its scrape back, if nobody else waits for it."""
    first = replica.post("old")
    [scrape] = replica.apply(rendered(replica.job(first), ["http://old/"]))
    replica.edit(replica.task(first)["subject"], "new")
    assert [job["kind"] for job in replica.rows(schema.jobs)] == ["render"]
    replica.apply(scraped(scrape))
    assert "preview" not in {row["kind"] for row in replica.rows(schema.events)}


def test_shared_preview_survives_the_edit_of_one(replica: Replica) -> None:
    """Another post still waits for it, and gets it."""
    first, second = replica.post("one"), replica.post("two")
    [scrape] = replica.apply(rendered(replica.job(first), ["http://shared/"]))
    assert replica.apply(rendered(replica.job(second), ["http://shared/"])) == []
    replica.edit(replica.task(first)["subject"], "new")
    replica.apply(scraped(scrape))
    assert replica.task(second)["state"] == "done"
    body = msgspec.json.decode(replica.task(second)["body"])
    assert body["links"][0]["preview"]["title"] == "Title"


def test_broken_result_is_told_from_its_neighbours(replica: Replica) -> None:
    """A batch with a result that does not fit raises, and leaves nothing half done."""
    good, bad = replica.post(), replica.post()
    broken = outcome_of(replica.job(bad), Done(msgspec.Raw(b'{"html": 5}')))
    with pytest.raises(BrokenMessage):
        replica.apply(rendered(replica.job(good)), broken)
    assert replica.task(good)["state"] == "running"
    replica.apply(rendered(replica.job(good)))
    assert replica.task(good)["state"] == "done"
