"""Sessions: a key is exchanged for a cookie, which stands for the key until one of them ends."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.integration.api_server.rig import KEY, PATIENCE, Server
from tests.support import wait_until

from .browser import PAGE, Answer, Browser
from .conftest import MakeKey, expire_all, replica, revoke
from .streams import Stream


def test_a_key_is_exchanged_for_a_cookie(stranger: Browser, make_key: MakeKey) -> None:
    """The session names the key and its account. The secret is in the cookie only."""
    key_id, key = make_key("read", "write", account="ann")
    agent = {"User-Agent": "Firefox/140 " + "x" * 300}
    answer = stranger.send("POST", "/v1/session", PAGE | agent, {"key": key})
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    session = answer.json
    assert (session["kind"], session["account"], session["key_id"]) == ("session", "ann", key_id)
    assert (set(session["scopes"]), session["current"]) == ({"read", "write"}, True)
    assert session["user_agent"] == agent["User-Agent"][:200]
    times = [datetime.fromisoformat(session[name]) for name in ("created_at", "expires_at")]
    assert times[1] - times[0] == timedelta(days=7)
    _, secret, _ = answer.cookie
    assert re.fullmatch(r"sfs_[A-Za-z0-9_-]{43}", secret)
    assert secret.encode() not in answer.body
    assert key.encode() not in answer.body


def test_the_cookie_stands_for_the_key(page: Browser, key: str) -> None:
    """It reads and writes as the key's account."""
    made = page.send("POST", "/v1/posts", PAGE, {"text": "x"})
    assert made.status == 202
    with_key = {"Authorization": f"Bearer {key}"}
    task = made.headers["Location"]
    assert page.send("GET", task).status == 202
    assert Browser(page.port).send("GET", task, with_key).status == 202
    assert page.send("GET", "/v1/session").json["current"] is True


def status(browser: Browser) -> int:
    """The status of a read with the browser's cookie."""
    return browser.send("GET", "/v1/session").status


def end(browser: Browser, session_id: str) -> Answer:
    """End a session by its id."""
    return browser.send("DELETE", f"/v1/sessions/{session_id}", PAGE)


@pytest.mark.parametrize("key", ["wrong", "sf_" + "A" * 43, KEY + " ", "é"])
def test_a_wrong_key_gets_no_cookie(stranger: Browser, key: str) -> None:
    """The refusal is that of a wrong bearer."""
    answer = stranger.send("POST", "/v1/session", PAGE, {"key": key})
    assert (answer.status, answer.problem) == (401, "unauthorized")
    assert answer.headers["Set-Cookie"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"key": 5}, 422),
        ({"key": None}, 422),
        ({"key": ""}, 422),
        ({"key": "x" * 201}, 422),
        ({"key": "x", "account": "admin"}, 422),
        ([], 422),
        (b"key", 400),
        (b'{"key": "a", "key": "b"}', 422),
    ],
)
def test_a_malformed_sign_in_gets_no_cookie(stranger: Browser, body: object, status: int) -> None:
    """The body is one object with a key."""
    answer = stranger.send("POST", "/v1/session", PAGE, body)
    assert (answer.status, answer.headers["Set-Cookie"]) == (status, None)


def test_a_session_is_no_key(page: Browser) -> None:
    """Its secret begins no session, and is no bearer. A session alone begins none either."""
    secret = page.cookie.partition("=")[2]
    assert page.send("POST", "/v1/session", PAGE, {"key": secret}).status == 401
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Browser(page.port).send("GET", "/v1/posts", bearer).status == 401
    assert page.send("POST", "/v1/session", PAGE).status == 415


def test_a_key_is_no_cookie(stranger: Browser, key: str) -> None:
    """Each kind of secret is found among its own kind."""
    assert stranger.send("GET", "/v1/posts", {"Cookie": f"splitflap-session={key}"}).status == 401


def test_a_request_with_a_key_has_no_session(stranger: Browser, key: str) -> None:
    """404, for the session is not there; 401 without any credential."""
    with_key = {"Authorization": f"Bearer {key}"}
    for method in ("GET", "DELETE"):
        assert stranger.send(method, "/v1/session", with_key).status == 404
        assert stranger.send(method, "/v1/session", PAGE).status == 401


