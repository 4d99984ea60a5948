"""The cookie of a session: its attributes, its two names, and cookies that others have set."""

import pytest

from .browser import PAGE, Browser

PLAIN = "splitflap-session"
SECURE = "__Host-splitflap-session"


def value_of(browser: Browser) -> str:
    """The secret of the browser's session."""
    return browser.cookie.partition("=")[2]


def status_with(browser: Browser, cookie: str | list[str]) -> int:
    """The status of a read with this Cookie."""
    return browser.send("GET", "/v1/session", {"Cookie": cookie}).status


def test_without_tls_the_cookie_is_plain(stranger: Browser, key: str) -> None:
    """No script reads it, no other site sends it, and no other host gets it."""
    answer = stranger.send("POST", "/v1/session", PAGE, {"key": key})
    name, _, attributes = answer.cookie
    assert name == PLAIN
    assert attributes == {"HttpOnly": "", "Max-Age": "604800", "Path": "/", "SameSite": "Strict"}


@pytest.mark.parametrize("forwarded", ["https", "HTTPS", "https,http"])
def test_with_tls_no_other_host_can_set_the_cookie(
    stranger: Browser, key: str, forwarded: str
) -> None:
    """The prefix demands Secure and Path=/, and forbids Domain."""
    sent = PAGE | {"X-Forwarded-Proto": forwarded}
    name, _, attributes = stranger.send("POST", "/v1/session", sent, {"key": key}).cookie
    assert name == SECURE
    assert attributes == {
        "HttpOnly": "",
        "Max-Age": "604800",
        "Path": "/",
        "SameSite": "Strict",
        "Secure": "",
    }


def test_only_the_name_of_the_scheme_counts(server_port: int, key: str) -> None:
    """A page without TLS on the same host could set the plain one."""
    for https, wrong in ((True, PLAIN), (False, SECURE)):
        browser = Browser(server_port, https=https)
        browser.log_in(key)
        assert browser.send("GET", "/v1/session").status == 200
        assert status_with(browser, f"{wrong}={value_of(browser)}") == 401


def test_a_tossed_plain_cookie_changes_nothing_with_tls(server_port: int, key: str) -> None:
    """A sibling host sets one for the whole domain. The victim stays in the own session."""
    victim, attacker = Browser(server_port, https=True), Browser(server_port)
    session = victim.log_in(key)
    attacker.log_in(key)
    for cookies in (f"{attacker.cookie}; {victim.cookie}", f"{victim.cookie}; {attacker.cookie}"):
        shown = victim.send("GET", "/v1/session", {"Cookie": cookies})
        assert shown.json["id"] == session["id"]


def test_two_cookies_of_one_name_are_refused(page: Browser, key: str) -> None:
    """Browsers send the one with the longer path first, so an order says nothing."""
    other = Browser(page.port)
    other.log_in(key)
    for cookies in (
        f"{page.cookie}; {other.cookie}",
        f"{other.cookie}; {page.cookie}",
        f"{page.cookie}; a=b; {page.cookie}",
    ):
        answer = page.send("GET", "/v1/session", {"Cookie": cookies})
        assert (answer.status, answer.problem) == (401, "unauthorized")
        assert "several" in answer.json["detail"]
        assert (
            page.send("POST", "/v1/posts", PAGE | {"Cookie": cookies}, {"text": "x"}).status == 401
        )


@pytest.mark.parametrize(
    "around",
    ["{}", "a=b; {}", "{}; a=b", "a=b;{};c=d", "  {}  ", "a; {}", "=x; {}", "a==b; {};", "; ; {}"],
)
def test_other_cookies_are_ignored(page: Browser, around: str) -> None:
    """Applications on the same host have theirs."""
    assert status_with(page, around.format(page.cookie)) == 200


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "{name}",
        "{name}=",
        "{name}=wrong",
        '{name}="{value}"',
        "{name}={value}x",
        "{name}={value},a=b",
        "a=b,{name}={value}",
        "{name} = {value}",
        "{upper}={value}",
        "x{name}={value}",
        "{name}2={value}",
        "{name}.={value}",
        "$Version=1; ${name}={value}",
        "={name}={value}",
        "{value}",
        "{name}=\x01{value}",
        "{name}=%73{value}",
        "a={name}={value}",
        'a="; {name}={value}"',
    ],
)
def test_a_malformed_cookie_is_no_session(page: Browser, cookie: str) -> None:
    """It is not mended."""
    sent = cookie.format(name=PLAIN, upper=PLAIN.upper(), value=value_of(page))
    # The parser of HTTP refuses control characters.
    assert status_with(page, sent) in ({400} if "\x01" in sent else {401})


def test_a_second_cookie_field_does_not_count(page: Browser) -> None:
    """A browser sends one (RFC 6265, section 5.4)."""
    assert status_with(page, ["a=b", page.cookie]) == 401
    assert status_with(page, [page.cookie, page.cookie]) == 401


def test_an_enormous_cookie_is_refused_or_ignored(page: Browser) -> None:
    """8,190 bytes fit into a field. A thousand cookies are read in no time."""
    small = "; ".join(f"c{number}=x" for number in range(900))
    assert status_with(page, f"{small}; {page.cookie}") == 200
    assert status_with(page, f"a={'x' * 8_000}; {page.cookie}") == 200
    assert status_with(page, f"a={'x' * 9_000}; {page.cookie}") == 431
    assert status_with(page, f"{PLAIN}={'x' * 8_000}") == 401


def test_a_cookie_before_the_sign_in_is_not_adopted(stranger: Browser, key: str) -> None:
    """Session fixation: the secret is always the server's, and a new one for each login."""
    chosen = "sfs_" + "A" * 43
    sent = PAGE | {"Cookie": f"{PLAIN}={chosen}"}
    first = stranger.send("POST", "/v1/session", sent, {"key": key})
    assert first.status == 201
    second = stranger.send("POST", "/v1/session", sent, {"key": key})
    assert len({chosen, first.cookie[1], second.cookie[1]}) == 3
    assert status_with(stranger, f"{PLAIN}={chosen}") == 401
