"""What a scraper may ask: the lists of an operator, over the rules for addresses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from splitflap_core.settings import PREFIX, BadSettings, Network

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.targets.addresses import Address, all_may_be_reached, is_in
from splitflap_scraper.fetch.targets.urls import Target, ascii_host


@dataclass(frozen=True, slots=True)
class Reach:
    """Networks, host names and ports. What is denied is so even where it is allowed too."""

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()
    #: Names stand for themselves and all below them; none stands for all.
    only_hosts: frozenset[str] = frozenset()
    denied_hosts: frozenset[str] = frozenset()
    only_ports: frozenset[int] = frozenset()

    def is_own(self, address: Address) -> bool:
        """Whether an address is in a network that the operator allows beside the public ones."""
        return is_in(address, self.allowed)

    def check_target(self, target: Target) -> None:
        """Before its name is resolved.

        Raises:
            FetchError: `forbidden_host` or `forbidden_port`.
        """
        if _below(target.host, self.denied_hosts) or (
            self.only_hosts and not _below(target.host, self.only_hosts)
        ):
            raise FetchError("forbidden_host", "barred by the settings")
        if self.only_ports and target.port not in self.only_ports:
            raise FetchError("forbidden_port", f"port {target.port}")

    def check_addresses(self, addresses: Iterable[Address]) -> None:
        """All that a name has now; one that is forbidden bars the name.

        Raises:
            FetchError: `forbidden_address`; it does not say which, as names may be secret too.
        """
        addresses = tuple(addresses)
        if not all_may_be_reached(addresses, self.allowed):
            raise FetchError("forbidden_address", "an address that is not public")
        if any(is_in(address, self.denied) for address in addresses):
            raise FetchError("forbidden_address", "barred by the settings")


def host_names(text: str, variable: str) -> frozenset[str]:
    """The names of a setting, as they are asked for in DNS.

    Raises:
        BadSettings: one of them is no host name.
    """
    try:
        return frozenset(ascii_host(each) for each in re.split(r"[\s,]+", text) if each)
    except FetchError as error:
        raise BadSettings(f"{PREFIX}{variable}: {error.detail}") from error


def _below(host: str, names: frozenset[str]) -> bool:
    """Whether a host is one of these names, or below one."""
    if not names:
        return False
    labels = host.split(".")
    return any(".".join(labels[at:]) in names for at in range(len(labels)))
