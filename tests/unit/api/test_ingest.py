"""Outcomes become rows: fan-in, what is dropped, what is tried again, what ends."""

import msgspec
import pytest
from splitflap_api.contract.models import NewPost
from splitflap_api.domain.posts import CreatePost, shape_preview
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_core.contracts import BrokenMessage, RenderResult, ScrapeResult

from .rig import Rig, done, failed, outcome_of, retry

A, B = "https://a.example/", "https://b.example/"


def test_a_post_without_links_is_done_when_rendered(rig: Rig) -> None:
    """201 with its place, ETag and the post; job and waiter are gone; streams are told."""
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


def test_a_post_waits_for_its_links(rig: Rig) -> None:
    """Each preview counts once, ready or failed; the last one completes the task."""
    state = rig.post()
    first, second = rig.rendered(rig.row("jobs"), A, B)
    assert (rig.task(state)["pending"], rig.task(state)["total"]) == (2, 3)
    assert rig.task(state)["finish_at"] is not None
    progress = rig.acceptor.get("me", state.id)
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


def test_both_links_in_one_batch(rig: Rig) -> None:
    """A batch that ends all that a task waits for lowers its count by all of them."""
    state = rig.post()
    first, second = rig.rendered(rig.row("jobs"), A, B)
    result = done(ScrapeResult(title="x"))
    rig.apply(outcome_of(first, result), outcome_of(second, result))
    assert rig.task(state)["pending"] == 0
    assert rig.body(state)["state"] == "complete"


def test_a_fresh_preview_is_not_fetched_again(rig: Rig) -> None:
    """A post that links to what is known is done at once, and shows it."""
    rig.accept(FetchPreview(A))
    rig.scraped(rig.row("jobs"), "Known")
    state = rig.post()
    assert rig.rendered(rig.row("jobs"), A) == []
    assert rig.body(state)["links"][0]["preview"]["title"] == "Known"


def test_a_preview_shows_all_that_is_known(rig: Rig) -> None:
    """Every field of the scraper's word; and the next word replaces them all."""
    said = {
        "title": "T", "description": "D", "image": "https://a.example/i", "site_name": "S",
        "author": "A", "published_at": "2024-01-02T03:04:05Z", "language": "pt-BR",
        "type": "article", "icon": "https://a.example/f", "canonical": "https://a.example/c",
        "image_width": 2, "image_height": 1,
    }  # fmt: skip
    url = "https://a.example/"
    rig.accept(FetchPreview(url))
    rig.apply(outcome_of(rig.row("jobs"), done(ScrapeResult(**said, keep=60))))  # type: ignore[arg-type]  # texts and numbers
    shown = msgspec.to_builtins(shape_preview(url, rig.row("previews")))
    assert {name: shown[name] for name in said} == said
    assert shown["url"] == url
    rig.accept(FetchPreview(url))
    rig.scraped(rig.row("jobs"), "New")
    shown = msgspec.to_builtins(shape_preview(url, rig.row("previews")))
    assert {shown[name] for name in said} == {"New", None}


def test_two_posts_share_a_preview(rig: Rig) -> None:
    """One job, two waiters; its outcome completes both."""
    states = [rig.post(), rig.post()]
    renders = rig.rows("jobs")
    result = done(RenderResult("<p></p>", [A]))
    (scrape,) = rig.apply(*(outcome_of(job, result) for job in renders))
    assert [rig.task(state)["pending"] for state in states] == [1, 1]
    assert rig.count("waiters") == 2
    rig.scraped(scrape)
    assert all(rig.body(state)["state"] == "complete" for state in states)


