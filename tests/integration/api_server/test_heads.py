"""Heads of requests by the letter of RFC 9110 and RFC 9112: the answers are on the wire."""

import json
import re

import pytest

from .rig import GET_INDEX, POST, Server, answer_of, everything

JSON_POST = POST + b"Content-Type: application/json\r\n"
BODY = b"Content-Length: 12\r\n"
CHUNKED = b"c\r\n" + b'{"text":"x"}' + b"\r\n0\r\n\r\n"


def get(*fields: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    """A request without a body."""
    return b"\r\n".join([line, *fields, b"", b""])


def check_refused(server: Server, data: bytes, status: int, slug: str) -> None:
    """The answer is this problem, announces the end of the connection, and is the last one."""
    with server.connect() as client:
        client.sendall(data + GET_INDEX)
        answer = answer_of(client)
        assert everything(client) == b""
    assert (answer.status, answer.closes) == (status, True), answer
    assert json.loads(answer.body)["type"] == f"/v1/problems/{slug}"
    assert answer.head["content-type"] == "application/problem+json"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", answer.head["date"])
    assert answer.head["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [b"Host: a", b"Host: a"],
        [b"Host: a", b"host: b"],
        *(
            [b"Host: " + value]
            for value in (
                *(b"", b":80", b"a b", b"a/b", b"a@b", b"a:b", b"a:999999", b"http://a", b"a, b"),
                *(b"[::1", b"[]", b"[zz]", b"[1.2.3.4]", b"[::1%25eth0]", b"%zz", b"ex\xe4mple"),
            )
        ),
    ],
)
def test_http_1_1_needs_exactly_one_valid_host(patient: Server, fields: list[bytes]) -> None:
    """Else 400 (RFC 9112, section 3.2)."""
    check_refused(patient, get(*fields), 400, "bad-request")


@pytest.mark.parametrize(
    "host", [b"a", b"a.example:80", b"a:", b"127.0.0.1", b"[::1]:8000", b"a_b", b"%41", b"xn--a"]
)
def test_a_valid_host_is_accepted(patient: Server, host: bytes) -> None:
    """Names, addresses, and an optional port."""
    with patient.connect() as client:
        client.sendall(get(b"Host: " + host))
        assert answer_of(client).status == 200


def test_http_1_0_needs_no_host(patient: Server) -> None:
    """An invalid one is refused all the same."""
    with patient.connect() as client:
        client.sendall(get(line=b"GET / HTTP/1.0"))
        answer = answer_of(client)
        assert (answer.status, answer.closes) == (200, True)
        assert everything(client) == b""
    check_refused(patient, get(b"Host: a b", line=b"GET / HTTP/1.0"), 400, "bad-request")


@pytest.mark.parametrize("size", [4_090, 5_000, 20_000, 2_000_000])
def test_a_target_that_is_too_long_gets_414(patient: Server, size: int) -> None:
    """Also if it is longer than the buffers between client and server."""
    line = b"GET /%s HTTP/1.1" % (b"a" * size)
    check_refused(patient, get(b"Host: a", line=line), 414, "target-too-long")


@pytest.mark.parametrize(
    "fields",
    [
        [b"X: " + b"a" * 9_000],
        [b"X: a"] * 101,
        [b"X: " + b"a" * 4_000] * 9,
        [b"X: " + b"a" * 8_000] * 300,
        [b"X: " + b"a" * 2_000_000],
    ],
    ids=["field", "fields", "head", "two megabytes", "one field of two megabytes"],
)
def test_a_head_that_is_too_large_gets_431(patient: Server, fields: list[bytes]) -> None:
    """A field, the number of fields, and the whole head have limits."""
    check_refused(patient, get(b"Host: a", *fields), 431, "head-too-large")


@pytest.mark.parametrize(
    "method", [b"BREW", b"PROPFIND", b"get", b"Get", b"X", b"A" * 30, b"CONNECT", b"QUERY!"]
)
def test_an_unknown_method_gets_501(patient: Server, method: bytes) -> None:
    """Methods are case-sensitive (RFC 9110, section 9.1)."""
    check_refused(patient, get(b"Host: a", line=method + b" / HTTP/1.1"), 501, "not-implemented")


@pytest.mark.parametrize("method", [b"PATCH", b"OPTIONS", b"TRACE", b"DELETE"])
def test_a_known_method_that_a_resource_lacks_gets_405(patient: Server, method: bytes) -> None:
    """The connection stays."""
    with patient.connect() as client:
        client.sendall(get(b"Host: a", line=method + b" / HTTP/1.1"))
        answer = answer_of(client)
        assert (answer.status, answer.closes) == (405, False)
        assert answer.head["allow"]


