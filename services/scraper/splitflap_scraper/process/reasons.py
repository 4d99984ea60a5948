"""The reasons for a missing preview. They are part of the API, and docs/failures.md lists them."""

from dataclasses import dataclass

from splitflap_scraper.fetch.errors import FetchError

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Reason:
    """One word of a preview's `reason`, and its policy.

    The failure stays known for `keep` seconds. The URL gets `attempts` attempts if the cause is
    temporary, and `temporary_if` says when it is. With 0 attempts it waits until its turn comes.
    """

    when: str
    keep: float
    attempts: int = 1
    temporary_if: str = ""


REASONS = {
    "bad_url": Reason("not an http or https URL, or no host name", 7 * DAY),
    "forbidden_port": Reason("a port of another protocol, blocked by browsers too", 7 * DAY),
    "forbidden_host": Reason("the operator's settings bar the host's name", HOUR),
    "forbidden_address": Reason(
        "the host has a private address, or one that the operator's settings bar", HOUR
    ),
    "robots": Reason(
        "the site's robots.txt disallows the page, or could not be read",
        DAY,
        attempts=2,
        temporary_if="robots.txt could not be read; kept for 10 min then",
    ),
    "busy": Reason(
        "other requests used up the limits of the host",
        MINUTE,
        attempts=0,
        temporary_if="always",
    ),
    "dns": Reason(
        "the name does not exist, or the resolver failed",
        10 * MINUTE,
        attempts=3,
        temporary_if="the resolver failed",
    ),
    "refused": Reason(
        "the host refused the connection, or its address is unreachable",
        10 * MINUTE,
        attempts=3,
        temporary_if="always",
    ),
    "closed": Reason(
        "the connection was closed or reset before a page came",
        10 * MINUTE,
        attempts=3,
        temporary_if="always",
    ),
    "timeout": Reason(
        "the connection or the page took longer than its limit",
        10 * MINUTE,
        attempts=2,
        temporary_if="always",
    ),
    "tls": Reason("the certificate, its name, or the protocol", HOUR),
    "too_many_redirects": Reason("more redirects than allowed, or a loop", HOUR),
    "too_many_requests": Reason(
        "more requests than one link may cause, those of robots.txt included", HOUR
    ),
    "bad_redirect": Reason("a redirect without Location, or to an invalid URL", HOUR),
    "http_3xx": Reason("a redirect status outside 301, 302, 303, 307 and 308", HOUR),
    "http_4xx": Reason(
        "the status itself, as in `http_404`; 404 and 410 are kept for a day",
        HOUR,
        attempts=3,
        temporary_if="408, 425, 429",
    ),
    "http_5xx": Reason(
        "the status itself, as in `http_503`",
        HOUR / 2,
        attempts=3,
        temporary_if="all but 501 and 505",
    ),
    "not_html": Reason("a media type that has no preview", DAY),
    "wall": Reason(
        "a log-in, consent, captcha or similar page instead of the page itself; "
        "`detail` is its kind",
        DAY,
    ),
    "too_large": Reason("a head over its limit, or a body of many bytes and no content", DAY),
    "bad_response": Reason(
        "not HTTP, an invalid status, an unknown coding, or broken compression", HOUR
    ),
    "broken": Reason("a bug of the scraper; its log has the traceback", HOUR),
}

#: The reasons of waits, which are no attempts. No preview fails with one of them.
WAITS = frozenset(word for word, reason in REASONS.items() if not reason.attempts)


def family(reason: str) -> str:
    """Return the key of a reason in REASONS: `http_404` is an `http_4xx`."""
    return reason if reason in REASONS else f"{reason[:6]}xx"


def keep_of(error: FetchError) -> float:
    """Return the seconds for which a failure stays known."""
    return REASONS[family(error.reason)].keep if error.keep is None else error.keep
