"""The operator's allow and deny lists, on top of the rules for addresses."""

from collections.abc import Iterable
from dataclasses import dataclass

from splitflap_core.urls.addresses import PUBLIC_ONLY, Address, AddressRules, Network
from splitflap_core.urls.special_names import suffix_in

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.targets.urls import Target


@dataclass(frozen=True, slots=True)
class AllowList:
    """Lists of networks, host names and ports. A deny entry beats an allow entry.

    A host name covers its subdomains. An empty `only_` list allows everything.
    """

    rules: AddressRules = PUBLIC_ONLY
    denied: tuple[Network, ...] = ()
    only_hosts: frozenset[str] = frozenset()
    denied_hosts: frozenset[str] = frozenset()
    only_ports: frozenset[int] = frozenset()

    def is_own(self, address: Address) -> bool:
        """Whether an address is in a network that the operator allows beside the public ones."""
        return self.rules.is_in(address, self.rules.allowed)

    def check_target(self, target: Target) -> None:
        """Check a target before its name is resolved.

        Raises:
            FetchError: `forbidden_host` or `forbidden_port`.
        """
        if suffix_in(target.host, self.denied_hosts) or (
            self.only_hosts and not suffix_in(target.host, self.only_hosts)
        ):
            raise FetchError("forbidden_host", "the settings forbid this host")
        if self.only_ports and target.port not in self.only_ports:
            raise FetchError("forbidden_port", f"port {target.port}")

    def check_addresses(
        self, target: Target, addresses: Iterable[Address], *, own_page: bool = True
    ) -> None:
        """Check all addresses of a target's host. One forbidden address bars the host.

        With `own_page`, the page of this Splitflap may have a private one.

        Raises:
            FetchError: `forbidden_address`. It does not reveal the address, which may be secret.
        """
        addresses = tuple(addresses)
        is_own = own_page and self.rules.is_own_page(target.origin, target.path)
        if not is_own and not self.rules.all_may_be_reached(addresses):
            raise FetchError("forbidden_address", "the host has a private address")
        if any(self.rules.is_in(address, self.denied) for address in addresses):
            raise FetchError("forbidden_address", "the settings forbid the host's address")
