"""The configuration of a fetcher."""

import ssl
from dataclasses import dataclass

from splitflap_scraper.fetch.politeness.host_limits import HostLimits
from splitflap_scraper.fetch.request_fields import RequestFields
from splitflap_scraper.fetch.targets.allow_list import AllowList


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """Limits and header fields of a fetcher. Times are in seconds.

    `deadline` is for one preview with all its requests, `dns_timeout` for one name, and
    `connect_timeout` for one address. `max_bytes` bounds a decompressed body. `address_limits` hold
    for all names of one address. `limit_own` applies both limits to the networks of the allow list
    too.
    """

    allow_list: AllowList
    host_limits: HostLimits
    address_limits: HostLimits
    tls: ssl.SSLContext
    request_fields: RequestFields
    deadline: float
    dns_timeout: float
    connect_timeout: float
    max_redirects: int
    max_bytes: int
    robots: bool = True
    limit_own: bool = False
