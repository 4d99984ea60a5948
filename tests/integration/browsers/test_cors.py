"""CORS: pages of the configured origins use the API by a key, and no page by its cookie."""

from pathlib import Path

import pytest
from splitflap_api.contract import headers
from splitflap_api.contract.operations import Parameter

from .browser import PAGE, Browser
from .conftest import replica

APP = "https://app.example"

#: Origins that only look like an allowed one.
OTHERS = [
    "null",
    "*",
    "",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example:443",
    "https://app.example.",
    "https://APP.example",
    "HTTPS://app.example",
    "https://app.example/",
    "https://evil-app.example",
    "https://app.example.evil.example",
    "https://sub.app.example",
    "https://app.example https://evil.example",
    "https://app.example,https://evil.example",
    "http://localhost:3001",
    "http://localhost",
]


def ask(origin: str, method: str = "POST", headers: str = "authorization") -> dict[str, str]:
    """The fields of a preflight."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


def names(value: str | None) -> set[str]:
    """The members of a list, in lower case."""
    return {each.strip().lower() for each in (value or "").split(",")}


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
def test_a_configured_origin_reads_responses(stranger: Browser, key: str, origin: str) -> None:
    """It posts with its key, and reads where its task is."""
    sent = {"Origin": origin, "Authorization": f"Bearer {key}", "Sec-Fetch-Site": "cross-site"}
    answer = stranger.send("POST", "/v1/posts", sent, {"text": "x"})
    assert answer.status == 202
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "origin" in names(answer.headers["Vary"])
    exposed = names(answer.headers["Access-Control-Expose-Headers"])
    assert exposed >= {"location", "etag", "retry-after", "ratelimit", "ratelimit-policy", "link"}
    assert answer.headers["Access-Control-Allow-Credentials"] is None


@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin_reads_nothing(stranger: Browser, key: str, origin: str) -> None:
    """Caches learn that the response depends on the origin."""
    sent = {"Origin": origin, "Authorization": f"Bearer {key}"}
    for path in ("/v1/posts", "/v1/nothing", "/"):
        answer = stranger.send("GET", path, sent)
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert "origin" in names(answer.headers["Vary"])


@pytest.mark.parametrize("origin", OTHERS)
def test_a_preflight_of_another_origin_allows_nothing(stranger: Browser, origin: str) -> None:
    """It is a plain OPTIONS, which no resource has."""
    answer = stranger.send("OPTIONS", "/v1/posts", ask(origin))
    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/events", "/v1/tasks/x", "/v1/session"])
def test_a_preflight_needs_no_key(stranger: Browser, path: str) -> None:
    """A browser sends none with it. The response has no body."""
    answer = stranger.send("OPTIONS", path, ask(APP))
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Credentials"] is None
    assert int(answer.headers["Access-Control-Max-Age"] or 0) > 0
    assert "origin" in names(answer.headers["Vary"])


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "CONNECT", "BREW", "*"])
def test_a_preflight_allows_no_other_method(stranger: Browser, method: str) -> None:
    """The browser compares the list with the method that it asked for."""
    answer = stranger.send("OPTIONS", "/v1/posts", ask(APP, method=method))
    allowed = names(answer.headers["Access-Control-Allow-Methods"])
    assert allowed == {"get", "head", "post", "put", "delete"}


@pytest.mark.parametrize(
    "header", ["Splitflap-Page", "Cookie", "Origin", "X-Forwarded-Proto", "Sec-Fetch-Site", "*"]
)
def test_a_preflight_allows_no_header_of_the_own_page(stranger: Browser, header: str) -> None:
    """Otherwise an application could pass for the page of this service."""
    answer = stranger.send("OPTIONS", "/v1/posts", ask(APP, headers=header))
    allowed = names(answer.headers["Access-Control-Allow-Headers"])
    assert header.lower() not in allowed
    assert allowed >= {"authorization", "content-type", "idempotency-key", "last-event-id"}


def test_a_preflight_allows_all_other_documented_headers(stranger: Browser) -> None:
    """What a key may do, a page that holds the key may do too."""
    documented = {
        each.name.lower()
        for value in vars(headers).values()
        for each in (value if isinstance(value, tuple) else (value,))
        if isinstance(each, Parameter)
    }
    answers = {each.name.lower() for each in headers.OF_RESPONSES}
    answer = stranger.send("OPTIONS", "/v1/posts", ask(APP))
    allowed = names(answer.headers["Access-Control-Allow-Headers"])
    assert documented - answers - {"splitflap-page"} <= allowed


def test_an_options_without_a_preflight_is_none(stranger: Browser) -> None:
    """A preflight has an origin, and names a method."""
    for sent in ({"Origin": APP}, {"Access-Control-Request-Method": "POST"}):
        assert stranger.send("OPTIONS", "/v1/posts", sent).status == 405


def test_a_refusal_is_read_too(stranger: Browser, key: str) -> None:
    """Else the page sees a network error, and no reason."""
    own = {"Origin": APP, "Authorization": f"Bearer {key}"}
    refused = {
        401: stranger.send("GET", "/v1/posts", {"Origin": APP}),
        403: stranger.send("GET", "/v1/keys", own),
        404: stranger.send("GET", "/v1/nothing", own),
        405: stranger.send("DELETE", "/v1/posts", own),
        415: stranger.send("POST", "/v1/posts", own | {"Content-Type": "text/plain"}, b"x"),
        422: stranger.send("POST", "/v1/posts", own, {}),
    }
    for status, answer in refused.items():
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, APP)


def test_the_cookie_counts_for_no_other_origin(page: Browser) -> None:
    """Not even for an allowed one on the same site, whose cookie the browser would send."""
    for sent in ({"Origin": APP}, {"Origin": APP, "Sec-Fetch-Site": "same-site"}):
        for method, path in (("GET", "/v1/posts"), ("DELETE", "/v1/session")):
            answer = page.send(method, path, PAGE | sent)
            assert (answer.status, answer.problem) == (403, "not-own-page")
    assert page.send("GET", "/v1/session").status == 200


def test_without_the_setting_no_origin_is_allowed(tmp_path: Path, key: str) -> None:
    """No field of CORS, and no Vary."""
    with replica(tmp_path) as server:
        browser = Browser(server.port)
        for origin in (APP, browser.origin, "null"):
            answer = browser.send("GET", "/v1/posts", {"Origin": origin})
            assert not [name for name in answer.headers if name.startswith("Access-Control")]
            assert answer.headers["Vary"] is None
            assert browser.send("OPTIONS", "/v1/posts", ask(origin)).status == 405


def test_a_page_reads_when_it_may_try_again(tmp_path: Path) -> None:
    """429 of the rate limit, with Retry-After."""
    with replica(tmp_path, SPLITFLAP_CORS_ORIGINS=APP, SPLITFLAP_RATE_LIMIT="1") as server:
        browser = Browser(server.port)
        sent = {"Origin": APP, "Authorization": "Bearer unknown"}
        answers = [browser.send("GET", "/v1/posts", sent) for _ in range(6)]
        limited = [each for each in answers if each.status == 429]
        assert limited
        for each in limited:
            assert each.headers["Access-Control-Allow-Origin"] == APP
            assert each.headers["Retry-After"]
