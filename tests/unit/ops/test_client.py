"""The client: its key, its address, its patience."""

import time
from pathlib import Path

import pytest
from splitflap.client import MAX_RETRY_AFTER, ApiRefused, Client

from tests.support import free_ports

from .conftest import Run
from .stub_api import Answer, StubApi, problem, stub_api

KEYS = Answer(200, {"items": []})


def test_the_key_that_up_has_left(run: Run, api: StubApi, tmp_path: Path) -> None:
    """Read from DATA_DIR/key where none is given."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "key").write_text("sf_left\n", encoding="ascii")
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list", key=None).exit_code == 0
    assert api.requests[0].headers["Authorization"] == "Bearer sf_left"


@pytest.mark.parametrize("variable", ["SPLITFLAP_KEY", "SPLITFLAP_BOOTSTRAP_KEY"])
def test_the_key_of_the_environment(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The variable of the commands, or the one that `up` was given."""
    monkeypatch.setenv(variable, "sf_variable")
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list", key=None).exit_code == 0
    assert api.requests[0].headers["Authorization"] == "Bearer sf_variable"


def test_no_key(run: Run) -> None:
    """Says where one is looked for."""
    result = run("--data-dir", "elsewhere", "keys", "list", key=None)
    assert result.exit_code == 1
    assert "give --key or SPLITFLAP_KEY (there is no elsewhere/key" in result.stderr


def test_a_key_with_a_line_break(run: Run, api: StubApi) -> None:
    """It would break the request; it never leaves."""
    result = run("keys", "list", key="sf_a\nX: y")
    assert result.exit_code == 1
    assert "no key has" in result.stderr
    assert api.requests == []


def test_a_netrc_does_not_replace_the_key(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for any host; 127.0.0.2 is one that the client does not take for this machine."""
    (tmp_path / "netrc").write_text("machine 127.0.0.2 login a password b\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("no_proxy", "*")
    with stub_api(host="127.0.0.2") as remote:
        remote.on("GET /v1/keys", KEYS)
        assert run("--url", remote.url, "keys", "list").exit_code == 0
    assert remote.requests[0].headers["Authorization"] == "Bearer sf_test"


def test_no_proxy_stands_before_this_machine(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the environment names one for the world outside."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list").exit_code == 0


def test_nobody_there(run: Run) -> None:
    """One clear line."""
    port = free_ports(1)[0]
    result = run("--url", f"http://127.0.0.1:{port}", "keys", "list")
    assert result.exit_code == 1
    assert result.stderr == (
        f"splitflap: no answer from http://127.0.0.1:{port}/v1/keys; is the API running there?\n"
    )


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a", "http://", "http://[", ""])
def test_an_address_that_is_none(run: Run, url: str) -> None:
    """One clear line for this as well."""
    result = run("--url", url, "keys", "list")
    assert result.exit_code == 1
    assert result.stderr == (
        f"splitflap: --url or SPLITFLAP_URL: {url!r} is not an address such as https://host:port\n"
    )


def test_something_else_answers(run: Run, api: StubApi) -> None:
    """Another server's page is no Splitflap, be it a success or not."""
    api.on("GET /v1/keys", Answer(200, raw=b"<html>"), Answer(502, raw=b"<html>"))
    assert "not as a Splitflap does" in run("keys", "list").stderr
    assert "/v1/keys answers 502 Bad Gateway" in run("keys", "list").stderr


def test_what_the_api_asks_for_is_waited(api: StubApi) -> None:
    """Retry-After in seconds, each time anew."""
    waited: list[float] = []
    later = [problem(503, "Busy", "later") for _ in range(2)]
    for answer, seconds in zip(later, ("2", "7"), strict=True):
        answer.headers["Retry-After"] = seconds
    api.on("GET /v1/keys", *later, KEYS)
    Client(api.url, "sf_test", sleep=waited.append).get("keys")
    assert waited == [2.0, 7.0]


def test_long_waits_are_left_to_people(api: StubApi) -> None:
    """Nobody sits before a command for an hour."""
    later = problem(429, "Too many", "later")
    later.headers["Retry-After"] = str(MAX_RETRY_AFTER + 1)
    api.on("GET /v1/keys", later)
    with pytest.raises(ApiRefused, match="Too many"):
        Client(api.url, "sf_test", sleep=lambda _: pytest.fail("slept")).get("keys")
    assert len(api.requests) == 1


def test_nothing_is_begun_after_its_time(api: StubApi) -> None:
    """A retry that would come too late is not waited for."""
    later = problem(503, "Busy", "later")
    later.headers["Retry-After"] = "20"
    api.on("GET /v1/keys", later)
    client = Client(api.url, "sf_test", sleep=lambda _: pytest.fail("slept"))
    with pytest.raises(ApiRefused):
        client.send("GET", client.at("keys"), until=time.monotonic() + 10)


def test_a_lost_answer_is_not_repeated_unasked(run: Run, api: StubApi) -> None:
    """Two keys would be made, of which one is nobody's."""
    api.on("POST /v1/keys", Answer(drop=True))
    assert run("keys", "create", "--account", "a", "--scope", "read").exit_code == 1
    assert len(api.requests) == 1