def test_two_sessions_of_a_key_end_apart(page: Browser, key: str) -> None:
    """Each browser has its own."""
    other = Browser(page.port)
    other.log_in(key)
    assert page.cookie != other.cookie
    ended = page.send("DELETE", "/v1/session", PAGE)
    assert ended.status == 204
    _, value, attributes = ended.cookie
    assert (value, attributes["Max-Age"], attributes["Path"]) == ("", "0", "/")
    assert (status(page), status(other)) == (401, 200)
    # The browser may be offline, or its thief may keep the cookie.
    assert page.send("DELETE", "/v1/session", PAGE).status == 401


def test_a_new_sign_in_ends_the_session_that_it_replaces(page: Browser, key: str) -> None:
    """The browser forgets its cookie, so nobody could end that session by it."""
    old = page.cookie
    page.log_in(key)
    assert (status(page), page.send("GET", "/v1/session", {"Cookie": old}).status) == (200, 401)
    assert page.send("POST", "/v1/session", PAGE, {"key": "wrong"}).status == 401
    assert status(page) == 200


def test_an_account_sees_its_own_sessions(server: Server, make_key: MakeKey) -> None:
    """Newest first, with the present one marked, of all its keys; and those of no other account."""
    one, two = make_key("read", account="shown")[1], make_key("write", account="shown")[1]
    stranger = make_key("read", "write", "admin", account="hidden")[1]
    browsers = [Browser(server.port) for _ in range(3)]
    sessions = [
        browser.log_in(key) for browser, key in zip(browsers, (one, two, stranger), strict=True)
    ]
    listed = browsers[0].send("GET", "/v1/sessions").json
    assert [each["id"] for each in listed["items"]] == [sessions[1]["id"], sessions[0]["id"]]
    assert [each["current"] for each in listed["items"]] == [False, True]
    assert [each["scopes"] for each in listed["items"]] == [["write"], ["read"]]
    page = browsers[0].send("GET", "/v1/sessions?limit=1").json
    assert page["next"]
    rest = browsers[0].send("GET", f"/v1/sessions?limit=1&after={page['next']}").json
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([sessions[0]["id"]], None)
    with_key = {"Authorization": f"Bearer {one}"}
    listed = Browser(server.port).send("GET", "/v1/sessions", with_key).json
    assert [each["current"] for each in listed["items"]] == [False, False]


def test_a_session_is_ended_from_another_browser(page: Browser, key: str) -> None:
    """As after the loss of a laptop. The present one is ended too, with its cookie."""
    lost = Browser(page.port)
    lost_id = lost.log_in(key)["id"]
    answer = end(page, lost_id)
    assert (answer.status, answer.headers["Set-Cookie"]) == (204, None)
    assert (status(lost), status(page)) == (401, 200)
    assert end(page, lost_id).status == 404
    own = end(page, page.send("GET", "/v1/session").json["id"])
    assert (own.status, own.cookie[1]) == (204, "")
    assert status(page) == 401


def test_no_account_ends_the_session_of_another(page: Browser, make_key: MakeKey) -> None:
    """Not even an admin's: the id is unknown there."""
    other = Browser(page.port)
    other.log_in(make_key("read", "write", "admin")[1])
    assert end(other, page.send("GET", "/v1/session").json["id"]).status == 404
    assert status(page) == 200


def test_a_key_that_only_reads_ends_its_own_sessions_alone(
    server: Server, make_key: MakeKey
) -> None:
    """Otherwise the weakest key of an account could log its owner out."""
    weak, strong = make_key("read", account="two")[1], make_key("write", account="two")[1]
    reader, writer, second = (Browser(server.port) for _ in range(3))
    reader.log_in(weak)
    writers = writer.log_in(strong)["id"]
    seconds = second.log_in(weak)["id"]
    assert end(reader, writers).status == 403
    assert end(reader, seconds).status == 204
    assert end(writer, reader.send("GET", "/v1/session").json["id"]).status == 204
    assert [status(each) for each in (reader, writer, second)] == [401, 200, 401]


def test_a_revoked_key_ends_its_sessions(
    server: Server, stranger: Browser, make_key: MakeKey
) -> None:
    """At once on this replica, with its streams. The key begins no other one."""
    key_id, key = make_key()
    stranger.log_in(key)
    other = Browser(server.port)
    other.log_in(make_key()[1])
    with Stream(server.port, {"Cookie": stranger.cookie}) as stream:
        revoke(server, key_id)
        assert (status(stranger), status(other)) == (401, 200)
        assert stranger.send("POST", "/v1/session", PAGE, {"key": key}).status == 401
        stream.read_to_end()