def test_many_waiters_are_told_in_chunks(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one transaction leaves over is gone on with, and everybody is told once."""
    monkeypatch.setattr("splitflap_api.domain.tasks.CHUNK", 2)
    states = [rig.accept(FetchPreview(A)) for _ in range(5)]
    rig.scraped(rig.row("jobs"))
    assert sum(rig.final(state) is not None for state in states) == 2
    while rig.ingest.resume_completions():
        pass
    assert all(rig.final(state) is not None for state in states)
    assert rig.count("completions") == rig.count("waiters") == 0


def test_a_second_outcome_is_dropped(rig: Rig) -> None:
    """The first final outcome deletes the job; a redelivery, or another worker's, finds nothing."""
    state = rig.post()
    job = rig.row("jobs")
    rig.rendered(job, html="first")
    rig.rendered(job, html="second")
    rig.apply(outcome_of(job, failed()))
    assert rig.body(state)["html"] == "first"
    assert rig.kinds().count("rendered") == 1


def test_twice_in_one_batch(rig: Rig) -> None:
    """Of two outcomes of one job that share a transaction, the first counts."""
    state = rig.post()
    job = rig.row("jobs")
    first, second = (outcome_of(job, done(RenderResult(html, []))) for html in ("one", "two"))
    rig.apply(first, second)
    assert rig.body(state)["html"] == "one"


def test_outcomes_of_an_older_attempt(rig: Rig) -> None:
    """RetryLater and Failed of it are dropped; Done is as good as any."""
    state = rig.post()
    old = rig.row("jobs")
    rig.set_attempt(old, 2)
    rig.apply(outcome_of(old, retry()), outcome_of(old, failed()))
    job = rig.row("jobs")
    assert (job["attempt"], rig.final(state)) == (2, None)
    rig.rendered(old)
    assert rig.body(state)["state"] == "complete"


def test_retry_later_is_due_later(rig: Rig) -> None:
    """The next attempt waits as long as the worker asked; nobody is told."""
    state = rig.post()
    job = rig.row("jobs")
    assert rig.apply(outcome_of(job, retry(after=60))) == []
    again = rig.row("jobs")
    assert again["attempt"] == 2
    assert again["due_at"] >= job["created_at"] + 60_000
    assert again["dispatched_at"] is None
    assert rig.final(state) is None


def test_the_last_attempt_ends_it(rig: Rig) -> None:
    """A job that asks for a sixth attempt has failed: 422 with the reason, and a dead letter."""
    state = rig.post()
    job = rig.set_attempt(rig.row("jobs"), 5)
    rig.apply(outcome_of(job, retry()))
    final = rig.final(state)
    assert final is not None
    assert final.status == 422
    assert rig.body(state)["reason"] == "busy"
    assert rig.row("posts")["state"] == "failed"
    assert rig.row("dead_letters")["job_id"] == job["id"]
    assert rig.kinds() == ["accepted", "failed"]


def test_a_text_that_cannot_be_rendered(rig: Rig) -> None:
    """422 with a problem that says why; the post stays, as text."""
    state = rig.post()
    rig.apply(outcome_of(rig.row("jobs"), failed("deadline")))
    problem = rig.body(state)
    assert (problem["type"], problem["reason"]) == ("/v1/problems/not-rendered", "deadline")
    post = rig.row("posts")
    assert (post["state"], post["text"], post["html"]) == ("failed", "hello", None)


def test_a_render_of_nobodys_post(rig: Rig) -> None:
    """200 with html and links; no post, no event, no preview."""
    state = rig.accept(RenderText("*x*"))
    assert rig.rendered(rig.row("jobs"), A, html="<em>x</em>") == []
    found = {"mentions": [], "channels": [], "excerpt": ""}
    assert rig.body(state) == {"html": "<em>x</em>", "links": [A], **found}
    assert rig.count("posts") == rig.count("previews") == rig.count("events") == 0


def test_a_broken_result_spoils_nothing(rig: Rig) -> None:
    """A result that does not fit rolls the batch back: each is then tried alone by the caller."""
    states = [rig.post("one"), rig.post("two")]
    one, two = rig.rows("jobs")
    broken = outcome_of(one, done({"html": 3}))
    good = outcome_of(two, done(RenderResult("<p>two</p>", [])))
    with pytest.raises(BrokenMessage, match=one["id"]):
        rig.apply(good, broken)
    assert all(rig.final(state) is None for state in states)
    rig.apply(good)
    assert rig.body(states[1])["html"] == "<p>two</p>"


def test_an_outcome_of_a_task_that_was_never_ours(rig: Rig) -> None:
    """An unknown job is dropped, and the rest of its batch is applied."""
    state = rig.accept(CreatePost(NewPost("hello")))
    job = rig.row("jobs")
    stranger = job | {"id": "0192f0c8-0000-7000-8000-000000000001"}
    rig.apply(outcome_of(stranger, failed()), outcome_of(job, done(RenderResult("<p></p>", []))))
    assert rig.final(state) is not None
