"""HTTP without gunicorn: responses as bytes, and requests that are refused without being parsed.

Under overload most requests are refused, and whoever is taken waits for all of these answers:
through the parser, the WSGI environment and the response each costs 200 us, this way 30.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from splitflap_api.contract.problems import MEDIA_TYPE, Problem, unavailable

if TYPE_CHECKING:  # it imports flask, which must find the patched modules
    from splitflap_api.overload.admission import Admission, ShedReason

_LINE_END = b"\r\n"
_END = 2 * _LINE_END

#: The first line of a head: method, target, version.
_LINE = re.compile(rb"[A-Z]+ [\x21-\x7e]+ HTTP/1\.1")

#: What comes without a body where none is announced.
_BODILESS = (b"GET ", b"DELETE ")

#: Of a head in lower case. What else says how long a request is, or what becomes of the connection
#: afterwards, is left to the parser.
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]{1,9})(?=\r\n)")
_ELSE = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade|connection(?!: ?keep-alive\r\n))")


class UnreadRefusals:
    """Answers whole requests in the time when none are taken, or none that make work."""

    def __init__(self, admission: "Admission") -> None:
        from splitflap_api.overload.admission import FULL

        self._full = FULL
        self._admission = admission

    def now(self, *, away: bool) -> Callable[[bytes], bytes | None] | None:
        """What answers a request by its bytes, where there is a reason to refuse any.

        The answer is None where the application must give it. `away` is a reason by itself: more
        wait than can be served soon.
        """
        busy = self._admission.busy(makes_work=True)
        if busy and busy.reason == "not_ready":
            # At a stop connections are closed, which the long way says in its answer.
            return None
        if away:
            busy = self._full
        return partial(self._answer, busy) if busy else None

    def _answer(self, busy: "ShedReason", data: bytes) -> bytes | None:
        if not is_whole(data):
            return None
        method, path, _ = data.decode("latin-1").split(" ", 2)
        if method == "HEAD" or (busy.only_work and not self._admission.makes_work(method, path)):
            return None
        self._admission.count_refused(busy)
        return _unavailable(busy.detail, busy.retry_after)


def is_whole(data: bytes) -> bool:
    """Whether this is one HTTP/1.1 request with its body, and for certain nothing else.

    `data` must be the first that came after another request's end.
    """
    head, end, body = data.partition(_END)
    line, _, fields = head.partition(_LINE_END)
    if not end or not _LINE.fullmatch(line) or head.count(b"\n") != head.count(_LINE_END):
        return False
    lower = _LINE_END + fields.lower() + _LINE_END
    lengths = _LENGTH.findall(lower)
    said = lower.count(b"content-length")
    if said == 0:
        return not body and line.startswith(_BODILESS) and not _ELSE.search(lower)
    return len(lengths) == said == 1 and int(lengths[0]) == len(body) and not _ELSE.search(lower)


def response(problem: Problem, *, close: bool) -> bytes:
    """A problem as a whole response."""
    body = problem.body()
    fields = {
        **problem.headers,
        "Connection": "close" if close else "keep-alive",
        "Cache-Control": "no-store",
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {problem.status} {problem.title}\r\n{head}\r\n".encode() + body


@lru_cache(maxsize=64)
def _unavailable(detail: str, retry_after: int) -> bytes:
    return response(unavailable(detail, retry_after), close=False)
