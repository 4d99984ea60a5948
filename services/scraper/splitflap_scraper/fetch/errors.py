"""The exceptions of the fetch.

    FetchError              the fetch ended without a page
     +-- Transient          another attempt may succeed
    EndedEarlyError         the connection closed within a body; it stays inside the fetch
    ReaderError             a bug of the scraper: a reader failed on a body

`as_fetch_errors` maps the exceptions of sockets and TLS:

    TimeoutError                                    Transient("timeout")
    ssl.SSLEOFError, ssl.SSLZeroReturnError         Transient("closed")
    ssl.SSLError                                    FetchError("tls")
    OSError                                         Transient("closed")
    ValueError                                      FetchError("bad_response")

docs/failures.md lists the reasons.
"""

import ssl
from types import TracebackType

#: Seconds for which a failure with status 404 or 410 is kept.
KEEP_GONE = 86_400.0

#: Statuses after which another attempt may succeed: load, time, and all 5xx but 501 and 505.
TRANSIENT_STATUSES = frozenset({408, 425, 429, *range(500, 600)}) - {501, 505}

#: Statuses of missing pages.
GONE_STATUSES = frozenset({404, 410})


class FetchError(Exception):
    """A fetch ended without a page.

    `reason` is a word of the API, and `detail` says more to a reader. `keep` is the time in seconds
    for which the failure stays known, None for the usual time of its reason.
    """

    def __init__(self, reason: str, detail: str = "", keep: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.keep = keep


class Transient(FetchError):
    """A later attempt may succeed. `after` is the delay in seconds by the server's request."""

    def __init__(
        self,
        reason: str,
        detail: str = "",
        after: float | None = None,
        keep: float | None = None,
    ) -> None:
        super().__init__(reason, detail, keep)
        self.after = after


class EndedEarlyError(Exception):
    """The connection closed before the end of the body."""


class ReaderError(Exception):
    """A reader failed on a body.

    Its own ValueError would become the `bad_response` of a site that did nothing wrong.
    """


class as_fetch_errors:  # noqa: N801 - used as a function is; a class costs a third of a generator
    """A context manager that raises FetchError for the exceptions of sockets and TLS."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError | ValueError):
            raise _mapped(error) from error


def _mapped(error: OSError | ValueError) -> FetchError:
    detail = f"{type(error).__name__}: {error}"
    match error:
        case TimeoutError():
            return Transient("timeout", str(error))
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Transient("closed", detail)
        case ssl.SSLError():
            return FetchError("tls", str(error))
        case OSError():
            return Transient("closed", detail)
        case _:
            return FetchError("bad_response", detail)


def status_error(status: int, after: float | None) -> FetchError:
    """Return the error for a status other than 2xx. `after` is its Retry-After in seconds."""
    detail = f"status {status}"
    if not 300 <= status < 600:  # noqa: PLR2004 - the classes of HTTP that are no success
        return FetchError("bad_response", detail)
    if status in TRANSIENT_STATUSES:
        return Transient(f"http_{status}", detail, after)
    return FetchError(f"http_{status}", detail, KEEP_GONE if status in GONE_STATUSES else None)
