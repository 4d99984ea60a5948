"""A cookie counts only for requests of the own page: CSRF, login CSRF, cookies of other hosts."""

from collections.abc import Mapping

import pytest

from .browser import PAGE, Answer, Browser
from .conftest import MakeKey

ID = "0192f0c8-0000-7000-8000-000000000001"

#: Requests that change something, and one of each kind of resource.
CHANGES = [
    ("POST", "/v1/posts", {"text": "x"}),
    ("PUT", f"/v1/posts/{ID}", {"text": "x"}),
    ("DELETE", f"/v1/posts/{ID}", None),
    ("POST", "/v1/renders", {"text": "x"}),
    ("POST", "/v1/previews", {"url": "https://example.org/"}),
    ("DELETE", f"/v1/tasks/{ID}", None),
    ("POST", "/v1/keys", {"account": "evil", "scopes": ["admin"]}),
    ("DELETE", f"/v1/keys/{ID}", None),
    ("POST", "/v1/dead:drop", {"ids": [ID]}),
    ("POST", "/v1/stream-tokens", None),
    ("DELETE", "/v1/session", None),
    ("DELETE", f"/v1/sessions/{ID}", None),
]

#: Origins of other pages. `{port}` is the port of the service.
FOREIGN = {
    "null": "null",
    "empty": "",
    "other host": "http://evil.example",
    "other name of the host": "http://localhost:{port}",
    "other port": "http://127.0.0.1:1",
    "no port": "http://127.0.0.1",
    "other scheme": "https://127.0.0.1:{port}",
    "a file": "file://",
    "an extension": "chrome-extension://abcdefghijklmnop",
    "trailing dot": "http://127.0.0.1.:{port}",
    "upper case": "HTTP://127.0.0.1:{port}",
    "longer host": "http://127.0.0.1.evil.example:{port}",
    "longer port": "http://127.0.0.1:{port}0",
    "a path": "http://127.0.0.1:{port}/",
    "a user": "http://127.0.0.1:{port}@evil.example",
    "two origins": "http://127.0.0.1:{port} http://evil.example",
}


@pytest.fixture
def admin(stranger: Browser, make_key: MakeKey) -> Browser:
    """A page with every right."""
    stranger.log_in(make_key("read", "write", "admin")[1])
    return stranger


def is_refused(answer: Answer) -> bool:
    """Whether the page was not believed."""
    return answer.status == 403 and answer.problem == "not-own-page"


def log_in(browser: Browser, key: str, headers: Mapping[str, str | list[str]]) -> Answer:
    """Try to begin a session."""
    return browser.send("POST", "/v1/session", headers, {"key": key})


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_cookie_without_the_header_changes_nothing(
    admin: Browser, method: str, path: str, body: object
) -> None:
    """A form of another site, or a thief of the cookie alone. With the header the API reads on."""
    assert is_refused(admin.send(method, path, {}, body))
    assert is_refused(admin.send(method, path, {"Origin": admin.origin}, body))
    assert not is_refused(admin.send(method, path, PAGE, body))


@pytest.mark.parametrize("value", ["", "0", "true", "1, 1", "2", "on"])
def test_the_header_has_one_value(page: Browser, value: str) -> None:
    """Another value is refused like none."""
    assert is_refused(page.send("POST", "/v1/posts", {"Splitflap-Page": value}, {"text": "x"}))


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN)
def test_a_cookie_counts_for_no_other_origin(page: Browser, key: str, origin: str) -> None:
    """Neither to read nor to change nor to begin a session."""
    sent = PAGE | {"Origin": origin.format(port=page.port)}
    assert is_refused(page.send("GET", "/v1/posts", sent))
    assert is_refused(page.send("GET", "/v1/events", sent))
    assert is_refused(page.send("POST", "/v1/posts", sent, {"text": "x"}))
    login = log_in(Browser(page.port), key, sent)
    assert is_refused(login)
    assert login.headers["Set-Cookie"] is None


@pytest.mark.parametrize(
    "site", ["cross-site", "same-site", "", "SAME-ORIGIN", "same-origin, none"]
)
def test_a_cookie_counts_for_no_other_site(page: Browser, key: str, site: str) -> None:
    """No script can set Sec-Fetch-Site. A page on another port is the same site."""
    sent = PAGE | {"Sec-Fetch-Site": site}
    for method, path, body in (("GET", "/v1/posts", None), ("POST", "/v1/posts", {"text": "x"})):
        assert is_refused(page.send(method, path, sent, body))
    assert page.send("HEAD", "/v1/posts", sent).status == 403
    assert is_refused(log_in(Browser(page.port), key, sent))


def test_the_own_page_names_its_own_origin(page: Browser) -> None:
    """As browsers do for a POST. A typed address has the site `none`."""
    own = {"Origin": page.origin, "Sec-Fetch-Site": "same-origin"}
    assert page.send("POST", "/v1/posts", PAGE | own, {"text": "x"}).status == 202
    assert page.send("GET", "/v1/posts", own).status == 200
    assert page.send("GET", "/v1/posts", {"Sec-Fetch-Site": "none"}).status == 200


