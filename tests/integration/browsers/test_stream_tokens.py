"""Tokens open event streams, and nothing else: a browser's EventSource sends no header."""

from urllib.parse import quote

import pytest

from tests.integration.api_server.rig import Server
from tests.support import wait_until

from .browser import PAGE, Answer, Browser
from .conftest import MakeKey, expire_all, revoke
from .streams import Stream

APP = "https://app.example"


def bearer(key: str) -> dict[str, str]:
    """The headers of a program with a key."""
    return {"Authorization": f"Bearer {key}"}


def new_token(browser: Browser, key: str) -> str:
    """A token of the key."""
    answer = browser.send("POST", "/v1/stream-tokens", bearer(key))
    assert answer.status == 201, answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json) == {"token", "expires_at"}
    return str(answer.json["token"])


def opened(browser: Browser, token: str, more: str = "") -> Answer:
    """The head of a stream's response."""
    return browser.send("HEAD", f"/v1/events?token={quote(token)}{more}")


@pytest.fixture
def token(stranger: Browser, key: str) -> str:
    """A token of the key."""
    return new_token(stranger, key)


def test_a_token_opens_the_stream(server: Server, stranger: Browser, key: str, token: str) -> None:
    """An EventSource of a configured origin may read it."""
    with Stream(server.port, {"Origin": APP}, f"/v1/events?token={token}") as stream:
        assert stream.response.headers["Access-Control-Allow-Origin"] == APP
        stranger.send("POST", "/v1/posts", bearer(key), {"text": "x"})
        stream.read_until("accepted")


def test_a_token_opens_several_streams(stranger: Browser, token: str) -> None:
    """An EventSource connects again with the same address."""
    assert [opened(stranger, token).status for _ in range(3)] == [200] * 3


def test_a_stream_resumes_by_its_address(
    server: Server, stranger: Browser, key: str, token: str
) -> None:
    """With a new token comes a new EventSource, which sends no Last-Event-ID at first."""
    path = f"/v1/events?token={token}"
    with Stream(server.port, path=path) as stream:
        last = stream.read_until("start").last_event_id
    for text in ("a", "b"):
        stranger.send("POST", "/v1/posts", bearer(key), {"text": text})
    with Stream(server.port, path=f"{path}&last_event_id={last}") as stream:
        first = stream.read_until("accepted").last_event_id
    assert int(first) > int(last)
    # The header is newer than the address.
    with Stream(server.port, {"Last-Event-ID": first}, f"{path}&last_event_id={last}") as stream:
        assert int(stream.read_until("accepted").last_event_id) > int(first)


@pytest.mark.parametrize("last", ["x", "-1", "1" * 19, "1.5"])
def test_a_malformed_position_is_refused(stranger: Browser, token: str, last: str) -> None:
    """400 names the parameter."""
    answer = stranger.send("GET", f"/v1/events?token={token}&last_event_id={last}")
    assert answer.status == 400
    assert answer.json["errors"][0]["field"] == "last_event_id"


@pytest.mark.parametrize(
    "path",
    ["/v1/posts", "/v1/session", "/v1/keys", "/v1/status", "/v1/status/events", "/v1/events/"],
)
def test_a_token_opens_nothing_else(stranger: Browser, token: str, path: str) -> None:
    """As a parameter, as a bearer, and as a cookie."""
    assert stranger.send("GET", f"{path}?token={token}").status == 401
    assert stranger.send("GET", path, bearer(token)).status == 401
    assert stranger.send("GET", path, {"Cookie": f"splitflap-session={token}"}).status == 401


def test_a_token_makes_no_token(stranger: Browser, token: str) -> None:
    """Else it would never end."""
    assert stranger.send("POST", f"/v1/stream-tokens?token={token}").status == 401
    assert stranger.send("POST", "/v1/stream-tokens", bearer(token)).status == 401
    assert stranger.send("POST", "/v1/session", PAGE, {"key": token}).status == 401


@pytest.mark.parametrize("wrong", ["", "x", "sft_" + "A" * 43, "a b", "\0", "é", "x" * 2_000])
def test_a_wrong_token_opens_nothing(stranger: Browser, wrong: str) -> None:
    """The refusal is that of a wrong key."""
    assert opened(stranger, wrong).status == 401


def test_no_other_secret_is_a_token(page: Browser, stranger: Browser, key: str) -> None:
    """A key in an address would be in logs of proxies."""
    assert opened(stranger, key).status == 401
    assert opened(stranger, page.cookie.partition("=")[2]).status == 401


def test_a_request_has_one_credential(page: Browser, key: str, token: str) -> None:
    """A key wins over the token, and the token over the cookie."""
    path = f"/v1/events?token={token}"
    assert page.send("HEAD", path, bearer("wrong")).status == 401
    assert page.send("HEAD", "/v1/events?token=wrong", bearer(key)).status == 200
    assert page.send("HEAD", "/v1/events?token=wrong").status == 401
    # A request with a token is no request with the cookie: any page may have the address.
    assert page.send("HEAD", path, {"Origin": "https://other.example"}).status == 200


def test_two_tokens_are_refused(stranger: Browser, token: str) -> None:
    """A parameter comes once."""
    answer = stranger.send("GET", f"/v1/events?token={token}&token={token}")
    assert answer.status == 400


def test_a_session_makes_no_token(page: Browser) -> None:
    """Its stream would outlive the session. The cookie opens the stream of the own page."""
    answer = page.send("POST", "/v1/stream-tokens", PAGE)
    assert (answer.status, answer.problem) == (403, "forbidden")


def test_a_key_that_may_not_read_makes_no_token(stranger: Browser, make_key: MakeKey) -> None:
    """The stream needs the scope read."""
    _, key = make_key("write")
    assert stranger.send("POST", "/v1/stream-tokens", bearer(key)).status == 403


def test_a_revoked_key_ends_its_tokens_and_their_streams(
    server: Server, stranger: Browser, make_key: MakeKey
) -> None:
    """At once on this replica."""
    key_id, key = make_key()
    token = new_token(stranger, key)
    with Stream(server.port, path=f"/v1/events?token={token}") as stream:
        revoke(server, key_id)
        assert opened(stranger, token).status == 401
        stream.read_to_end()


def test_an_expired_token_opens_no_stream(
    server: Server, stranger: Browser, key: str, token: str
) -> None:
    """Those that it has opened go on."""
    with Stream(server.port, path=f"/v1/events?token={token}") as stream:
        expire_all(server)
        wait_until(lambda: opened(stranger, token).status == 401, "the end of the token")
        stranger.send("POST", "/v1/posts", bearer(key), {"text": "x"})
        stream.read_until("accepted")


def test_no_log_has_a_secret(server: Server, page: Browser, key: str, token: str) -> None:
    """Neither of requests that succeed nor of those that fail."""
    opened(page, token)
    page.send("GET", f"/v1/events?token={token}&x=1")
    page.send("GET", f"/v1/nothing?token={token}")
    page.send("POST", "/v1/session", PAGE, {"key": key, "x": 1})
    log = server.log.read_text(encoding="utf-8")
    assert "session: begun" in log
    for secret in (token, key, page.cookie.partition("=")[2]):
        assert secret not in log
