"""`splitflap keys`: its requests and its output."""

import json

from .conftest import Run
from .stub_api import StubAnswer, StubApi, problem

KEY = {
    "id": "k1",
    "account": "ann",
    "name": "bot\x1b[2J",
    "scopes": ["read", "write"],
    "channels": ["team-*"],
    "created_at": "2026-01-02T03:04:05.678Z",
    "revoked_at": None,
}


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
    assert head.split() == ["id", "account", "scopes", "channels", "name", "created", "revoked"]
    assert row.split() == [
        "k1",
        "ann",
        "read,write",
        "team-*",
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


def test_an_empty_table_prints_none(run: Run, api: StubApi) -> None:
    """An empty table is printed as `none`."""
    api.on("GET /v1/keys", StubAnswer(200, {"items": []}))
    assert run("keys", "list").stdout == "none\n"