def test_options_of_the_server_lists_its_methods(patient: Server) -> None:
    """`OPTIONS *` needs no key, and serves as a ping (RFC 9110, section 9.3.7)."""
    with patient.connect() as client:
        client.sendall(get(b"Host: a", line=b"OPTIONS * HTTP/1.1"))
        answer = answer_of(client, "OPTIONS")
    assert (answer.status, answer.closes, answer.body) == (204, False, b"")
    assert answer.head["allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_an_asterisk_is_a_target_of_options_alone(patient: Server, method: bytes) -> None:
    """RFC 9112, section 3.2.4."""
    check_refused(patient, get(b"Host: a", line=method + b" * HTTP/1.1"), 400, "bad-request")


def test_a_method_that_is_no_token_gets_400(patient: Server) -> None:
    """Such bytes are no HTTP."""
    check_refused(patient, get(b"Host: a", line=b"G(T / HTTP/1.1"), 400, "bad-request")


@pytest.mark.parametrize(
    ("version", "status", "slug"),
    [
        (b"HTTP/2.0", 505, "version-not-supported"),
        (b"HTTP/0.9", 505, "version-not-supported"),
        (b"http/1.1", 400, "bad-request"),
        (b"HTTP/1.1.1", 400, "bad-request"),
    ],
)
def test_another_version_is_refused(
    patient: Server, version: bytes, status: int, slug: str
) -> None:
    """505 for a version, 400 for another text."""
    check_refused(patient, get(b"Host: a", line=b"GET / " + version), status, slug)


def test_the_server_answers_with_its_own_version(patient: Server) -> None:
    """A later minor version is compatible (RFC 9110, section 6.2)."""
    with patient.connect() as client:
        client.sendall(get(b"Host: a", line=b"GET / HTTP/1.2"))
        assert client.recv(9) == b"HTTP/1.1 "


@pytest.mark.parametrize("expect", [b"x", b"100-continue, x", b"200-ok"])
def test_an_unknown_expectation_gets_417(patient: Server, expect: bytes) -> None:
    """100-continue is the only one (RFC 9110, section 10.1.1)."""
    data = JSON_POST + b"Content-Length: 2\r\nExpect: " + expect + b"\r\n\r\n{}"
    check_refused(patient, data, 417, "expectation-failed")


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: GZIP,Chunked",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: x, chunked",
        b"Transfer-Encoding: identity, chunked",
    ],
)
def test_a_transfer_coding_beside_chunked_gets_501(patient: Server, fields: bytes) -> None:
    """The server would have to decode it (RFC 9112, section 6.1)."""
    check_refused(patient, JSON_POST + fields + b"\r\n\r\n" + CHUNKED, 501, "not-implemented")


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: x",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked;x=y",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 27",
        b"Content-Length: 27\r\nTransfer-Encoding: gzip, chunked",
        b"Content-Length: 1\r\nContent-Length: 1",
        b"Content-Length: 1, 1",
        b"Content-Length: +1",
        b"Content-Length: -1",
        b"Content-Length: 0x1",
        b"Content-Length: 1 1",
        b"Content-Length:",
        b"Content-Length: \xb2",
        b"X: y\r\n z",
        b"X: y\nZ: z",
        b"X: y\0z",
    ],
)
def test_unsound_framing_gets_400(patient: Server, fields: bytes) -> None:
    """The end of such a request is ambiguous (RFC 9112, section 6.3)."""
    check_refused(patient, JSON_POST + fields + b"\r\n\r\n" + CHUNKED, 400, "bad-request")


def test_chunks_in_http_1_0_get_400(patient: Server) -> None:
    """HTTP/1.0 has no transfer codings (RFC 9112, section 6.1)."""
    head = JSON_POST.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Transfer-Encoding: chunked\r\n\r\n"
    check_refused(patient, head + CHUNKED, 400, "bad-request")


