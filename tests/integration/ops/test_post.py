"""`splitflap post` against a stub of the API."""

import json
from pathlib import Path

import pytest

from .conftest import Run
from .stub_api import StubAnswer, StubApi, problem

TASK = "/v1/tasks/t1"
POST = {"id": "p1", "text": "Grüße \x9b", "html": "<p>hi</p>"}
ACCEPTED = StubAnswer(202, {"id": "t1"}, {"Location": TASK, "Retry-After": "0"})
DONE = StubAnswer(201, POST, {"Location": "/v1/posts/p1"})


def test_post_prints_the_address_of_the_task(run: Run, api: StubApi) -> None:
    """`post` prints the address of the task."""
    api.on("POST /v1/posts", ACCEPTED)
    result = run("post", "-", "--channel", "news", stdin="# Grüße\n")
    assert (result.exit_code, result.stdout) == (0, f"{api.url}{TASK}\n")
    sent = api.requests[0]
    assert sent.body == {"text": "# Grüße\n", "channel": "news"}
    assert sent.headers["Authorization"] == "Bearer sf_test"
    assert "Prefer" not in sent.headers


@pytest.mark.parametrize(
    ("option", "sent"),
    [
        ((), {}),
        (("--breaks",), {"breaks": True}),
        (("--no-breaks",), {"breaks": False}),
        (("--no-breaks", "--flavour", "gfm"), {"breaks": False, "flavour": "gfm"}),
    ],
    ids=str,
)
def test_post_sends_only_the_options_that_were_given(
    run: Run, api: StubApi, option: tuple[str, ...], sent: dict[str, object]
) -> None:
    """The server's default holds otherwise."""
    api.on("POST /v1/posts", ACCEPTED)
    assert run("post", "-", *option, stdin="a\nb").exit_code == 0
    assert api.requests[0].body == {"text": "a\nb", **sent}


@pytest.mark.parametrize(("options", "priority"), [((), None), (("--low",), "u=5")], ids=str)
def test_a_low_post_says_so(
    run: Run, api: StubApi, options: tuple[str, ...], priority: str | None
) -> None:
    """Other posts have no priority: the server's default holds."""
    api.on("POST /v1/posts", ACCEPTED)
    assert run("post", "-", *options, stdin="hi").exit_code == 0
    assert api.requests[0].headers.get("Priority") == priority


def test_post_reads_a_file(run: Run, api: StubApi, tmp_path: Path) -> None:
    """`post` reads a file."""
    api.on("POST /v1/posts", ACCEPTED)
    (tmp_path / "text.md").write_text("hello", encoding="utf-8")
    assert run("post", "text.md").exit_code == 0
    assert api.requests[0].body == {"text": "hello"}


def test_wait_prints_the_final_response(run: Run, api: StubApi) -> None:
    """`post --wait` prints the final response."""
    api.on("POST /v1/posts", ACCEPTED)
    api.on(f"GET {TASK}", ACCEPTED, ACCEPTED, DONE)
    result = run("post", "-", "--wait", stdin="hi")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == POST
    assert "\x9b" not in result.stdout
    assert len(api.sent(f"GET {TASK}")) == 3
    assert api.requests[0].headers["Prefer"].startswith("wait=")


def test_wait_accepts_an_immediate_final_response(run: Run, api: StubApi) -> None:
    """The first response may be the final one."""
    api.on("POST /v1/posts", DONE)
    result = run("post", "-", "--wait", stdin="hi")
    assert json.loads(result.stdout) == POST


def test_a_failed_task_is_an_error(run: Run, api: StubApi) -> None:
    """A failed task is an error."""
    api.on("POST /v1/posts", ACCEPTED)
    api.on(f"GET {TASK}", problem(422, "The text cannot be rendered", "took too long"))
    result = run("post", "-", "--wait", stdin="hi")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "splitflap: The text cannot be rendered (422): took too long\n"


def test_the_timeout_ends_a_wait(run: Run, api: StubApi) -> None:
    """A long Retry-After does not delay it."""
    api.on("POST /v1/posts", StubAnswer(202, {}, {"Location": TASK, "Retry-After": "30"}))
    api.on(f"GET {TASK}", StubAnswer(202, {}, {"Retry-After": "30"}))
    result = run("post", "-", "--wait", "--timeout", "0.2", stdin="hi")
    assert result.exit_code == 1
    assert f"the task is not done in time; it continues at {api.url}{TASK}" in result.stderr


def test_a_retry_keeps_the_idempotency_key(run: Run, api: StubApi) -> None:
    """A retry keeps the idempotency key."""
    api.on("POST /v1/posts", StubAnswer(drop=True), ACCEPTED)
    assert run("post", "-", stdin="hi").exit_code == 0
    first, second = api.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert run("post", "-", stdin="hi").exit_code == 0
    assert api.requests[2].headers["Idempotency-Key"] != first.headers["Idempotency-Key"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_refused_post_is_sent_again_after_retry_after(
    run: Run, api: StubApi, status: int
) -> None:
    """A refused post is sent again after its Retry-After."""
    later = problem(status, "Busy", "try later")
    later.headers["Retry-After"] = "0"
    api.on("POST /v1/posts", later, later, ACCEPTED)
    result = run("post", "-", stdin="hi")
    assert result.exit_code == 0
    assert f"Busy ({status}): try later; retrying in 0 s" in result.stderr


def test_a_post_has_six_attempts(run: Run, api: StubApi) -> None:
    """A post has six attempts."""
    later = problem(503, "Busy", "try later")
    later.headers["Retry-After"] = "0"
    api.on("POST /v1/posts", later)
    result = run("post", "-", stdin="hi")
    assert (result.exit_code, len(api.requests)) == (1, 6)
    assert result.stderr.endswith("splitflap: Busy (503): try later\n")


def test_invalid_fields_are_named(run: Run, api: StubApi) -> None:
    """Invalid fields are named."""
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
    """The key goes only to the API's own address."""
    api.on("POST /v1/posts", StubAnswer(202, {}, {"Location": "http://127.0.0.2:1/v1/tasks/t1"}))
    result = run("post", "-", "--wait", stdin="hi")
    assert result.exit_code == 1
    assert "is no address of this API" in result.stderr


def test_a_binary_file_is_refused(run: Run, api: StubApi) -> None:
    """No request is sent."""
    result = run("post", "-", stdin=b"\xff\xfe")
    assert result.exit_code == 1
    assert "is not UTF-8" in result.stderr
    assert api.requests == []


def test_a_missing_file_is_wrong_usage(run: Run) -> None:
    """A missing file is wrong usage."""
    result = run("post", "missing.md")
    assert result.exit_code == 2
    assert "missing.md" in result.stderr
