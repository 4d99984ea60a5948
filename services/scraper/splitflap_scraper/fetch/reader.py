"""What the fetch hands to the code that reads a response's body."""

from typing import NamedTuple, Protocol

from splitflap_scraper.fetch.http.headers import Headers


class Head(NamedTuple):
    """A final response, before its body. `content_type` is lower case, empty where none is said."""

    url: str
    status: int
    headers: Headers
    content_type: str
    charset: str | None = None


class Reader(Protocol):
    """Takes a body, piece by piece."""

    @property
    def max_bytes(self) -> int:
        """Bytes of the body, decompressed, that it wants at most."""

    def feed(self, data: bytes, *, final: bool) -> bool:
        """Take a piece; returns whether it has enough."""

    @property
    def found(self) -> bool:
        """Whether something was understood, so that a body which is cut off is of use."""
