"""Outcomes become rows: valid ones end jobs and tasks, others are dropped or retried."""

from itertools import repeat
from typing import Any

import msgspec
import pytest
from splitflap_api.domain.previews import FetchPreview, RenderText, shape_preview
from splitflap_api.store.schema import tasks
from splitflap_core.contracts import PREVIEW_FIELDS, BrokenMessage, RenderResult, ScrapeResult
from splitflap_core.kinds import MAX_ATTEMPTS
from splitflap_core.outcomes import Failed, RetryLater
from sqlalchemy import Engine, event, update

from tests.unit.api.rig import Rig, by, done, failed, outcome_of, rendered, retry, scraped

A, B = "https://a.example/", "https://b.example/"


def test_a_post_without_links_is_done_when_rendered(rig: Rig) -> None:
    """201 with the post, its address and ETag; job and waiter are gone; streams get events."""
    state = rig.post("hello")
    rig.rendered(rig.row("jobs"), html="<p>hello</p>")
    final = rig.final(state)
    assert final is not None
    headers = dict(final.headers)
    post = rig.body(state)
    assert (final.status, headers["Location"]) == (201, f"/v1/posts/{post['id']}")
    assert headers["ETag"].startswith('"1-')
    assert (post["state"], post["html"], post["links"]) == ("complete", "<p>hello</p>", [])
    assert rig.count("jobs") == rig.count("waiters") == 0
    assert rig.kinds() == ["accepted", "rendered", "done"]


def test_a_post_and_its_task_are_written_once(rig: Rig) -> None:
    """The HTML with the last state, and the count of the task with its final response."""
    job = rig.job(rig.post())
    written: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        written.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        rig.rendered(job)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    for table in ("posts", "tasks"):
        assert sum(each.startswith(f"UPDATE {table} ") for each in written) == 1, written


def test_a_post_waits_for_its_links(rig: Rig) -> None:
    """Each preview counts once, ready or failed; the last one completes the task."""
    state = rig.post()
    first, second = rig.rendered(rig.row("jobs"), A, B)
    assert (rig.task(state)["pending"], rig.task(state)["total"]) == (2, 3)
    assert rig.task(state)["finish_at"] is not None
    progress = rig.acceptor.get(by(), state.id)
    assert (progress.done, progress.total, progress.final) == (1, 3, None)
    rig.scraped(first, "A")
    assert rig.task(state)["pending"] == 1
    assert rig.final(state) is None
    rig.apply(outcome_of(second, failed("timeout")))
    links = rig.body(state)["links"]
    assert [(link["url"], link["preview"]["state"]) for link in links] == [
        (A, "ready"),
        (B, "failed"),
    ]
    assert links[1]["preview"]["reason"] == "timeout"
    assert rig.kinds() == ["accepted", "rendered", "preview", "preview", "done"]


def test_a_batch_may_end_all_links_of_a_post(rig: Rig) -> None:
    """The count of pending jobs falls by all of them."""
    state = rig.post()
    first, second = rig.rendered(rig.row("jobs"), A, B)
    rig.apply(scraped(first), scraped(second))
    assert rig.task(state)["pending"] == 0
    assert rig.body(state)["state"] == "complete"


def test_a_fresh_preview_is_not_fetched_again(rig: Rig) -> None:
    """A post with a link to it is done at once, and shows the preview."""
    rig.accept(FetchPreview(A))
    rig.scraped(rig.row("jobs"), "Known")
    state = rig.post()
    assert rig.rendered(rig.row("jobs"), A) == []
    assert rig.body(state)["links"][0]["preview"]["title"] == "Known"


def test_a_preview_shows_every_field_of_the_scrape(rig: Rig) -> None:
    """The next scrape replaces them all."""
    said = {
        "title": "T", "description": "D", "image": "https://a.example/i", "site_name": "S",
        "author": "A", "published_at": "2024-01-02T03:04:05Z", "language": "pt-BR",
        "type": "article", "icon": "https://a.example/f", "canonical": "https://a.example/c",
        "image_width": 2, "image_height": 1, "image_alt": "I", "card": "large",
        "player": "https://a.example/p", "player_width": 3, "player_height": 4, "sensitive": True,
        "price": "1.50", "currency": "EUR", "availability": "in_stock", "file_size": 2**40,
    }  # fmt: skip
    assert said.keys() == set(PREVIEW_FIELDS)
    rig.accept(FetchPreview(A))
    rig.apply(outcome_of(rig.row("jobs"), done(ScrapeResult(**said, keep=60))))  # type: ignore[arg-type]  # texts and numbers
    shown = msgspec.to_builtins(shape_preview(A, rig.row("previews"), rig.urls))
    assert {name: shown[name] for name in said} == said
    assert shown["url"] == A
    rig.accept(FetchPreview(A))
    rig.scraped(rig.row("jobs"), "New")
    shown = msgspec.to_builtins(shape_preview(A, rig.row("previews"), rig.urls))
    assert {shown[name] for name in said} == {"New", None}


