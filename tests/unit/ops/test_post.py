"""`splitflap post`, against a server that speaks the contract."""

import json
from pathlib import Path

import pytest

from .conftest import Run
from .stub_api import Answer, StubApi, problem

TASK = "/v1/tasks/t1"
POST = {"id": "p1", "text": "Grüße \x9b", "html": "<p>hi</p>"}
ACCEPTED = Answer(202, {"id": "t1"}, {"Location": TASK, "Retry-After": "0"})
DONE = Answer(201, POST, {"Location": "/v1/posts/p1"})


def test_it_prints_the_tasks_address(run: Run, api: StubApi) -> None:
    """The 202 is enough; the text, channel and key are sent."""
    api.on("POST /v1/posts", ACCEPTED)
    result = run("post", "-", "--channel", "news", stdin="# Grüße\n")
    assert (result.exit_code, result.stdout) == (0, f"{api.url}{TASK}\n")
    sent = api.requests[0]
    assert sent.body == {"text": "# Grüße\n", "channel": "news"}
    assert sent.headers["Authorization"] == "Bearer sf_test"
    assert "Prefer" not in sent.headers


def test_it_reads_a_file(run: Run, api: StubApi, tmp_path: Path) -> None:
    """FILE is a path; without --channel the API chooses."""
    api.on("POST /v1/posts", ACCEPTED)
    (tmp_path / "text.md").write_text("hello", encoding="utf-8")
    assert run("post", "text.md").exit_code == 0
    assert api.requests[0].body == {"text": "hello"}


def test_it_follows_to_the_end(run: Run, api: StubApi) -> None:
    """--wait asks the task until its final response, and prints the post as JSON."""
    api.on("POST /v1/posts", ACCEPTED)
    api.on(f"GET {TASK}", ACCEPTED, ACCEPTED, DONE)
    result = run("post", "-", "--wait", stdin="hi")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == POST
    assert "\x9b" not in result.stdout
    assert len(api.sent(f"GET {TASK}")) == 3
    assert api.requests[0].headers["Prefer"].startswith("wait=")


def test_a_post_that_is_done_at_once(run: Run, api: StubApi) -> None:
    """With `Prefer: wait` the final response may be the first."""
    api.on("POST /v1/posts", DONE)
    result = run("post", "-", "--wait", stdin="hi")
    assert json.loads(result.stdout) == POST


def test_a_task_that_fails(run: Run, api: StubApi) -> None:
    """Its problem goes to standard error, and the status is 1."""
    api.on("POST /v1/posts", ACCEPTED)
    api.on(f"GET {TASK}", problem(422, "The text cannot be rendered", "took too long"))
    result = run("post", "-", "--wait", stdin="hi")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "splitflap: The text cannot be rendered (422): took too long\n"


def test_a_wait_has_an_end(run: Run, api: StubApi) -> None:
    """--timeout ends it, saying where the task goes on; a long Retry-After does not delay that."""
    api.on("POST /v1/posts", Answer(202, {}, {"Location": TASK, "Retry-After": "30"}))
    api.on(f"GET {TASK}", Answer(202, {}, {"Retry-After": "30"}))
    result = run("post", "-", "--wait", "--timeout", "0.2", stdin="hi")
    assert result.exit_code == 1
    assert f"not done in time; it goes on, and can be followed at {api.url}{TASK}" in result.stderr


def test_a_lost_answer_posts_once(run: Run, api: StubApi) -> None:
    """The request is sent again with the same Idempotency-Key."""
    api.on("POST /v1/posts", Answer(drop=True), ACCEPTED)
    assert run("post", "-", stdin="hi").exit_code == 0
    first, second = api.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert run("post", "-", stdin="hi").exit_code == 0
    assert api.requests[2].headers["Idempotency-Key"] != first.headers["Idempotency-Key"]


@pytest.mark.parametrize("status", [429, 503])
def test_what_is_put_off_is_sent_again(run: Run, api: StubApi, status: int) -> None:
    """After the Retry-After of the answer, saying so."""
    later = problem(status, "Busy", "try later")
    later.headers["Retry-After"] = "0"
    api.on("POST /v1/posts", later, later, ACCEPTED)
    result = run("post", "-", stdin="hi")
    assert result.exit_code == 0
    assert f"Busy ({status}): try later; trying again in 0 s" in result.stderr


def test_tries_are_bounded(run: Run, api: StubApi) -> None:
    """Whatever goes on for ever does not keep the command."""
    later = problem(503, "Busy", "try later")
    later.headers["Retry-After"] = "0"
    api.on("POST /v1/posts", later)
    result = run("post", "-", stdin="hi")
    assert (result.exit_code, len(api.requests)) == (1, 6)
    assert result.stderr.endswith("splitflap: Busy (503): try later\n")


def test_fields_that_are_wrong_are_named(run: Run, api: StubApi) -> None:
    """Title, detail, and each of `errors`."""
    errors = [{"field": "channel", "message": "has a \x1b[31mspace"}]
    api.on("POST /v1/posts", problem(422, "The body does not fit", "see errors", errors=errors))
    result = run("post", "-", stdin="hi")
    assert result.exit_code == 1
    assert "The body does not fit (422): see errors\n" in result.stderr
    assert "  channel: has a \\x1b[31mspace\n" in result.stderr
    errors = [{"field": "text", "message": "is empty"}]
    api.on("POST /v1/posts", problem(422, "It does not fit", "text: is empty", errors=errors))
    result = run("post", "-", stdin="")
    assert result.stderr == "splitflap: It does not fit (422): text: is empty\n"


def test_a_location_elsewhere_gets_no_key(run: Run, api: StubApi) -> None:
    """The key is for this API alone."""
    api.on("POST /v1/posts", Answer(202, {}, {"Location": "http://127.0.0.2:1/v1/tasks/t1"}))
    result = run("post", "-", "--wait", stdin="hi")
    assert result.exit_code == 1
    assert "names no task of its own" in result.stderr


def test_a_file_that_is_no_text(run: Run, api: StubApi) -> None:
    """Refused before anything is sent."""
    result = run("post", "-", stdin=b"\xff\xfe")
    assert result.exit_code == 1
    assert "is not UTF-8" in result.stderr
    assert api.requests == []


def test_a_file_that_does_not_exist(run: Run) -> None:
    """Status 2, as for all that is not understood."""
    result = run("post", "missing.md")
    assert result.exit_code == 2
    assert "missing.md" in result.stderr
