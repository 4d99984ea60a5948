"""The client of the API: its key, its address, its retries."""

import time
from pathlib import Path

import pytest
from splitflap.client import MAX_RETRY_AFTER, ApiRefused, Client

from tests.support import free_ports

from .conftest import Run
from .stub_api import StubAnswer, StubApi, problem, stub_api

KEYS = StubAnswer(200, {"items": [], "next": None})


def test_the_stored_key_is_the_default(run: Run, api: StubApi, tmp_path: Path) -> None:
    """The stored key is the default."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "key").write_text("sf_left\n", encoding="ascii")
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list", key=None).exit_code == 0
    assert api.requests[0].headers["Authorization"] == "Bearer sf_left"


@pytest.mark.parametrize("variable", ["SPLITFLAP_KEY", "SPLITFLAP_BOOTSTRAP_KEY"])
def test_the_key_may_come_from_the_environment(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The key may come from the environment."""
    monkeypatch.setenv(variable, "sf_variable")
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list", key=None).exit_code == 0
    assert api.requests[0].headers["Authorization"] == "Bearer sf_variable"


def test_a_missing_key_is_reported_with_its_file(run: Run) -> None:
    """A missing key is reported with its file."""
    result = run("--data-dir", "elsewhere", "keys", "list", key=None)
    assert result.exit_code == 1
    assert "give --key or SPLITFLAP_KEY (there is no elsewhere/key" in result.stderr


def test_a_key_with_a_line_break_is_refused(run: Run, api: StubApi) -> None:
    """No request is sent."""
    result = run("keys", "list", key="sf_a\nX: y")
    assert result.exit_code == 1
    assert "the key is malformed" in result.stderr
    assert api.requests == []


