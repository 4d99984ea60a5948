"""Credentials in a parsed head and in raw bytes: both readings agree."""

from typing import Any

import pytest
from splitflap_api.contract.access.credentials import Credential, credential_of
from splitflap_api.overload.raw_credential import certain_credential, probable_credential

KEY, PAGE, STREAM = Credential("k", "key"), Credential("p", "page"), Credential("s", "stream")
EVENTS = "/v1/events?channel=x&token=s"
OTHER = "a=b; {}; splitflap-theme=dark"

#: Target and headers of a request, with its credential.
CASES: list[tuple[str, dict[str, str], Credential | None]] = [
    ("/v1/posts", {}, None),
    ("/v1/posts", {"Authorization": "Bearer k"}, KEY),
    ("/v1/posts", {"Authorization": "bearer  k"}, KEY),
    ("/v1/posts", {"Authorization": "Basic k"}, None),
    ("/v1/posts", {"Cookie": "splitflap-session=p"}, PAGE),
    ("/v1/posts", {"Cookie": OTHER.format("splitflap-session=p")}, PAGE),
    ("/v1/posts", {"Cookie": "splitflap-session2=p"}, None),
    ("/v1/posts", {"Cookie": "xsplitflap-session=p"}, None),
    ("/v1/posts", {"Cookie": "splitflap-session=p,q"}, None),
    ("/v1/posts", {"Cookie": "splitflap-session=p; splitflap-session=q"}, None),
    (
        "/v1/posts",
        {"Cookie": "__Host-splitflap-session=p", "X-Forwarded-Proto": "https"},
        PAGE,
    ),
    ("/v1/posts", {"Authorization": "Bearer k", "Cookie": "splitflap-session=p"}, KEY),
    ("/v1/posts", {"Authorization": "Basic k", "Cookie": "splitflap-session=p"}, None),
    (EVENTS, {}, STREAM),
    ("/v1/events?token=s&channel=x", {}, STREAM),
    ("/v1/events?mytoken=s", {}, None),
    ("/v1/posts?token=s", {}, None),
    (EVENTS, {"Authorization": "Bearer k"}, KEY),
    (EVENTS, {"Cookie": "splitflap-session=p"}, STREAM),
]


def environ_of(target: str, headers: dict[str, str]) -> dict[str, Any]:
    """The environment of a parsed head."""
    path, _, query = target.partition("?")
    names = {f"HTTP_{name.upper().replace('-', '_')}": of for name, of in headers.items()}
    return {"PATH_INFO": path, "QUERY_STRING": query, "wsgi.url_scheme": "http", **names}


def head_of(target: str, headers: dict[str, str]) -> bytes:
    """The bytes of the head."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "x", **headers}.items())
    return f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode()


@pytest.mark.parametrize(("target", "headers", "expected"), CASES)
def test_a_request_has_at_most_one_credential(
    target: str, headers: dict[str, str], expected: Credential | None
) -> None:
    """A key wins over a token, a token over a cookie. Raw bytes are never read otherwise."""
    assert credential_of(environ_of(target, headers)) == expected
    assert certain_credential(head_of(target, headers)) == expected


def test_the_first_bytes_may_tell_the_credential() -> None:
    """A gate has no more of a large head. It grants nothing."""
    head = head_of("/v1/posts", {"Cookie": "splitflap-session=p", "Accept": "x"})
    cut = head[: head.index(b"Accept")]
    assert probable_credential(cut) == PAGE
    assert certain_credential(cut) is None


def test_a_cookie_in_the_body_is_none() -> None:
    """Nor is a key."""
    body = b"\r\nauthorization: Bearer k\r\ncookie: splitflap-session=p\r\n\r\n"
    assert certain_credential(head_of("/v1/posts", {}) + body) is None
