"""Problems as bytes of HTTP/1.1, for responses outside of WSGI; the fields of all responses."""

import email.utils
import time
from functools import lru_cache

from splitflap_api.contract.problems import MEDIA_TYPE, Problem

#: Fields of every response, beside Date: browsers take each body for its Content-Type alone.
ALWAYS = {"X-Content-Type-Options": "nosniff"}


def raw_response(problem: Problem, *, close: bool, has_body: bool = True) -> bytes:
    """The problem as a whole response. `close` announces the end of the connection.

    The response to HEAD has no body.
    """
    body = problem.body()
    fields = {
        "Date": date(),
        "Connection": "close" if close else "keep-alive",
        **ALWAYS,
        **problem.headers,
        "Cache-Control": "no-store",
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    start = f"HTTP/1.1 {problem.status} {problem.title}\r\n{head}\r\n".encode()
    return start + body if has_body else start


def date() -> str:
    """The present time for the field Date (RFC 9110, section 6.6.1)."""
    return _date_of(int(time.time()))


@lru_cache(maxsize=1)
def _date_of(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)
