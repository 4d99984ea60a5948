"""`splitflap keys`, `dead` and `status`: their requests and their output."""

import json

import pytest

from tests.support import free_ports

from .conftest import Run
from .stub_api import StubAnswer, StubApi, problem, stub_api

KEY = {
    "id": "k1",
    "account": "ann",
    "name": "bot\x1b[2J",
    "scopes": ["read", "write"],
    "created_at": "2026-01-02T03:04:05.678Z",
    "revoked_at": None,
}


def letter(name: str, *, replayed: bool = False) -> dict[str, str | None]:
    """A dead letter in a list."""
    return {
        "id": name,
        "queue": "render",
        "reason": "deadline",
        "job": "j1",
        "created_at": "2026-01-02T03:04:05.678Z",
        "replayed_at": "2026-01-03T00:00:00.000Z" if replayed else None,
        "body": None,
    }


def two_pages(api: StubApi) -> None:
    """Two pages: d3 and d2 (replayed), then d1."""
    first = {"items": [letter("d3"), letter("d2", replayed=True)], "next": "d2"}
    api.on("GET /v1/dead?limit=100", StubAnswer(200, first))
    api.on(
        "GET /v1/dead?limit=100&after=d2", StubAnswer(200, {"items": [letter("d1")], "next": None})
    )


def test_create_prints_the_key_alone(run: Run, api: StubApi) -> None:
    """So KEY=$(...) works in a shell."""
    api.on("POST /v1/keys", StubAnswer(201, KEY | {"key": "sf_new"}))
    result = run(
        "keys", "create", "--account", "ann", "--scope", "read", "--scope", "write", "--name", "bot"
    )
    assert (result.exit_code, result.stdout) == (0, "sf_new\n")
    assert "its id is k1" in result.stderr
    assert api.requests[0].body == {"account": "ann", "scopes": ["read", "write"], "name": "bot"}


def test_create_prints_json(run: Run, api: StubApi) -> None:
    """`keys create --json` prints JSON."""
    api.on("POST /v1/keys", StubAnswer(201, KEY | {"key": "sf_new"}))
    result = run("keys", "create", "--account", "ann", "--scope", "read", "--json")
    assert json.loads(result.stdout) == KEY | {"key": "sf_new"}


def test_an_unknown_scope_is_wrong_usage(run: Run, api: StubApi) -> None:
    """No request is sent."""
    assert run("keys", "create", "--account", "a", "--scope", "root").exit_code == 2
    assert api.requests == []


def test_keys_are_listed(run: Run, api: StubApi) -> None:
    """Control characters are escaped in the table."""
    api.on("GET /v1/keys", StubAnswer(200, {"items": [KEY]}))
    head, row = run("keys", "list").stdout.splitlines()
    assert head.split() == ["id", "account", "scopes", "name", "created", "revoked"]
    assert row.split() == [
        "k1",
        "ann",
        "read,write",
        "bot\\x1b[2J",
        "2026-01-02T03:04:05.678Z",
        "-",
    ]
    assert json.loads(run("keys", "list", "--json").stdout) == {"items": [KEY]}


def test_a_key_is_revoked(run: Run, api: StubApi) -> None:
    """Its id is quoted in the path."""
    api.on("DELETE /v1/keys/k1", StubAnswer(204))
    assert run("keys", "revoke", "k1").exit_code == 0
    assert run("keys", "revoke", "../posts/p1").exit_code == 1
    assert api.requests[-1].path == "/v1/keys/..%2Fposts%2Fp1"


def test_the_last_admin_key_needs_force(run: Run, api: StubApi) -> None:
    """The refusal of the API is shown with its advice."""
    advice = "this is the last key with the scope admin. Create another one first"
    api.on("DELETE /v1/keys/k1", problem(409, "The state does not allow this", advice))
    api.on("DELETE /v1/keys/k1?force=true", StubAnswer(204))
    refused = run("keys", "revoke", "k1")
    assert refused.exit_code == 1
    assert advice in refused.stderr
    assert run("keys", "revoke", "k1", "--force").exit_code == 0


def test_dead_letters_of_all_pages_are_listed(run: Run, api: StubApi) -> None:
    """--all includes replayed letters."""
    two_pages(api)
    lines = run("dead", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "d3", "d1"]
    everything = json.loads(run("dead", "list", "--all", "--json").stdout)
    assert [each["id"] for each in everything["items"]] == ["d3", "d2", "d1"]


