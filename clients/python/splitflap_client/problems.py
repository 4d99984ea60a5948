"""Each type of problem. Made by `make docs` from the API's problems.py: edit that."""

from splitflap_client.errors import Problem


class BadJson(Problem):
    """The body is not JSON (400).

    Send one JSON object, in UTF-8.
    """


class BadRequest(Problem):
    """The request cannot be read (400).

    A query parameter or a header has a wrong form; `errors` names it.
    """


class Unauthorized(Problem):
    """A key is needed (401).

    Send `Authorization: Bearer KEY` with a valid key. In the page, begin a session.
    """


class Forbidden(Problem):
    """The key may not do this (403).

    The key lacks the scope, or the post belongs to another account.
    """


class NotOwnPage(Problem):
    """The request is not from the own page (403).

    A session serves the page of this service alone. Its requests come from the same origin,
    and those that change something have the header `Splitflap-Page: 1`. Other programs and
    pages send `Authorization: Bearer KEY`.
    """


class NotFound(Problem):
    """There is no such thing (404).

    Check the path and the id.
    """


class MethodNotAllowed(Problem):
    """The method is not allowed here (405).

    `Allow` lists the allowed methods.
    """


class RequestTimeout(Problem):
    """The request came too slowly (408).

    Send the whole head within the deadline, and the whole body too.
    """


class Conflict(Problem):
    """The state does not allow this (409).

    The resource has changed and no longer allows the request; read it again.
    """


class Gone(Problem):
    """The task is gone (410).

    The task was cancelled, or its final response is past its retention. A repeated
    `Idempotency-Key` of such a task gets this too: use a new key for a new task.
    """


class PreconditionFailed(Problem):
    """A precondition does not hold (412).

    The resource has changed, or exists already. Read it, then send its present `ETag` in
    `If-Match`.
    """


class TooLarge(Problem):
    """The request is too large (413).

    A text may have 65,536 bytes of UTF-8.
    """


class TargetTooLong(Problem):
    """The target is too long (414).

    The request line (method, target and version) may have 4,094 bytes.
    """


class UnsupportedMediaType(Problem):
    """The body has another media type or encoding (415).

    Send `Content-Type: application/json`, and no `Content-Encoding`. `Accept` or `Accept-
    Encoding` of the response has the supported value.
    """


class ExpectationFailed(Problem):
    """The expectation cannot be met (417).

    Send `Expect: 100-continue`, or no `Expect`.
    """


class Invalid(Problem):
    """The body does not fit (422).

    `errors` names the field and the expected value.
    """


class KeyReused(Problem):
    """The idempotency key was used for another request (422).

    Send the same body as before, or use another `Idempotency-Key`.
    """


class NotRendered(Problem):
    """The text cannot be rendered (422).

    `reason` is `refused` (`errors` names the construct and its position), `deadline`,
    `broken` or `crashed`.
    """


class RateLimited(Problem):
    """Too many requests with this key (429).

    Wait `Retry-After` seconds.
    """


class TooManyInProgress(Problem):
    """The key has too many requests in progress (429).

    End event streams or waits of this key, or try again after `Retry-After` seconds.
    """


class Backlog(Problem):
    """The account's earlier work still waits (429).

    Wait `Retry-After` seconds. Other accounts are not affected. `RateLimit` tells how long
    the account's work may wait.
    """


class HeadTooLarge(Problem):
    """The head of the request is too large (431).

    Send at most 100 fields of 8,190 bytes each, and 32,768 bytes in all.
    """


class Internal(Problem):
    """Something is wrong here (500).

    The service has logged the error. A repeat with the same `Idempotency-Key` is safe: at
    most one task is created. The first try may have been accepted, unless `detail` says why
    it was refused.
    """


class NotImplementedProblem(Problem):
    """The method or transfer coding is not implemented (501).

    Send a method that the API description names. `chunked` is the only transfer coding.
    """


class Unavailable(Problem):
    """The service cannot take this now (503).

    Try again after `Retry-After` seconds. A repeat with the same `Idempotency-Key` is safe:
    at most one task is created. The first try may have been accepted, unless `detail` says
    why it was refused.
    """


class VersionNotSupported(Problem):
    """The version of HTTP is not supported (505).

    Send HTTP/1.1 or HTTP/1.0.
    """


#: The classes by the last segment of a problem's type.
BY_SLUG: dict[str, type[Problem]] = {
    "bad-json": BadJson,
    "bad-request": BadRequest,
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "not-own-page": NotOwnPage,
    "not-found": NotFound,
    "method-not-allowed": MethodNotAllowed,
    "request-timeout": RequestTimeout,
    "conflict": Conflict,
    "gone": Gone,
    "precondition-failed": PreconditionFailed,
    "too-large": TooLarge,
    "target-too-long": TargetTooLong,
    "unsupported-media-type": UnsupportedMediaType,
    "expectation-failed": ExpectationFailed,
    "invalid": Invalid,
    "key-reused": KeyReused,
    "not-rendered": NotRendered,
    "rate-limited": RateLimited,
    "too-many-in-progress": TooManyInProgress,
    "backlog": Backlog,
    "head-too-large": HeadTooLarge,
    "internal": Internal,
    "not-implemented": NotImplementedProblem,
    "unavailable": Unavailable,
    "version-not-supported": VersionNotSupported,
}
