"""Bad requests, and the problem that refuses each."""

from typing import Any, NamedTuple

from tests.system.rig.stack import ADMIN

JSON = "Content-Type: application/json"
ID = "01890a5d-ac96-774b-bcce-b302099a8057"

#: Bytes: the longest text (in UTF-8), and the largest body.
MAX_TEXT = 65_536
MAX_BODY = 6 * MAX_TEXT + 4096


class Case(NamedTuple):
    """A request, and the problem that must refuse it."""

    name: str
    status: int
    #: The end of the problem's type.
    slug: str
    body: Any = None
    path: str = "/v1/posts"
    method: str = "POST"
    #: The member of the body, the query parameter or the header that the problem names.
    field: str | None = None
    headers: tuple[str, ...] = (JSON,)
    key: str | None = ADMIN


def text(value: Any, **more: Any) -> Any:
    """The body of a post."""
    return {"text": value, **more}


def url(value: str) -> Case:
    """A preview of an invalid URL."""
    return Case(f"url {value[:20]!r}", 422, "invalid", {"url": value}, "/v1/previews", field="url")


def listing(query: str, field: str) -> Case:
    """A list of posts with an invalid query."""
    return Case(f"list {query}", 400, "bad-request", None, f"/v1/posts?{query}", "GET", field, ())


def header(line: str, path: str = "/v1/posts", method: str = "POST") -> Case:
    """A request with an invalid header."""
    name = line.partition(":")[0]
    body = text("fine")
    return Case(f"header {line[:40]}", 400, "bad-request", body, path, method, name, (JSON, line))