def test_two_posts_share_a_preview(rig: Rig) -> None:
    """One job has two waiters. Its outcome completes both posts."""
    states = [rig.post(), rig.post()]
    (scrape,) = rig.apply(*map(rendered, rig.rows("jobs"), repeat([A])))
    assert [rig.task(state)["pending"] for state in states] == [1, 1]
    assert rig.count("waiters") == 2
    rig.scraped(scrape)
    assert all(rig.body(state)["state"] == "complete" for state in states)


def test_the_first_final_outcome_ends_the_job(rig: Rig) -> None:
    """Later ones are dropped, whether redelivered or from another worker."""
    state = rig.post()
    job = rig.job(state)
    rig.rendered(job, html="<p>first</p>")
    rig.rendered(job, html="<p>second</p>")
    rig.apply(outcome_of(job, failed()))
    assert rig.rows("jobs") == []
    assert rig.body(state)["html"] == "<p>first</p>"
    assert rig.row("posts")["html"] == "<p>first</p>"
    assert rig.final(state) is not None
    assert rig.kinds().count("rendered") == 1
    assert rig.metric("splitflap_outcomes_dropped_total") == 2
    assert rig.metric("splitflap_tasks_finished_total") == 1


def test_the_age_of_a_post_at_its_end_is_measured(rig: Rig) -> None:
    """It counts from the acceptance. Series of other tasks exist too, at 0."""
    young, old = rig.post(), rig.post()
    with rig.store.write() as tx:
        ago = {"created_at": tasks.c.created_at - 7000}
        tx.execute(update(tasks).where(tasks.c.id == old.id).values(ago))
    for state in (young, old):
        rig.rendered(rig.job(state))
    buckets = {
        (labels["what"], labels["le"]): value
        for labels, value in rig.metrics.values("splitflap_task_seconds", "_bucket")
    }
    assert [buckets["created_post", le] for le in ("5.0", "10.0", "+Inf")] == [1, 2, 2]
    assert buckets["edited_post", "+Inf"] == 0


def test_the_first_of_two_outcomes_in_a_batch_counts(rig: Rig) -> None:
    """This holds for a different second outcome too."""
    state = rig.post()
    job = rig.job(state)
    rig.apply(rendered(job, html="one"), rendered(job, html="two"), rendered(job, html="one"))
    assert rig.body(state)["html"] == "one"
    assert rig.task(state)["pending"] == 0
    assert rig.metric("splitflap_outcomes_dropped_total") == 2
    assert rig.kinds() == ["accepted", "rendered", "done"]


@pytest.mark.parametrize("late", [RetryLater(1.0, "slow"), Failed("broken")])
def test_an_outcome_of_an_older_attempt_is_dropped(rig: Rig, late: RetryLater | Failed) -> None:
    """The present attempt goes on."""
    state = rig.post()
    job = rig.job(state)
    rig.apply(outcome_of(job, RetryLater(0.0, "again")))
    second = rig.job(state)
    assert second["attempt"] == 2
    rig.apply(outcome_of(second, late, attempt=1))
    assert rig.job(state) == second
    assert rig.final(state) is None
    assert rig.task(state)["state"] == "running"
    assert rig.metric("splitflap_outcomes_dropped_total") == 1


def test_a_success_of_an_older_attempt_counts(rig: Rig) -> None:
    """The work is done, so the later attempt is unnecessary."""
    state = rig.post()
    job = rig.job(state)
    rig.apply(outcome_of(job, RetryLater(0.0, "again")))
    rig.rendered(job)
    assert rig.body(state)["state"] == "complete"
    assert rig.final(state) is not None
    assert rig.rows("jobs") == []


def test_a_retry_is_due_when_the_worker_says(rig: Rig) -> None:
    """The next attempt waits for that time, unpublished. Clients see no difference."""
    state = rig.post()
    job = rig.job(state)
    assert rig.apply(outcome_of(job, retry(after=60))) == []
    again = rig.job(state)
    assert again["attempt"] == 2
    assert 60_000 <= again["due_at"] - job["created_at"] < 120_000
    assert again["dispatched_at"] is None
    assert rig.final(state) is None