@pytest.mark.parametrize(
    "fields",
    [
        [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: eA=="],
        [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"],
        [b"Upgrade: x"],
    ],
)
def test_upgrade_is_ignored(patient: Server, fields: list[bytes]) -> None:
    """The server answers in HTTP/1.1, and keeps the connection."""
    with patient.connect() as client:
        for _ in range(2):
            client.sendall(get(b"Host: a", *fields))
            answer = answer_of(client)
            assert (answer.status, answer.closes) == (200, False)


@pytest.mark.parametrize(
    ("line", "field", "closes"),
    [
        (b"GET / HTTP/1.1", b"Connection: close", True),
        (b"GET / HTTP/1.1", b"Connection: Close, x", True),
        (b"GET / HTTP/1.1", b"Connection: x\r\nConnection: close", True),
        (b"GET / HTTP/1.1", b"Connection: keep-alive, close", True),
        (b"GET / HTTP/1.1", b"Connection: closed", False),
        (b"GET / HTTP/1.0", b"X: y", True),
        (b"GET / HTTP/1.0", b"Connection: Keep-Alive", False),
        (b"GET / HTTP/1.0", b"Connection: x, keep-alive", False),
    ],
)
def test_the_client_decides_by_any_member_of_connection(
    patient: Server, line: bytes, field: bytes, closes: bool
) -> None:
    """The response repeats the decision, and the server keeps to it."""
    with patient.connect() as client:
        client.sendall(get(b"Host: a", field, line=line))
        answer = answer_of(client)
        assert (answer.status, answer.closes) == (200, closes)
        if closes:
            assert everything(client) == b""
        else:
            client.sendall(GET_INDEX)
            assert answer_of(client).status == 200


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (b"Idempotency-Key", (b"a", b"b")),
        (b"Idempotency-Key", (b'"a"', b'"a"')),
        (b"Authorization", (b"Bearer x", b"Bearer y")),
        (b"Content-Type", (b"application/json", b"application/json")),
        (b"Last-Event-ID", (b"1", b"2")),
        (b"last-event-id", (b"", b"2")),
    ],
)
def test_a_field_with_one_value_comes_once(
    patient: Server, name: bytes, values: tuple[bytes, bytes]
) -> None:
    """Only a list may have several lines (RFC 9110, section 5.3)."""
    lines = [name + b": " + value for value in values]
    check_refused(patient, get(b"Host: a", *lines), 400, "bad-request")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Prefer: respond-async\r\nPrefer: wait=0", 202),
        (b'If-None-Match: "a"\r\nIf-None-Match: "b"', 202),
        (b'If-Match: "a"\r\nIf-Match: "b"', 412),
        (b"Accept: text/html\r\nAccept: */*", 202),
    ],
)
def test_a_list_may_have_several_lines(patient: Server, fields: bytes, status: int) -> None:
    """They count as one list."""
    with patient.connect() as client:
        client.sendall(JSON_POST + fields + b"\r\n" + BODY + b"\r\n" + b'{"text":"x"}')
        assert answer_of(client).status == status


def test_a_refused_head_request_has_no_body(patient: Server) -> None:
    """The Content-Length is that of the problem."""
    with patient.connect() as client:
        client.sendall(get(line=b"HEAD / HTTP/1.1"))
        head = everything(client)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert head.endswith(b"\r\n\r\n")


def test_a_target_may_be_absolute(patient: Server) -> None:
    """RFC 9112, section 3.2.2."""
    with patient.connect() as client:
        client.sendall(get(b"Host: a", line=b"GET http://b/v1/openapi.json HTTP/1.1"))
        assert answer_of(client).status == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (POST.replace(b"Bearer ", b"Bearer x") + BODY, 401),
        (JSON_POST.replace(b"/v1/posts", b"/v1/nowhere") + BODY, 404),
        (JSON_POST.replace(b"POST", b"DELETE") + BODY, 405),
        (JSON_POST + b"Content-Length: 400000\r\n", 413),
        (POST + b"Content-Type: text/plain\r\n" + BODY, 415),
        (JSON_POST.replace(b"/v1/posts", b"/v1/posts?x=y") + BODY, 400),
        (JSON_POST + BODY + b"Idempotency-Key: x y\r\n", 400),
        (JSON_POST.replace(b"/v1/posts", b"/v1/keys") + BODY + b"Idempotency-Key: x\r\n", 400),
        (JSON_POST + BODY + b"If-Match: x\r\n", 400),
        (JSON_POST + BODY + b'If-Match: "x"\r\n', 412),
        (JSON_POST.replace(b"POST /v1/posts", b"PUT /v1/posts/nope") + BODY, 404),
        (JSON_POST + b"Content-Length: 397313\r\n", 413),
        (JSON_POST + BODY + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n", 400),
    ],
)
def test_a_refusal_by_the_head_precedes_100_continue(
    patient: Server, head: bytes, status: int
) -> None:
    """The client saves the body. The connection ends, since a client may send it all the same."""
    with patient.connect() as client:
        client.sendall(head + b"Expect: 100-continue\r\n\r\n")
        answer = answer_of(client)
        assert (answer.status, answer.closes) == (status, True)
        assert everything(client) == b""


def test_100_continue_precedes_an_accepted_body(patient: Server) -> None:
    """The final response follows the body, and the connection stays."""
    with patient.connect() as client:
        client.sendall(JSON_POST + BODY + b"Expect: 100-continue\r\n\r\n")
        assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b'{"text":"x"}')
        answer = answer_of(client)
        assert (answer.status, answer.closes) == (202, False)


def test_a_request_without_a_body_gets_no_100_continue(patient: Server) -> None:
    """It has nothing to continue (RFC 9110, section 10.1.1)."""
    with patient.connect() as client:
        client.sendall(get(b"Host: a", b"Expect: 100-continue"))
        assert answer_of(client).status == 200
        client.sendall(JSON_POST + b"Content-Length: 0\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(13) == b"HTTP/1.1 400 "
