"""The head of a request: gunicorn's parser, held to RFC 9110 and RFC 9112 where it is lenient."""

import ipaddress
import re

from gunicorn.http import errors, message

from splitflap_api.contract.problems import Problem, bad_parameter
from splitflap_api.server.gunicorn_types import Unreader
from splitflap_api.server.request_body import RequestBody

#: Bytes of a head, of its request line, and of one field; fields of a head.
MAX_HEAD = 32_768
MAX_LINE = 4_094
MAX_FIELD = 8_190
MAX_FIELDS = 100

#: The methods of RFC 9110 and RFC 5789 without CONNECT, and QUERY, which tools of OpenAPI 3.2 send.
#: All other methods get 501.
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "QUERY")

#: Fields with one value that the API reads. WSGI joins the lines of a field with commas, so two
#: values would count as one. gunicorn refuses a second Host or Content-Length.
SINGLETONS = (
    "AUTHORIZATION",
    "CONTENT-TYPE",
    "IDEMPOTENCY-KEY",
    "LAST-EVENT-ID",
    "SPLITFLAP-ACCOUNT",
)

_HEAD_END = b"\r\n\r\n"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: Host = uri-host [ ":" port ] (RFC 9110, section 7.2; RFC 3986, section 3.2.2). An http URI has a
#: host (RFC 9110, section 4.2.1), so an empty one is invalid.
_HOST = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)"
    r"(?::[0-9]{0,5})?"
)


class HeadRefused(Exception):
    """The head is invalid. The connection ends after the problem, since its rest is ambiguous."""

    def __init__(self, problem: Problem, method: str | None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.method = method


class Request(message.Request):  # type: ignore[misc]  # gunicorn has no types
    """A request with a valid head.

    Raises:
        HeadRefused: at its construction.
        StopIteration: the connection ended before the first byte.
        OSError: the connection ended within the head.
    """

    headers: list[tuple[str, str]]
    _client_closes = False

    def parse(self, unreader: Unreader) -> bytes:
        try:
            rest: bytes = super().parse(unreader)
        except errors.ParseException as error:
            raise HeadRefused(problem_of(error), self.method) from error
        return rest

    def read_into(self, unreader: Unreader, buf: bytearray, stop: bool = False) -> None:
        super().read_into(unreader, buf, stop)
        if len(buf) > MAX_HEAD and buf.find(_HEAD_END, 0, MAX_HEAD) < 0:
            raise errors.LimitRequestHeaders("head")

    def set_body_reader(self) -> None:
        """Check the head as a whole, and find the end of the body."""
        try:
            self._check()
            super().set_body_reader()
        except Problem as problem:
            raise HeadRefused(problem, self.method) from problem
        except errors.ParseException as error:
            raise HeadRefused(problem_of(error), self.method) from error
        self.body: RequestBody = RequestBody(
            self.body.reader, expects_continue=self._expected_100_continue
        )
        # gunicorn would send 100 Continue before the application has seen the head.
        self._expected_100_continue: bool = False

    def should_close(self) -> bool:
        return bool(self.must_close or self._client_closes)

    def _check(self) -> None:
        if self.method not in METHODS:
            raise unknown_method(self.method)
        # A server may ignore Upgrade (RFC 9110, section 7.8); werkzeug would refuse `websocket`.
        self.headers = [each for each in self.headers if each[0] != "UPGRADE"]
        hosts = [value for name, value in self.headers if name == "HOST"]
        if not hosts and self.version >= (1, 1):
            raise bad_parameter("Host", "is required")
        if hosts and not is_host(hosts[0]):
            raise bad_parameter("Host", "expected a host name or an address, and perhaps a port")
        self._check_singletons()
        self._check_codings(self._list("TRANSFER-ENCODING"))
        # RFC 9112, section 9.3.
        options = self._list("CONNECTION")
        keeps = self.version >= (1, 1) or "keep-alive" in options
        self._client_closes = "close" in options or not keeps

    def _check_singletons(self) -> None:
        """RFC 9110, section 5.3: only a list may have several lines."""
        names = [name for name, _ in self.headers]
        for name in SINGLETONS:
            if names.count(name) > 1:
                raise bad_parameter(name.title(), "expected once")

    def _check_codings(self, codings: list[str]) -> None:
        """RFC 9112, sections 6.1 and 6.3."""
        if not codings:
            return
        if any(name == "CONTENT-LENGTH" for name, _ in self.headers):
            raise bad_parameter("Content-Length", "expected none beside Transfer-Encoding")
        if codings[-1] != "chunked" or codings.count("chunked") > 1:
            raise bad_parameter("Transfer-Encoding", "expected `chunked` once, as the last coding")
        if len(codings) > 1:
            raise Problem("not-implemented", "Transfer-Encoding: only `chunked` is implemented")

    def _list(self, field: str) -> list[str]:
        """The members of a list, in lower case."""
        values = [value for name, value in self.headers if name == field]
        return [each.strip(" \t").lower() for value in values for each in value.split(",")]


def is_host(value: str) -> bool:
    """Whether this is a valid value of Host."""
    found = _HOST.fullmatch(value)
    return found is not None and (found["ipv6"] is None or _is_ipv6(found["ipv6"]))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def unknown_method(method: str) -> Problem:
    """501 for a method without a meaning here (RFC 9110, section 9.1)."""
    return Problem(
        "not-implemented", f"unknown method {method[:40]!r}; expected one of {', '.join(METHODS)}"
    )


def problem_of(error: errors.ParseException) -> Problem:
    """The problem for an error of gunicorn's parser."""
    match error:
        case errors.LimitRequestLine():
            return Problem(
                "target-too-long", f"expected a request line of {MAX_LINE} bytes or less"
            )
        case errors.LimitRequestHeaders():
            limits = f"{MAX_FIELDS} fields of {MAX_FIELD} bytes, and {MAX_HEAD} bytes in all"
            return Problem("head-too-large", f"expected at most {limits}")
        case errors.ExpectationFailed():
            return Problem("expectation-failed", "Expect: expected 100-continue")
        case errors.InvalidRequestMethod(method=method) if _TOKEN.fullmatch(method):
            return unknown_method(method)
        case errors.InvalidHTTPVersion(version=(_, _)):
            return Problem("version-not-supported", "expected HTTP/1.1 or HTTP/1.0")
        case _:
            return Problem("bad-request", f"the request is not valid HTTP: {error}")