def test_a_limit_ends_the_paging(run: Run, api: StubApi) -> None:
    """A limit ends the paging."""
    two_pages(api)
    assert len(run("dead", "list", "--limit", "1").stdout.splitlines()) == 2
    assert len(api.requests) == 1


def test_a_dead_letter_is_shown_with_its_body(run: Run, api: StubApi) -> None:
    """Control characters are escaped."""
    api.on("GET /v1/dead/d1", StubAnswer(200, letter("d1") | {"body": '{"text":"\x1b]0;x"}'}))
    result = run("dead", "show", "d1")
    assert "reason      deadline\n" in result.stdout
    assert '{"text":"\\x1b]0;x"}' in result.stdout
    assert json.loads(run("dead", "show", "d1", "--json").stdout)["body"] == '{"text":"\x1b]0;x"}'


def test_a_refused_replay_does_not_end_the_others(run: Run, api: StubApi) -> None:
    """A refused replay does not end the others."""
    api.on("POST /v1/dead/d1/replay", problem(409, "The state does not allow this", "deleted"))
    api.on("POST /v1/dead/d2/replay", StubAnswer(204))
    result = run("dead", "replay", "d1", "d2")
    assert result.exit_code == 1
    assert result.stdout == "replayed 1 of 2\n"
    assert "d1: The state does not allow this (409): deleted" in result.stderr
    assert run("dead", "replay", "d2").exit_code == 0


def test_replay_all_leaves_out_replayed_letters(run: Run, api: StubApi) -> None:
    """`dead replay --all` leaves out replayed letters."""
    two_pages(api)
    for name in ("d1", "d3"):
        api.on(f"POST /v1/dead/{name}/replay", StubAnswer(204))
    result = run("dead", "replay", "--all")
    assert (result.exit_code, result.stdout) == (0, "replayed 2 of 2\n")
    assert api.sent("POST /v1/dead/d2/replay") == []


def test_a_missing_scope_ends_a_replay(run: Run, api: StubApi) -> None:
    """The error is reported once, not for each letter."""
    api.on("POST /v1/dead/d1/replay", problem(403, "The key may not do this", "lacks admin"))
    result = run("dead", "replay", "d1", "d2")
    assert result.exit_code == 1
    refused, asked = result.stderr.splitlines()
    assert refused == "splitflap: The key may not do this (403): lacks admin"
    assert asked == f"  asked: POST {api.url}/v1/dead/d1/replay"


@pytest.mark.parametrize("arguments", [(), ("--all", "d1")])
def test_replay_needs_ids_or_all(run: Run, arguments: tuple[str, ...]) -> None:
    """`dead replay` needs ids or --all."""
    assert run("dead", "replay", *arguments).exit_code == 2


STATUS = {
    "jobs": [{"kind": "scrape", "state": "unfinished", "count": 12, "oldest_seconds": 64.0}],
    "dead": 2,
    "running_tasks": 5,
}


def test_status_shows_services_and_waiting_jobs(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` shows services and waiting jobs."""
    ports = free_ports(3)
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(ports[0]))
    api.on("GET /v1/status", StubAnswer(200, STATUS))
    with stub_api(ports[0]) as health:
        health.on("GET /readyz", StubAnswer(200, raw=b"ok"))
        result = run("status")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["api", "ready"] in lines
    assert f"health port {ports[1]} does not answer" in result.stdout
    assert ["scrape", "unfinished", "12", "1.1", "min"] in lines
    assert ["running", "tasks", "5"] in lines
    assert ["dead", "letters", "2"] in lines


def test_status_shows_the_reason_of_an_unready_service(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` shows the reason of an unready service."""
    monkeypatch.setenv("SPLITFLAP_HEALTH_PORT", str(api.server.server_port))
    api.on("GET /v1/status", StubAnswer(200, STATUS))
    api.on("GET /readyz", StubAnswer(503, raw=b"broker: gone\n"))
    answer = json.loads(run("status", "--json").stdout)
    assert answer["services"]["api"] == "broker: gone"
    assert answer["running_tasks"] == 5


def test_an_empty_table_prints_none(run: Run, api: StubApi) -> None:
    """An empty table is printed as `none`."""
    api.on("GET /v1/keys", StubAnswer(200, {"items": []}))
    assert run("keys", "list").stdout == "none\n"
