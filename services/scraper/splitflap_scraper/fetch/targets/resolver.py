"""Names become addresses, once for each request."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from splitflap_scraper.fetch.deadline import Deadline, Within
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.targets.addresses import Address, parsed
from splitflap_scraper.fetch.targets.urls import Target

#: As socket.getaddrinfo, called with host, port, family and type.
Resolve = Callable[..., Sequence[tuple[Any, ...]]]

#: Addresses of a name that are looked at; only these are used.
MAX_RESOLVED = 32


class Resolver:
    """Asks the system's resolver, for a bounded time."""

    def __init__(
        self, resolve: Resolve, timeout: float, within: Within, timed_out: type[Exception]
    ) -> None:
        """`timeout` (seconds) is for one name; `within` raises `timed_out` in its block."""
        self._resolve = resolve
        self._timeout = timeout
        self._within = within
        self._timed_out = timed_out

    def addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """The addresses that a host has now, unchecked.

        Raises:
            FetchError: `dns`.
        """
        if address := parsed(target.host):
            return [address]
        seconds = deadline.left(self._timeout)
        try:
            with self._within(seconds):
                found = self._resolve(
                    target.host.encode("ascii"), target.port, 0, socket.SOCK_STREAM
                )
        except self._timed_out as error:
            raise Transient("dns", f"not resolved within {seconds:g} s") from error
        except OSError as error:
            raise _unresolved(error) from error
        return [ip_address(entry[4][0]) for entry in found[:MAX_RESOLVED]]


def _unresolved(error: OSError) -> FetchError:
    """Only a resolver that says "no such name" is to be believed."""
    gone = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    kind = FetchError if error.errno in gone else Transient
    return kind("dns", str(error.strerror or error))
