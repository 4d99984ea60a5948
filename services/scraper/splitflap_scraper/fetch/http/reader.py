"""The seam between the fetch and the code that reads a response's body."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from splitflap_scraper.fetch.http.headers import Headers

#: The status of a whole response, and the class of success (RFC 9110, section 15.3).
OK = 200
SUCCESS = range(200, 300)


class Head(NamedTuple):
    """A final response before its body.

    `content_type` is in lower case, and empty if the response names no type.
    """

    url: str
    status: int
    headers: Headers
    content_type: str
    charset: str | None = None


class Reader(Protocol):
    """Takes a body piece by piece. The calls return at once."""

    @property
    def max_bytes(self) -> int:
        """The reader's own limit for a decompressed body, in bytes."""

    def feed(self, data: bytes, *, final: bool) -> bool:
        """Take a piece, and return whether the reader has enough. `final` marks the last piece."""

    @property
    def found(self) -> bool:
        """Whether the reader has found content. Then a truncated body is useful."""


R = TypeVar("R", bound=Reader)

#: Chooses the reader of a response. It returns None to skip the body, and may raise FetchError.
ReaderFor = Callable[[Head], R | None]
