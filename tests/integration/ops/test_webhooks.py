"""`splitflap webhooks`: its requests and its output."""

from typing import Any

import pytest

from .conftest import Run
from .stub_api import StubAnswer, StubApi

HOOK = {
    "id": "w1",
    "url": "https://app.example/hook",
    "events": ["task.done", "task.failed"],
    "always": True,
    "created_at": "2026-01-02T03:04:05.678Z",
    "disabled_at": None,
    "disabled_by": None,
    "failures": 3,
    "failing_since": "2026-01-03T03:04:05.678Z",
    "waiting": 12,
    "dropped": 0,
}
DELIVERY: dict[str, Any] = {
    "id": "d1",
    "event": "task.done",
    "task": "t1",
    "sequence": 1,
    "state": "dead",
    "attempt": 15,
    "status": 500,
    "reason": None,
    "created_at": "2026-01-02T03:04:05.678Z",
    "next_at": None,
}


def test_create_and_rotate_print_the_secret_alone(run: Run, api: StubApi) -> None:
    """So SECRET=$(...) works in a shell."""
    api.on("POST /v1/webhooks", StubAnswer(201, HOOK | {"secret": "whsec_one"}))
    api.on("POST /v1/webhooks/w1/rotate", StubAnswer(200, HOOK | {"secret": "whsec_two"}))
    made = run("webhooks", "create", str(HOOK["url"]), "--event", "preview", "--named-only")
    assert (made.exit_code, made.stdout) == (0, "whsec_one\n")
    assert "id is w1" in made.stderr
    assert api.requests[0].body == {"url": HOOK["url"], "always": False, "events": ["preview"]}
    assert run("webhooks", "rotate", "w1").stdout == "whsec_two\n"


def test_webhooks_and_deliveries_are_listed(run: Run, api: StubApi) -> None:
    """With the end of the last try."""
    api.on("GET /v1/webhooks", StubAnswer(200, {"items": [HOOK], "next": None}))
    _, row = run("webhooks", "list").stdout.splitlines()
    assert row.split() == [
        *("w1", HOOK["url"], "task.done,task.failed", "all"),
        *("12", "0", HOOK["failing_since"], "-"),
    ]
    path = "GET /v1/webhooks/w1/deliveries"
    api.on(path, StubAnswer(200, {"items": [DELIVERY], "next": None}))
    _, row = run("webhooks", "deliveries", "w1", "--state", "dead").stdout.splitlines()
    assert row.split() == ["d1", "task.done", "t1", "dead", "15", "500", "-"]
    assert "state=dead" in api.requests[-1].path


def test_a_replay_sends_all_dead_deliveries(run: Run, api: StubApi) -> None:
    """The API takes 100 at a time."""
    answers = [StubAnswer(200, {"replayed": count}) for count in (100, 7, 0)]
    api.on("POST /v1/webhooks/w1/replay", *answers)
    assert "107 deliveries" in run("webhooks", "replay", "w1").stdout


def test_a_webhook_is_tested_and_deleted(run: Run, api: StubApi) -> None:
    """Each prints what it did."""
    api.on("POST /v1/webhooks/w1/test", StubAnswer(201, DELIVERY))
    api.on("DELETE /v1/webhooks/w1", StubAnswer(204))
    assert run("webhooks", "test", "w1").stdout == "sent d1\n"
    assert run("webhooks", "delete", "w1").stdout == "deleted w1\n"


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_a_webhook_is_enabled_and_disabled(run: Run, api: StubApi, verb: str) -> None:
    """Its other fields stay, for the API replaces all of them."""
    hook = HOOK | {"always": False, "events": ["preview"]}
    api.on("GET /v1/webhooks/w1", StubAnswer(200, hook))
    api.on("PUT /v1/webhooks/w1", StubAnswer(200, hook))
    assert run("webhooks", verb, "w1").stdout == f"{verb}d w1\n"
    assert api.requests[-1].body == {
        "url": HOOK["url"],
        "events": ["preview"],
        "always": False,
        "disabled": verb == "disable",
    }