@pytest.mark.parametrize(
    ("host", "https", "origin"),
    [
        ("board.example", False, "http://board.example"),
        ("Board.Example", False, "http://board.example"),
        ("board.example:80", False, "http://board.example"),
        ("board.example:8000", False, "http://board.example:8000"),
        ("board.example.", False, "http://board.example."),
        ("board.example", True, "https://board.example"),
        ("board.example:443", True, "https://board.example"),
        ("board.example:80", True, "https://board.example:80"),
        ("[::1]:8000", False, "http://[::1]:8000"),
    ],
)
def test_the_origin_is_compared_as_browsers_write_it(
    server_port: int, key: str, host: str, https: bool, origin: str
) -> None:
    """In lower case, without the default port, with the scheme that the proxy names."""
    browser = Browser(server_port, host=host, https=https)
    assert log_in(browser, key, PAGE | {"Origin": origin}).status == 201


@pytest.mark.parametrize(
    ("host", "https", "origin"),
    [
        ("board.example", True, "http://board.example"),
        ("board.example", False, "https://board.example"),
        ("board.example:443", False, "http://board.example"),
        ("board.example", True, "https://board.example:80"),
        ("board.example", True, "https://board.example."),
        ("board.example.", True, "https://board.example"),
        ("board.example", True, "https://sub.board.example"),
        ("board.example:8443", True, "https://board.example"),
    ],
)
def test_another_scheme_port_or_name_is_another_origin(
    server_port: int, key: str, host: str, https: bool, origin: str
) -> None:
    """An attacker on the network can serve pages without TLS for any name."""
    browser = Browser(server_port, host=host, https=https)
    assert is_refused(log_in(browser, key, PAGE | {"Origin": origin}))


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Original-Host", "Forwarded", "X-Host"])
def test_no_header_but_host_names_the_own_host(page: Browser, name: str) -> None:
    """The origin is compared with Host alone."""
    sent = PAGE | {"Origin": "http://evil.example", name: "evil.example"}
    assert is_refused(page.send("POST", "/v1/posts", sent, {"text": "x"}))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_begins_no_session(stranger: Browser, key: str, kind: str) -> None:
    """Login CSRF: a victim would write posts into an attacker's account."""
    body = b'{"key": "%s"}' % key.encode()
    for sent in ({}, {"Origin": stranger.origin}, {"Origin": "http://evil.example"}):
        answer = stranger.send("POST", "/v1/session", sent | {"Content-Type": kind}, body)
        assert is_refused(answer)
        assert answer.headers["Set-Cookie"] is None
    of_page = PAGE | {"Content-Type": kind}
    assert stranger.send("POST", "/v1/session", of_page, body).status == 415


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_no_header_changes_the_method(page: Browser, name: str) -> None:
    """A POST that says GET needs the header; a GET that says DELETE is a GET."""
    assert is_refused(page.send("POST", "/v1/posts", {name: "GET"}, {"text": "x"}))
    assert page.send("GET", "/v1/session", {name: "DELETE"}).status == 200
    assert page.send("GET", "/v1/session").status == 200
    assert page.send("GET", "/v1/session?_method=DELETE").status == 400


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PATCH", "QUERY"])
def test_other_methods_do_nothing(page: Browser, method: str) -> None:
    """They have no operation. TRACE does not show the cookie to a script."""
    answer = page.send(method, "/v1/session", PAGE)
    assert answer.status == 405
    assert page.cookie.encode() not in answer.body
    assert page.send("GET", "/v1/session").status == 200


def test_head_needs_no_header(page: Browser) -> None:
    """It only reads."""
    assert page.send("HEAD", "/v1/session").status == 200


def test_a_key_needs_no_page(stranger: Browser, key: str) -> None:
    """Programs send what they like beside a key: no browser adds it by itself."""
    sent = {"Authorization": f"Bearer {key}", "Origin": "null", "Sec-Fetch-Site": "cross-site"}
    assert stranger.send("POST", "/v1/posts", sent, {"text": "x"}).status == 202


def test_a_key_wins_over_the_cookie(page: Browser, make_key: MakeKey) -> None:
    """The request is that of the key's account, and needs no header."""
    _, other = make_key(account="other")
    sent = {"Authorization": f"Bearer {other}"}
    made = page.send("POST", "/v1/posts", sent, {"text": "x"})
    assert made.status == 202
    assert page.send("GET", made.headers["Location"]).status == 404
    assert page.send("GET", made.headers["Location"], sent).status == 202


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer", "Basic dTpw", "x"])
def test_the_cookie_does_not_help_a_wrong_key(page: Browser, value: str) -> None:
    """A request has one credential."""
    for method, body in (("GET", None), ("POST", {"text": "x"})):
        sent = PAGE | {"Authorization": value}
        assert page.send(method, "/v1/posts", sent, body).status == 401


@pytest.mark.parametrize("claimed", ["https", "HTTPS", "https, http"])
def test_a_claimed_scheme_finds_no_cookie_of_the_other(page: Browser, claimed: str) -> None:
    """No page can claim it: the header needs a preflight. The cookie without TLS does not count."""
    assert page.send("GET", "/v1/session", {"X-Forwarded-Proto": claimed}).status == 401
    assert page.send("GET", "/v1/session", {"X-Forwarded-Proto": "http"}).status == 200