def test_an_ended_session_ends_its_streams(server: Server, page: Browser, key: str) -> None:
    """Those of another session of the key go on."""
    other = Browser(server.port)
    other.log_in(key)
    with (
        Stream(server.port, {"Cookie": page.cookie}) as ended,
        Stream(server.port, {"Cookie": other.cookie}) as goes_on,
    ):
        assert page.send("DELETE", "/v1/session", PAGE).status == 204
        ended.read_to_end()
        other.send("POST", "/v1/posts", PAGE, {"text": "x"})
        goes_on.read_until("accepted")


def test_an_expired_session_ends_with_its_streams(server: Server, page: Browser) -> None:
    """As a revoked key does; the replica may take the secret for its cache's few seconds more."""
    with Stream(server.port, {"Cookie": page.cookie}) as stream:
        expire_all(server)
        stream.read_to_end()
    wait_until(lambda: status(page) == 401, "the end of the session")
    assert page.send("GET", "/v1/sessions").status == 401


def test_an_ended_session_ends_its_wait(page: Browser) -> None:
    """The response is the running task."""
    with ThreadPoolExecutor(1) as threads:
        sent = PAGE | {"Prefer": "wait=30"}
        waiting = threads.submit(page.send, "POST", "/v1/posts", sent, {"text": "x"})
        wait_until(lambda: page.send("GET", "/v1/posts").json["items"], "the post")
        assert page.send("DELETE", "/v1/session", PAGE).status == 204
        assert waiting.result(PATIENCE).status == 202


def test_a_session_has_the_scopes_of_its_key(server: Server, make_key: MakeKey) -> None:
    """No fewer and no more."""
    reader, admin = Browser(server.port), Browser(server.port)
    reader.log_in(make_key("read")[1])
    admin.log_in(make_key("read", "admin")[1])
    body = {"account": "new", "scopes": ["read"]}
    assert reader.send("GET", "/v1/posts").status == 200
    assert reader.send("POST", "/v1/posts", PAGE, {"text": "x"}).status == 403
    assert reader.send("POST", "/v1/keys", PAGE, body).status == 403
    assert admin.send("POST", "/v1/keys", PAGE, body).status == 201


@pytest.mark.servers
def test_every_replica_knows_the_session(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And its end, after the few seconds of its cache."""
    with ExitStack() as exits:
        one, two = (
            exits.enter_context(
                replica(tmp_path_factory.mktemp("replica"), SPLITFLAP_DATABASE_URL=database)
            )
            for _ in range(2)
        )
        here = Browser(one.port)
        session = here.log_in(KEY)
        there = Browser(two.port, cookie=here.cookie)
        assert there.send("GET", "/v1/session").json["id"] == session["id"]
        with Stream(two.port, {"Cookie": here.cookie}) as stream:
            assert end(here, session["id"]).status == 204
            stream.read_to_end()
        wait_until(lambda: status(there) == 401, "the end on the other replica")


def test_sign_ins_with_wrong_keys_have_the_rate_of_strangers(tmp_path: Path) -> None:
    """A flood of them costs a browser with a session nothing."""
    with replica(tmp_path, SPLITFLAP_RATE_LIMIT="5") as server:
        page, flood = Browser(server.port), Browser(server.port)
        page.log_in(KEY)
        statuses = [
            flood.send("POST", "/v1/session", PAGE, {"key": f"wrong{number}"}).status
            for number in range(40)
        ]
        assert set(statuses) == {401, 429}
        assert statuses.count(429) > statuses.count(401)
        assert status(page) == 200


def test_sessions_share_the_rate_of_their_key(tmp_path: Path) -> None:
    """Else many sessions would be many keys."""
    with replica(tmp_path, SPLITFLAP_RATE_LIMIT="5") as server:
        pages = []
        for _ in range(3):
            page = Browser(server.port)
            wait_until(partial(logged_in, page), "a login")
            # From now on the replica knows the key of the session.
            wait_until(partial(reads, page), "a read")
            pages.append(page)
        statuses = [status(page) for _ in range(10) for page in pages]
        assert statuses.count(429) > statuses.count(200)


def reads(browser: Browser) -> bool:
    """Whether a read succeeds now."""
    return status(browser) == 200


def logged_in(browser: Browser) -> bool:
    """Whether a login succeeds now."""
    answer = browser.send("POST", "/v1/session", PAGE, {"key": KEY})
    if answer.status == 201:
        name, value, _ = answer.cookie
        browser.cookie = f"{name}={value}"
    return answer.status == 201
