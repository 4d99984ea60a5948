"""Why there is no preview: a small set of reasons, and what each of them means.

FetchError
 +-- Transient      another try may succeed
"""

from dataclasses import dataclass

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Reason:
    """One word of the preview's `reason`, which is part of the API; docs/failures.md lists them.

    `keep` is how long (seconds) the failure stays known before the URL may be tried anew, and
    `attempts` how often it is tried in all, where the cause may pass: `passing` says when.
    """

    when: str
    keep: float
    attempts: int = 1
    passing: str = ""


REASONS = {
    "bad_url": Reason("it is no http or https URL, or has no host name", 7 * DAY),
    "forbidden_port": Reason("a port of other protocols, which browsers block too", 7 * DAY),
    "forbidden_host": Reason("the operator's settings bar the host's name", HOUR),
    "forbidden_address": Reason(
        "the host has an address that is not public, or that the operator's settings bar", HOUR
    ),
    "robots": Reason(
        "the site's robots.txt asks us to stay away, or could not be had",
        DAY,
        attempts=2,
        passing="it could not be had; kept for 10 min then",
    ),
    "busy": Reason(
        "other pages of the same host had all that its limits allow",
        MINUTE,
        attempts=5,
        passing="always",
    ),
    "dns": Reason(
        "the name does not exist, or the resolver failed",
        10 * MINUTE,
        attempts=3,
        passing="the resolver failed",
    ),
    "refused": Reason(
        "the connection was refused, or the address cannot be reached",
        10 * MINUTE,
        attempts=3,
        passing="always",
    ),
    "closed": Reason(
        "the connection was closed or reset before a page came",
        10 * MINUTE,
        attempts=3,
        passing="always",
    ),
    "timeout": Reason(
        "no connection, or no page, in the time that there is",
        10 * MINUTE,
        attempts=2,
        passing="always",
    ),
    "tls": Reason("the certificate, its name, or the protocol", HOUR),
    "too_many_redirects": Reason("more redirects than allowed, or a loop", HOUR),
    "bad_redirect": Reason("a redirect without Location, or to what is no URL of a page", HOUR),
    "http_3xx": Reason("a status that should lead elsewhere and does not", HOUR),
    "http_4xx": Reason(
        "such a status, as in `http_404`; 404 and 410 are kept for a day",
        HOUR,
        attempts=3,
        passing="408, 425, 429",
    ),
    "http_5xx": Reason(
        "such a status, as in `http_503`", HOUR / 2, attempts=3, passing="all but 501 and 505"
    ),
    "not_html": Reason("a type of which there is no preview", DAY),
    "wall": Reason("a log-in, consent, captcha or the like stands before the page", DAY),
    "too_large": Reason("a head, or a body that makes nothing of very many bytes", DAY),
    "bad_response": Reason(
        "not HTTP, a status of its own making, an unknown coding, broken compression", HOUR
    ),
    "broken": Reason("a bug of ours: the scraper's log has it", HOUR),
}

#: Statuses after which another try may succeed: those of time and load, and 5xx but for 501 and
#: 505, which say that it never will.
TRANSIENT = frozenset({408, 425, 429, *range(500, 600)}) - {501, 505}

#: Statuses of pages that are not there.
GONE = frozenset({404, 410})


def family(reason: str) -> str:
    """The word of REASONS that a reason goes by: `http_404` is an `http_4xx`."""
    return reason if reason in REASONS else f"{reason[:6]}xx"


class FetchError(Exception):
    """A fetch that ended without a page.

    `reason` is one of REASONS; `keep` is how long (seconds) the failure stays known.
    """

    def __init__(self, reason: str, detail: str = "", keep: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.keep = REASONS[family(reason)].keep if keep is None else keep


class Transient(FetchError):
    """The same fetch may succeed later: `after` (seconds) is what the server asked for."""

    def __init__(
        self,
        reason: str,
        detail: str = "",
        after: float | None = None,
        keep: float | None = None,
    ) -> None:
        super().__init__(reason, detail, keep)
        self.after = after


def status_error(status: int, after: float | None) -> FetchError:
    """What a status that is no success means; `after` (seconds) is its Retry-After."""
    detail = f"status {status}"
    reason = f"http_{status}"
    if family(reason) not in REASONS:
        return FetchError("bad_response", detail)
    if status in TRANSIENT:
        return Transient(reason, detail, after)
    return FetchError(reason, detail, DAY if status in GONE else None)
