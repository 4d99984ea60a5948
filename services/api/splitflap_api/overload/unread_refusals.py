"""Refuses requests unread: the hub answers their bytes, and gunicorn never parses them.

Under overload most requests are refused, and each admitted one waits for many refusals. A refusal
through parser, WSGI environment and response costs 200 us of CPU, an unread one 30 us
(docs/adr/0010).

Only an unambiguous request is refused here. The application gives every other request the same
answer.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial

from splitflap_api.contract.paths import makes_work
from splitflap_api.contract.problems import Problem, unavailable
from splitflap_api.overload.admission import Admission
from splitflap_api.overload.raw_credential import certain_credential
from splitflap_api.overload.raw_response import date, raw_response
from splitflap_api.overload.shedding import ACCOUNT_BACKLOG, FULL, ShedReason

#: Maps the bytes of a request to the bytes of its refusal; None leaves it to the application.
Refusal = Callable[[bytes], bytes | None]

_LINE_END = b"\r\n"
_HEAD_END = 2 * _LINE_END

#: Method, target, version. The application refuses other methods and long targets.
_REQUEST_LINE = re.compile(rb"(?:GET|POST|PUT|DELETE) [\x21-\x7e]{1,4000} HTTP/1\.1")

#: Methods of requests that may omit Content-Length.
_BODILESS = (b"GET ", b"DELETE ")

#: In a head in lower case: a Content-Length, a Host, and fields with an effect on the request's
#: length or on the connection. The application gets requests with such a field.
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]{1,9})(?=\r\n)")
_HOST = re.compile(rb"\r\nhost: ?[a-z0-9._-]+(?::[0-9]{1,5})?(?=\r\n)")
_AMBIGUOUS = re.compile(
    rb"\r\n(?:transfer-encoding|expect|upgrade|connection(?!: ?keep-alive\r\n))"
)


class UnreadRefusals:
    """Refuses requests while there is a reason to shed them, or an account with a backlog."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def now(self, *, overloaded: bool) -> Refusal | None:
        """The refusal of requests at this moment; None while all requests are admitted.

        `overloaded` is a separate reason: more clients are ready than there are free slots.
        """
        reason = self._admission.shedder.reason(makes_work=True)
        if reason and reason.label == "not_ready":
            # At a stop the connection closes too, and only the application announces that.
            return None
        if overloaded:
            reason = FULL
        if reason:
            return partial(self._refuse, reason)
        return self._refuse_account if self._admission.accounts.refuses else None

    def _refuse(self, reason: ShedReason, data: bytes) -> bytes | None:
        if not is_whole(data) or (reason.only_work and not _makes_work(data)):
            return None
        self._admission.count_refused(reason.label, 503)
        return self._response(unavailable(reason.detail, reason.retry_after), data)

    def _refuse_account(self, data: bytes) -> bytes | None:
        """Refuse new work of an account whose work of the normal urgency waits too long."""
        accounts = self._admission.accounts
        credential = certain_credential(data)
        known = self._admission.known(*credential) if credential else None
        # A key that acts for others may send another account's request.
        backlog = accounts.of(known.account, low=False) if known and not known.acts else None
        if not (backlog and backlog.exceeds_limit and is_whole(data) and _makes_work(data)):
            return None
        self._admission.count_refused(ACCOUNT_BACKLOG, 429)
        problem = backlog.problem()
        problem.headers |= dict(backlog.fields())
        return self._response(problem, data)

    def _response(self, problem: Problem, data: bytes) -> bytes:
        headers = (*problem.headers.items(), *self._admission.cors.fields_for_head(data))
        return _prepared(problem.slug, problem.detail, headers, date())


def _makes_work(data: bytes) -> bool:
    """For a whole request."""
    method, path, _ = data.decode("latin-1").split(" ", 2)
    return makes_work(method, path)


def is_whole(data: bytes) -> bool:
    """Whether the bytes are certainly one whole HTTP/1.1 request, and nothing else.

    `data` must be the first bytes after the previous request's end.
    """
    head, end, body = data.partition(_HEAD_END)
    line, _, fields = head.partition(_LINE_END)
    if not end or not _REQUEST_LINE.fullmatch(line) or head.count(b"\n") != head.count(_LINE_END):
        return False
    lower = _LINE_END + fields.lower() + _LINE_END
    if _AMBIGUOUS.search(lower) or not len(_HOST.findall(lower)) == lower.count(b"\r\nhost") == 1:
        return False
    mentions = lower.count(b"content-length")
    if mentions == 0:
        return not body and line.startswith(_BODILESS)
    lengths = _LENGTH.findall(lower)
    return len(lengths) == mentions == 1 and int(lengths[0]) == len(body)


@lru_cache(maxsize=256)
def _prepared(slug: str, detail: str, headers: tuple[tuple[str, str], ...], _date: str) -> bytes:
    """A prepared response. The date is that of `raw_response`."""
    return raw_response(Problem(slug, detail, headers=dict(headers)), close=False)
