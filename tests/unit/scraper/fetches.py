"""What the tests of the fetch have in common."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from splitflap_scraper.fetch.errors import FetchError

from .conftest import PageFetcher, Site

Serve = Callable[..., Site]

#: The head of a page.
HEAD = "<head><title>T</title></head>"


def refused(fetcher: PageFetcher, url: str) -> FetchError:
    """The error that a fetch ends with."""
    with pytest.raises(FetchError) as error:
        fetcher.fetch(url)
    return error.value


def answers(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    """A resolver that gives each of these at a time, and the last ever after."""
    rest = list(addresses)

    def resolve(_host: bytes, port: int, *_: object) -> list[tuple[Any, ...]]:
        each = rest.pop(0) if len(rest) > 1 else rest[0]
        return [(0, 0, 0, "", (address, port)) for address in each.split()]

    return resolve


def endless(begin: bytes, unit: bytes, pause: float = 0) -> Callable[[socket.socket, str], None]:
    """Sends for as long as the client takes it, 30 s at most."""

    def respond(sock: socket.socket, _request: str) -> None:
        end = time.monotonic() + 30
        sock.sendall(begin)
        while time.monotonic() < end:
            sock.sendall(unit)
            time.sleep(pause)

    return respond


OK = b"HTTP/1.1 200 OK\r\n"