BODIES = [
    Case("not JSON", 400, "bad-json", b"{text"),
    Case("empty body", 400, "bad-json", b""),
    Case("truncated UTF-8", 400, "bad-json", b'{"text": "\xc3"}'),
    Case("lone surrogate", 400, "bad-json", b'{"text": "\\ud800"}'),
    Case("deep nesting", 422, "invalid", b'{"text": ' + b"[" * 20_000, field="text"),
    Case("two values", 400, "bad-json", b'{"text": "a"} {}'),
    Case("list", 422, "invalid", []),
    Case("null", 422, "invalid", b"null"),
    Case("no text", 422, "invalid", {}, field="text"),
    Case("empty text", 422, "invalid", text(""), field="text"),
    Case("text of white space", 422, "invalid", text(" \t\n\u3000"), field="text"),
    Case("text of null", 422, "invalid", text(None), field="text"),
    Case("text of number", 422, "invalid", text(1), field="text"),
    Case("text of list", 422, "invalid", text(["a"]), field="text"),
    Case("NUL", 422, "invalid", text("a\0b"), field="text"),
    Case("unknown field", 422, "invalid", text("a", chanel="x"), field="chanel"),
    Case("channel of number", 422, "invalid", text("a", channel=5), field="channel"),
    *(
        Case(f"channel {name[:9]!r}", 422, "invalid", text("a", channel=name), field="channel")
        for name in ("", "a b", "a/b", "ä", "a\n", "-a", ".a", "a\0", "x" * 101)
    ),
    *(
        Case(f"text of {name}", 422, "invalid", text(blank), field="text")
        for name, blank in (
            ("white space", " \t\n"),
            ("Unicode spaces", "\u00a0\u2003\u3000"),
            ("zero-width characters", "\u200b\u200d\ufeff"),
            ("comments", "<!-- a -->\n\n[//]: # (b)"),
        )
    ),
    Case("render of a comment", 422, "invalid", text("<!-- a -->"), "/v1/renders", field="text"),
    Case("edit to a comment", 422, "invalid", text("<!-- a -->"), f"/v1/posts/{ID}", "PUT"),
    Case("text twice", 422, "invalid", b'{"text": "a", "text": "b"}', field="text"),
    Case("NaN", 400, "bad-json", b'{"text": NaN}'),
    Case(
        "text with too many characters", 413, "too-large", text("a" * (MAX_TEXT + 1)), field="text"
    ),
    Case("text with too many bytes", 413, "too-large", text("ä" * 40_000), field="text"),
    Case("body too large", 413, "too-large", text("a" * (MAX_BODY + 1))),
    Case("render without text", 422, "invalid", {}, "/v1/renders", field="text"),
    Case("render with NUL", 422, "invalid", text("\0"), "/v1/renders", field="text"),
    Case("edit with channel", 422, "invalid", text("a", channel="b"), f"/v1/posts/{ID}", "PUT"),
]
URLS = [
    *map(
        url,
        (
            "",
            "ftp://host/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "host/path",
            "//host/path",
            "http://",
            "http:///path",
            "http://a b/",
            "http://host/a b",
            " http://host/",
            "http://host/\n",
            "http://host/\0",
            "http://[::1/",
            "http://host:99999/",
            "http://host:port/",
            "http://host/" + "a" * 2000,
            "http://host/" + "ä" * 1900,
        ),
    ),
    Case("url of number", 422, "invalid", {"url": 1}, "/v1/previews", field="url"),
    Case(
        "refresh of string",
        422,
        "invalid",
        {"url": "http://h/", "refresh": "yes"},
        "/v1/previews",
    ),
]
TYPES = [
    Case(
        f"type {line}",
        415,
        "unsupported-media-type",
        text("a"),
        headers=tuple(filter(None, [line])),
    )
    for line in (
        "",
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: application/json; charset=latin-1",
    )
] + [
    Case(
        "encoding",
        415,
        "unsupported-media-type",
        text("a"),
        headers=(JSON, "Content-Encoding: gzip"),
    )
]
QUERIES = [
    *(listing(f"after={cursor}", "after") for cursor in ("", "x", "MTox", "%00", "a" * 300, "%ff")),
    *(listing(f"limit={limit}", "limit") for limit in ("", "0", "-1", "101", "x", "1.5", "9" * 30)),
    listing("channel=a%20b", "channel"),
    listing("channel=", "channel"),
    listing("limit=1&limit=2", "limit"),
    listing("offset=1", "offset"),
    *(
        Case(f"{method} {path} with a query", 400, "bad-request", text("a"), path, method, "a")
        for method, path in (
            ("POST", "/v1/posts?a=1"),
            ("POST", "/v1/renders?a"),
            ("PUT", f"/v1/posts/{ID}?a=1"),
            ("DELETE", f"/v1/posts/{ID}?a="),
            ("DELETE", f"/v1/tasks/{ID}?a=1"),
            ("GET", f"/v1/posts/{ID}?a=1"),
            ("POST", f"/v1/dead/{ID}/replay?a=1"),
        )
    ),
    Case(
        "events of an invalid channel",
        400,
        "bad-request",
        None,
        "/v1/events?channel=%00",
        "GET",
        "channel",
        (),
    ),
    *(
        Case(
            f"dead letters with {name}={value}",
            400,
            "bad-request",
            None,
            f"/v1/dead?{name}={value}",
            "GET",
            name,
            (),
        )
        for name in ("reason", "queue", "account")
        for value in ("%00", "a%00b")
    ),
    Case("index with a query", 400, "bad-request", None, "/?zz=1", "GET", "zz", ()),
    Case(
        "dead letters with limit 0",
        400,
        "bad-request",
        None,
        "/v1/dead?limit=0",
        "GET",
        "limit",
        (),
    ),
]
HEADERS = [
    *(
        header(f"If-Match: {tag}", f"/v1/posts/{ID}", "PUT")
        for tag in ("3", '"a', "W/", ",", '"a" b')
    ),
    *(header(f"If-None-Match: {tag}", f"/v1/posts/{ID}", "GET") for tag in ("3", "W/")),
    *(header(f"Idempotency-Key: {key}") for key in ("", '""', '"a', "a b", "x" * 256)),
    *(header("Idempotency-Key: k", path, "POST") for path in ("/v1/keys", f"/v1/dead/{ID}/replay")),
    Case(
        "Last-Event-ID",
        400,
        "bad-request",
        None,
        "/v1/events",
        "GET",
        "Last-Event-ID",
        ("Last-Event-ID: abc",),
    ),
]
TARGETS = [
    Case("unknown path", 404, "not-found", None, "/v1/nothing", "GET"),
    Case("unknown version", 404, "not-found", text("a"), "/v2/posts"),
    Case("unknown post", 404, "not-found", None, f"/v1/posts/{ID}", "GET"),
    Case("invalid post id", 404, "not-found", None, "/v1/posts/x%00y", "GET"),
    Case("edit of an unknown post", 404, "not-found", text("a"), f"/v1/posts/{ID}", "PUT"),
    Case("deletion of an unknown post", 404, "not-found", None, f"/v1/posts/{ID}", "DELETE"),
    Case("edit of an invalid id", 404, "not-found", b"{", "/v1/posts/nope", "PUT"),
    Case("cancel of an invalid id", 404, "not-found", None, "/v1/tasks/nope", "DELETE"),
    Case("unknown dead letter", 404, "not-found", None, f"/v1/dead/{ID}", "GET"),
    Case("replay of an unknown dead letter", 404, "not-found", None, f"/v1/dead/{ID}/replay"),
    Case("unknown key", 404, "not-found", None, f"/v1/keys/{ID}", "DELETE"),
    Case("PATCH of the list", 405, "method-not-allowed", None, "/v1/posts", "PATCH"),
    Case("POST to a post", 405, "method-not-allowed", text("a"), f"/v1/posts/{ID}", "POST"),
    Case("OPTIONS", 405, "method-not-allowed", None, "/v1/posts", "OPTIONS"),
    Case("TRACE", 405, "method-not-allowed", None, "/v1/posts", "TRACE"),
    Case("without a key", 401, "unauthorized", text("a"), key=None),
    Case("wrong key", 401, "unauthorized", text("a"), key="sf_wrong"),
    Case("empty key", 401, "unauthorized", text("a"), key=""),
    Case(
        "Basic authorization",
        401,
        "unauthorized",
        text("a"),
        key=None,
        headers=(JSON, "Authorization: Basic YTpi"),
    ),
    Case("bad key and bad body", 401, "unauthorized", b"{", key="sf_wrong"),
    Case(
        "key with an invalid account",
        422,
        "invalid",
        {"account": "a b", "scopes": ["read"]},
        "/v1/keys",
    ),
    Case("key without a scope", 422, "invalid", {"account": "a", "scopes": []}, "/v1/keys"),
    Case(
        "key with an unknown scope",
        422,
        "invalid",
        {"account": "a", "scopes": ["root"]},
        "/v1/keys",
    ),
    Case(
        "key with NUL",
        422,
        "invalid",
        {"account": "a", "scopes": ["read"], "name": "\0"},
        "/v1/keys",
    ),
    Case(
        "key with a control character of C1",
        422,
        "invalid",
        {"account": "a", "scopes": ["read"], "name": "\x9b"},
        "/v1/keys",
    ),
]
CASES = [*BODIES, *URLS, *TYPES, *QUERIES, *HEADERS, *TARGETS]