def test_a_netrc_does_not_replace_the_key(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client takes 127.0.0.2 for a remote host."""
    (tmp_path / "netrc").write_text("machine 127.0.0.2 login a password b\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("no_proxy", "*")
    with stub_api(host="127.0.0.2") as remote:
        remote.on("GET /v1/keys", KEYS)
        assert run("--url", remote.url, "keys", "list").exit_code == 0
    assert remote.requests[0].headers["Authorization"] == "Bearer sf_test"


def test_requests_to_this_machine_bypass_a_proxy(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests to this machine bypass a proxy."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list").exit_code == 0


def test_the_key_is_sent_after_the_challenge_of_a_splitflap(run: Run, api: StubApi) -> None:
    """The first request has no key."""
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list").exit_code == 0
    assert [(each.method, each.path) for each in api.probes] == [("GET", "/v1/keys")]
    assert [each.headers["Authorization"] for each in api.requests] == ["Bearer sf_test"]


STRANGERS = {
    "a page": StubAnswer(200, raw=b"<html>It works!</html>"),
    "JSON": StubAnswer(200, {"items": []}),
    "a missing page": problem(404, "Not Found", "no route"),
    "a redirect": StubAnswer(301, headers={"Location": "http://127.0.0.1:1/v1/keys"}),
    "a log-in": StubAnswer(401, headers={"WWW-Authenticate": 'Basic realm="splitflap"'}),
    "another realm": StubAnswer(401, headers={"WWW-Authenticate": 'Bearer realm="grafana"'}),
    "a realm that quotes ours": StubAnswer(
        401, headers={"WWW-Authenticate": "Bearer realm=\"a\", x='realm=splitflap'"}
    ),
    "no challenge": problem(401, "Unauthorized", "who are you?"),
    "an error": problem(500, "Internal", "oops"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize(
    "command",
    [("keys", "list"), ("status",), ("dead", "replay", "d1"), ("post", "-")],
    ids=" ".join,
)
def test_a_server_that_is_no_splitflap_gets_no_key(
    run: Run, api: StubApi, stranger: str, command: tuple[str, ...]
) -> None:
    """The message has the address that was asked, and no text is posted."""
    api.challenge = [STRANGERS[stranger]]
    result = run(*command, stdin="secret text")
    assert result.exit_code == 1
    assert f"no Splitflap answers at {api.url}/v1/keys" in result.stderr
    assert "The key was not sent" in result.stderr
    assert api.requests == []
    assert not any("Authorization" in each.headers for each in api.probes)


def test_a_proxy_may_add_its_own_challenge(run: Run, api: StubApi) -> None:
    """The challenge of a Splitflap may stand second, with further parameters."""
    both = 'Basic realm="proxy", Bearer error="invalid_token", realm="splitflap"'
    api.challenge = [StubAnswer(401, headers={"WWW-Authenticate": both})]
    api.on("GET /v1/keys", KEYS)
    assert run("keys", "list").exit_code == 0


def test_an_overloaded_splitflap_is_asked_again_without_the_key(run: Run, api: StubApi) -> None:
    """Its 503 has no challenge."""
    busy = problem(503, "Too much to do", "come again")
    busy.headers["Retry-After"] = "0"
    api.challenge = [busy, *api.challenge]
    api.on("GET /v1/keys", KEYS)
    result = run("keys", "list")
    assert result.exit_code == 0
    assert "come again; retrying" in result.stderr
    assert len(api.probes) == 2


def test_a_refused_key_is_reported_with_the_address(run: Run, api: StubApi) -> None:
    """The reader sees which Splitflap refused it."""
    api.on("GET /v1/keys", problem(401, "A key is needed", "no such key, or it is revoked"))
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "no such key, or it is revoked" in result.stderr
    assert f"asked: GET {api.url}/v1/keys" in result.stderr


def test_an_unknown_setting_is_reported(
    run: Run, api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command runs all the same."""
    monkeypatch.setenv("SPLITFLAP_URLS", "http://elsewhere")
    api.on("GET /v1/keys", KEYS)
    result = run("keys", "list")
    assert result.exit_code == 0
    assert "SPLITFLAP_URLS is no setting of Splitflap" in result.stderr
    assert "did you mean SPLITFLAP_URL?" in result.stderr


def test_a_closed_port_is_one_line(run: Run) -> None:
    """The error of a closed port has one line."""
    port = free_ports(1)[0]
    result = run("--url", f"http://127.0.0.1:{port}", "keys", "list")
    assert result.exit_code == 1
    assert result.stderr == (
        f"splitflap: no answer from http://127.0.0.1:{port}/v1/keys; is the API running there?\n"
    )


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a", "http://", "http://[", ""])
def test_an_invalid_address_is_one_line(run: Run, url: str) -> None:
    """The error of an invalid address has one line."""
    result = run("--url", url, "keys", "list")
    assert result.exit_code == 1
    assert result.stderr == (
        f"splitflap: --url or SPLITFLAP_URL: {url!r} is not an address such as https://host:port\n"
    )


def test_a_foreign_server_is_reported(run: Run, api: StubApi) -> None:
    """Such a server may answer with success or with an error."""
    api.on("GET /v1/keys", StubAnswer(200, raw=b"<html>"), StubAnswer(502, raw=b"<html>"))
    assert "answers without JSON" in run("keys", "list").stderr
    assert "/v1/keys?limit=100 answers 502 Bad Gateway" in run("keys", "list").stderr


def test_each_retry_waits_for_its_retry_after(api: StubApi) -> None:
    """The delay is the Retry-After of the last response."""
    waited: list[float] = []
    later = [problem(503, "Busy", "later") for _ in range(2)]
    for answer, seconds in zip(later, ("2", "7"), strict=True):
        answer.headers["Retry-After"] = seconds
    api.on("GET /v1/keys", *later, KEYS)
    Client(api.url, "sf_test", sleep=waited.append).get("keys")
    assert waited == [2.0, 7.0]


def test_a_long_retry_after_is_an_error(api: StubApi) -> None:
    """The client does not wait for a Retry-After above MAX_RETRY_AFTER."""
    later = problem(429, "Too many", "later")
    later.headers["Retry-After"] = str(MAX_RETRY_AFTER + 1)
    api.on("GET /v1/keys", later)
    with pytest.raises(ApiRefused, match="Too many"):
        Client(api.url, "sf_test", sleep=lambda _: pytest.fail("slept")).get("keys")
    assert len(api.requests) == 1


def test_no_attempt_starts_after_the_deadline(api: StubApi) -> None:
    """No attempt starts after the deadline."""
    later = problem(503, "Busy", "later")
    later.headers["Retry-After"] = "20"
    api.on("GET /v1/keys", later)
    client = Client(api.url, "sf_test", sleep=lambda _: pytest.fail("slept"))
    with pytest.raises(ApiRefused):
        client.send("GET", client.at("keys"), until=time.monotonic() + 10)


def test_a_lost_response_is_an_error_by_default(run: Run, api: StubApi) -> None:
    """A retry could create a second key."""
    api.on("POST /v1/keys", StubAnswer(drop=True))
    assert run("keys", "create", "--account", "a", "--scope", "read").exit_code == 1
    assert len(api.requests) == 1
