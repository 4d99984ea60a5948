"""Resolves names to addresses, once for each request."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from splitflap_core.urls.addresses import Address

from splitflap_scraper.fetch.deadline import Deadline, TimeLimit
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.targets.urls import Target

#: A function like socket.getaddrinfo, called with host, port, family and type.
Resolve = Callable[..., Sequence[tuple[Any, ...]]]

#: Addresses of one name that are checked and used.
MAX_RESOLVED = 32

#: Errors of the resolver for a name that does not exist.
_MISSING = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class Resolver:
    """Queries the system's resolver, for a bounded time."""

    def __init__(self, resolve: Resolve, timeout: float, time_limit: TimeLimit) -> None:
        """`timeout` (seconds) is for one name."""
        self._resolve = resolve
        self._timeout = timeout
        self._time_limit = time_limit

    def addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """Return the addresses of a host, unchecked.

        Raises:
            FetchError: `dns`; `timeout`, after the deadline.
        """
        if target.address is not None:
            return [target.address]
        seconds = deadline.left(self._timeout)
        name = target.host.encode("ascii")
        try:
            with self._time_limit.within(seconds):
                found = self._resolve(name, target.port, 0, socket.SOCK_STREAM)
        except self._time_limit.exceeded as error:
            raise Transient("dns", f"the name was not resolved within {seconds:g} s") from error
        except OSError as error:
            kind = FetchError if error.errno in _MISSING else Transient
            raise kind("dns", str(error.strerror or error)) from error
        return [ip_address(entry[4][0]) for entry in found[:MAX_RESOLVED]]
