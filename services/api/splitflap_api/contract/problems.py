"""Every reason to refuse a request, as a problem (RFC 9457). docs/problems.md is made from it.

The `type` of a problem is the path of its own page.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from splitflap_api.contract.access.credentials import challenge
from splitflap_api.contract.paths import PROBLEMS

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """A type of problem: status, title, and advice for the client."""

    slug: str
    status: int
    title: str
    doc: str


_REPEAT = (
    "A repeat with the same `Idempotency-Key` is safe: at most one task is created. The first "
    "try may have been accepted, unless `detail` says why it was refused."
)

_TYPES = (
    ProblemType("bad-json", 400, "The body is not JSON", "Send one JSON object, in UTF-8."),
    ProblemType(
        "bad-request",
        400,
        "The request cannot be read",
        "A query parameter or a header has a wrong form; `errors` names it.",
    ),
    ProblemType(
        "unauthorized",
        401,
        "A key is needed",
        "Send `Authorization: Bearer KEY` with a valid key. In the page, begin a session.",
    ),
    ProblemType(
        "forbidden",
        403,
        "The key may not do this",
        "The key lacks the scope, or the post belongs to another account.",
    ),
    ProblemType(
        "not-own-page",
        403,
        "The request is not from the own page",
        "A session serves the page of this service alone. Its requests come from the same origin, "
        "and those that change something have the header `Splitflap-Page: 1`. Other programs and "
        "pages send `Authorization: Bearer KEY`.",
    ),
    ProblemType("not-found", 404, "There is no such thing", "Check the path and the id."),
    ProblemType(
        "method-not-allowed",
        405,
        "The method is not allowed here",
        "`Allow` lists the allowed methods.",
    ),
    ProblemType(
        "request-timeout",
        408,
        "The request came too slowly",
        "Send the whole head within the deadline, and the whole body too.",
    ),
    ProblemType(
        "conflict",
        409,
        "The state does not allow this",
        "The resource has changed and no longer allows the request; read it again.",
    ),
    ProblemType(
        "gone",
        410,
        "The task is gone",
        "The task was cancelled, or its final response is past its retention. A repeated "
        "`Idempotency-Key` of such a task gets this too: use a new key for a new task.",
    ),
    ProblemType(
        "precondition-failed",
        412,
        "A precondition does not hold",
        "The resource has changed, or exists already. Read it, then send its present `ETag` in "
        "`If-Match`.",
    ),
    ProblemType(
        "too-large", 413, "The request is too large", "A text may have 65,536 bytes of UTF-8."
    ),
    ProblemType(
        "target-too-long",
        414,
        "The target is too long",
        "The request line (method, target and version) may have 4,094 bytes.",
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        "The body has another media type or encoding",
        "Send `Content-Type: application/json`, and no `Content-Encoding`. `Accept` or "
        "`Accept-Encoding` of the response has the supported value.",
    ),
    ProblemType(
        "expectation-failed",
        417,
        "The expectation cannot be met",
        "Send `Expect: 100-continue`, or no `Expect`.",
    ),
    ProblemType(
        "invalid", 422, "The body does not fit", "`errors` names the field and the expected value."
    ),
    ProblemType(
        "key-reused",
        422,
        "The idempotency key was used for another request",
        "Send the same body as before, or use another `Idempotency-Key`.",
    ),
    ProblemType(
        "not-rendered",
        422,
        "The text cannot be rendered",
        "`reason` is `refused` (`errors` names the construct and its position), `deadline`, "
        "`broken` or `crashed`.",
    ),
    ProblemType(
        "rate-limited", 429, "Too many requests with this key", "Wait `Retry-After` seconds."
    ),
    ProblemType(
        "too-many-in-progress",
        429,
        "The key has too many requests in progress",
        "End event streams or waits of this key, or try again after `Retry-After` seconds.",
    ),
    ProblemType(
        "backlog",
        429,
        "The account's earlier work still waits",
        "Wait `Retry-After` seconds. Other accounts are not affected. `RateLimit` tells how long "
        "the account's work may wait.",
    ),
    ProblemType(
        "head-too-large",
        431,
        "The head of the request is too large",
        "Send at most 100 fields of 8,190 bytes each, and 32,768 bytes in all.",
    ),
    ProblemType(
        "internal", 500, "Something is wrong here", "The service has logged the error. " + _REPEAT
    ),
    ProblemType(
        "not-implemented",
        501,
        "The method or transfer coding is not implemented",
        "Send a method that the API description names. `chunked` is the only transfer coding.",
    ),
    ProblemType(
        "unavailable",
        503,
        "The service cannot take this now",
        "Try again after `Retry-After` seconds. " + _REPEAT,
    ),
    ProblemType(
        "version-not-supported",
        505,
        "The version of HTTP is not supported",
        "Send HTTP/1.1 or HTTP/1.0.",
    ),
)
TYPES = {each.slug: each for each in _TYPES}


@dataclass
class Problem(Exception):
    """A refusal, raised as an exception. `errors` lists {field, message}; `extra` adds members."""

    slug: str
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return TYPES[self.slug].status

    @property
    def title(self) -> str:
        """The title, the same for all problems of the type."""
        return TYPES[self.slug].title

    def body(self) -> bytes:
        """The problem as JSON."""
        kind = TYPES[self.slug]
        members: dict[str, Any] = {
            "type": PROBLEMS + kind.slug,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
        }
        if self.errors:
            members["errors"] = self.errors
        return msgspec.json.encode(members | self.extra)


def invalid(name: str, message: str) -> Problem:
    """The problem of one wrong field in the body."""
    return Problem("invalid", f"{name}: {message}", [{"field": name, "message": message}])


def bad_parameter(name: str, message: str) -> Problem:
    """The problem of one wrong query parameter or header."""
    return Problem("bad-request", f"{name}: {message}", [{"field": name, "message": message}])


def unauthorized(detail: str, error: str | None = None) -> Problem:
    """The problem of a missing or wrong key. `error` is a code of RFC 6750, section 3.1.

    A request without a key gets no code.
    """
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": challenge(error)})


def forbidden(detail: str, scope: str) -> Problem:
    """The problem of a key that lacks the scope for this request."""
    challenged = challenge("insufficient_scope", scope)
    return Problem("forbidden", detail, headers={"WWW-Authenticate": challenged})


def unavailable(detail: str, retry_after: int = 1) -> Problem:
    """The problem of a service unable to take the request now."""
    return Problem("unavailable", detail, headers={"Retry-After": str(retry_after)})
