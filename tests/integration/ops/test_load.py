"""`splitflap load` against a stub of the API."""

import json

from .conftest import Run
from .stub_api import StubAnswer, StubApi, problem

STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}
BEGIN = StubAnswer(200, None, STREAM, raw=b"retry: 9\nid: 7\nevent: start\ndata: {}\n\n")
DATA = b'{"post": "p1", "channel": "c", "revision": 1, "task": "t1"}'
DONE = StubAnswer(200, None, STREAM, raw=b"id: 8\nevent: done\ndata: " + DATA + b"\n\n")


def accept(api: StubApi, *before: StubAnswer) -> None:
    """Accept a post after the answers `before`, and report its end by an event."""
    api.on("POST /v1/posts", *before, StubAnswer(202, {}, {"Location": "/v1/tasks/t1"}))
    api.on("GET /v1/events?channel=c", BEGIN, DONE)


def test_a_refused_post_is_sent_again(run: Run, api: StubApi) -> None:
    """It keeps its idempotency key. The figures count the 503 and the 429."""
    later = problem(503, "Too much to do", "come again")
    later.headers["Retry-After"] = "0"
    limited = problem(429, "Too many requests", "come again")
    limited.headers["Retry-After"] = "0"
    accept(api, later, limited)
    result = run("load", "--count", "1", "--channel", "c", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)["all"]
    assert (figures["sent"], figures["503"], figures["429"], figures["complete"]) == (1, 1, 1, 1)
    keys = {sent.headers["Idempotency-Key"] for sent in api.sent("POST /v1/posts")}
    assert len(keys) == 1


def test_a_low_load_posts_low(run: Run, api: StubApi) -> None:
    """Each post has the header."""
    accept(api)
    assert run("load", "--count", "1", "--channel", "c", "--low").exit_code == 0
    assert [sent.headers["Priority"] for sent in api.sent("POST /v1/posts")] == ["u=5"]


def test_a_task_without_an_event_is_polled(run: Run, api: StubApi) -> None:
    """A broken stream thus leaves no task unfinished."""
    accept(api)
    api.on("GET /v1/events?channel=c", BEGIN)
    api.on("GET /v1/tasks/t1", problem(422, "The text cannot be rendered", "too long"))
    result = run("load", "--count", "1", "--channel", "c", "--patience", "0", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["all"]["failed"] == 1


def test_a_final_refusal_ends_the_load(run: Run, api: StubApi) -> None:
    """A final refusal ends the load."""
    accept(api)
    api.on("POST /v1/posts", problem(403, "Not allowed", "the key lacks the scope write"))
    result = run("load", "--count", "50", "--concurrency", "1", "--channel", "c")
    assert result.exit_code == 1
    assert "the key lacks the scope write" in result.stderr
    assert len(api.sent("POST /v1/posts")) == 1


def test_links_need_a_page_url(run: Run, api: StubApi) -> None:
    """The kind `links` needs --page-url."""
    assert run("load", "--mix", "links").exit_code == 2
    assert api.requests == []