def test_the_last_attempt_ends_as_failed(rig: Rig) -> None:
    """422 for the task, a failed post, and a dead letter for a replay."""
    state = rig.post()
    job = rig.job(state)
    for _ in range(MAX_ATTEMPTS):
        assert rig.task(state)["state"] == "running"
        rig.apply(outcome_of(rig.job(state), retry(after=0)))
    assert rig.rows("jobs") == []
    final = rig.final(state)
    assert final is not None
    assert final.status == rig.task(state)["status"] == 422
    assert rig.body(state)["reason"] == "busy"
    assert rig.row("posts")["state"] == "failed"
    letter = rig.row("dead_letters")
    assert (letter["queue"], letter["reason"], letter["job_id"]) == ("render", "busy", job["id"])
    assert rig.kinds() == ["accepted", "failed"]


def test_a_failed_render_leaves_the_post_as_text(rig: Rig) -> None:
    """422 with the reason."""
    state = rig.post()
    rig.apply(outcome_of(rig.row("jobs"), failed("deadline")))
    problem = rig.body(state)
    assert (problem["type"], problem["reason"]) == ("/v1/problems/not-rendered", "deadline")
    post = rig.row("posts")
    assert (post["state"], post["text"], post["html"]) == ("failed", "hello", None)


def test_a_failed_scrape_is_no_dead_letter(rig: Rig) -> None:
    """A failed preview is a normal result."""
    rig.accept(FetchPreview(A))
    rig.apply(outcome_of(rig.row("jobs"), failed("timeout")))
    assert rig.row("previews")["state"] == "failed"
    assert rig.rows("dead_letters") == []


def test_a_render_by_itself_makes_no_post(rig: Rig) -> None:
    """200 with html and links; the other tables stay empty."""
    state = rig.accept(RenderText("*x*"))
    assert rig.rendered(rig.row("jobs"), A, html="<em>x</em>") == []
    found = {"kind": "render", "mentions": [], "channels": [], "excerpt": ""}
    assert rig.body(state) == {"html": "<em>x</em>", "links": [A], **found}
    assert rig.count("posts") == rig.count("previews") == rig.count("events") == 0


def test_a_broken_result_rolls_its_batch_back(rig: Rig) -> None:
    """The error names the job. The other outcomes can be applied without it."""
    states = [rig.post("one"), rig.post("two")]
    one, two = (rig.job(state) for state in states)
    broken = outcome_of(one, done({"html": 3}))
    good = outcome_of(two, done(RenderResult("<p>two</p>", [])))
    with pytest.raises(BrokenMessage, match=one["id"]):
        rig.apply(good, broken)
    assert all(rig.final(state) is None for state in states)
    assert [rig.task(state)["state"] for state in states] == ["running", "running"]
    rig.apply(good)
    assert rig.body(states[1])["html"] == "<p>two</p>"
    assert rig.final(states[1]) is not None


def test_an_outcome_of_an_unknown_job_is_dropped(rig: Rig) -> None:
    """The rest of its batch is applied."""
    state = rig.post()
    job = rig.row("jobs")
    unknown = job | {"id": "0192f0c8-0000-7000-8000-000000000001"}
    rig.apply(outcome_of(unknown, failed()), rendered(job))
    assert rig.final(state) is not None


def test_an_edit_drops_results_of_the_old_text(rig: Rig) -> None:
    """The job of revision 1 is gone. Its result changes nothing of revision 2."""
    first = rig.post("old")
    old = rig.job(first)
    second = rig.edit(rig.task(first)["subject"], "new")
    rig.rendered(old, "http://old/", html="<p>old</p>")
    post = rig.row("posts")
    assert (post["html"], post["revision"], post["state"]) == (None, 2, "accepted")
    assert rig.rows("post_links") == []
    assert rig.final(first) is not None
    rig.rendered(rig.job(second), html="<p>new</p>")
    assert rig.row("posts")["html"] == "<p>new</p>"
    assert rig.task(second)["status"] == 200


def test_a_preview_of_an_old_link_does_not_reach_the_new_text(rig: Rig) -> None:
    """An edit that removes a link drops its scrape, if no other task waits for it."""
    first = rig.post("old")
    [scrape] = rig.rendered(rig.job(first), "http://old/")
    rig.edit(rig.task(first)["subject"], "new")
    assert [job["kind"] for job in rig.rows("jobs")] == ["render"]
    rig.scraped(scrape)
    assert "preview" not in rig.kinds()


def test_a_shared_preview_survives_the_edit_of_one_post(rig: Rig) -> None:
    """The other post still waits for it, and gets it."""
    first, second = rig.post("one"), rig.post("two")
    [scrape] = rig.rendered(rig.job(first), "http://shared/")
    assert rig.rendered(rig.job(second), "http://shared/") == []
    rig.edit(rig.task(first)["subject"], "new")
    rig.scraped(scrape)
    assert rig.final(second) is not None
    assert rig.body(second)["links"][0]["preview"]["title"] == "Title"
