"""A POST of the safe fetch, to a receiver that the owner of a key has named.

It has the checks of a page's request: one lookup, all addresses judged, a connection to a judged
address. It follows no redirect, and sends no field that the operator has set for a host. Only the
head of the response counts.
"""

import socket
from typing import NamedTuple

from splitflap_core.telemetry import Metrics

from splitflap_scraper.fetch.config import FetchConfig
from splitflap_scraper.fetch.deadline import Deadline, TimeLimit, timed_out
from splitflap_scraper.fetch.http.connections import Connections
from splitflap_scraper.fetch.http.freshness import retry_after
from splitflap_scraper.fetch.politeness.host_limits import HostLimits
from splitflap_scraper.fetch.targets.resolver import Resolve, Resolver
from splitflap_scraper.fetch.targets.urls import target_of

#: The User-Agent of each POST.
AGENT = "Splitflap-Webhooks/1"


class Answer(NamedTuple):
    """The status of a receiver, and its Retry-After in seconds."""

    status: int
    after: float | None


class Poster:
    """Sends POST requests. Safe to use from many threads."""

    def __init__(
        self,
        config: FetchConfig,
        time_limit: TimeLimit,
        metrics: Metrics,
        limits: HostLimits,
        seconds: float,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        """`limits` are those of a receiver's host, and `seconds` the limit of a whole request."""
        self._allow_list = config.allow_list
        self._limits = limits
        self._seconds = seconds
        self._time_limit = time_limit
        self._resolver = Resolver(resolve, config.dns_timeout, time_limit)
        self._connections = Connections(config.tls, config.connect_timeout, metrics)

    def post(self, url: str, fields: dict[str, str], body: bytes) -> Answer:
        """Send a body with these header fields, and return the answer.

        Raises:
            FetchError: the request was refused, or has no answer.
        """
        target = target_of(url)
        self._allow_list.check_target(target)
        try:
            with self._time_limit.within(self._seconds):
                deadline = Deadline(self._seconds)
                addresses = self._resolver.addresses(target, deadline)
                self._allow_list.check_addresses(target, addresses, own_page=False)
                lines = {
                    "Host": target.authority,
                    "User-Agent": AGENT,
                    "Accept": "*/*",
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                    **fields,
                }
                head = f"POST {target.path} HTTP/1.1\r\n" + "".join(
                    f"{name}: {value}\r\n" for name, value in lines.items()
                )
                request = (head + "\r\n").encode("latin-1") + body
                with (
                    self._limits.slot(target.host),
                    self._connections.exchange(target, addresses, request, deadline) as exchange,
                ):
                    response = exchange.response
                    return Answer(response.status, retry_after(response.headers))
        except self._time_limit.exceeded as error:
            raise timed_out(self._seconds) from error
