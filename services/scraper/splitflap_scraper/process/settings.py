"""The scraper's settings."""

import re
import ssl
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings, Network, networks

from splitflap_scraper.fetch.politeness.host_limits import HostLimits
from splitflap_scraper.fetch.targets.allow_list import Reach, host_names
from splitflap_scraper.preview.structured.oembed import Providers

#: Requests to a host that may follow each other at once: robots.txt, a redirect, the page.
LEAST_BURST = 3


class ScraperSettings(CommonSettings, frozen=True, kw_only=True):
    """What the scraper reads."""

    concurrency: Annotated[
        int,
        Meta(ge=1, le=5000, description="Pages fetched at a time, each in a green thread."),
    ] = 200
    scraper_allow_nets: Annotated[
        str,
        Meta(
            description="Networks that the scraper may reach although they are not public, such as "
            "`10.1.0.0/16`, separated by commas. A URL of anyone's can then reach them.",
        ),
    ] = ""
    scraper_deny_nets: Annotated[
        str,
        Meta(
            description="Networks that the scraper may not reach although they are public, or in "
            "an allowed network; separated by commas.",
        ),
    ] = ""
    scraper_allow_hosts: Annotated[
        str,
        Meta(
            description="Host names, with all below them, that are the only ones asked, redirects "
            "included; separated by commas. Empty stands for all.",
        ),
    ] = ""
    scraper_deny_hosts: Annotated[
        str,
        Meta(
            description="Host names, with all below them, that are never asked; separated by "
            "commas.",
        ),
    ] = ""
    scraper_ports: Annotated[
        str,
        Meta(
            pattern=r"^[\d ,]*$",
            description="Ports that are the only ones asked, such as `80, 443`. Empty stands for "
            "all but those that browsers block.",
        ),
    ] = ""
    scraper_ca_file: Annotated[
        str | None,
        Meta(description="CA certificates that pages are checked by, instead of the system's."),
    ] = None
    user_agent: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=r"^[\x20-\x7e]+$",
            description="The User-Agent header; robots.txt files know us by its first word.",
        ),
    ] = "Splitflap/0.1 (link previews)"
    scraper_contact: Annotated[
        str,
        Meta(
            max_length=200,
            pattern=r"^[\x21-\x27\x2a-\x7e]*$",
            description="URL or mail address, without parentheses, at which sites find out who "
            "asks them; it is added to the User-Agent header and spares complaints.",
        ),
    ] = ""
    scrape_robots: Annotated[
        bool, Meta(description="Whether robots.txt files are asked for and honoured.")
    ] = True
    scraper_replicas: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Scrapers that run at most; each takes its share of what one host is "
            "asked by all of them.",
        ),
    ] = 1
    scrape_host_concurrency: Annotated[
        int,
        Meta(ge=1, le=5000, description="Requests at a time to one host, by all scrapers."),
    ] = 10
    scrape_host_rate: Annotated[
        float,
        Meta(gt=0, le=10_000, description="Requests per second to one host, by all scrapers."),
    ] = 10.0
    scrape_limit_own: Annotated[
        bool,
        Meta(
            description="Whether these limits hold for hosts in `SCRAPER_ALLOW_NETS` too, which "
            "are taken for the operator's own."
        ),
    ] = False
    scrape_deadline: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="Seconds that one page may take, from the name to the last byte, with its "
            "redirects.",
        ),
    ] = 10.0
    scrape_connect_timeout: Annotated[
        float, Meta(gt=0, le=60, description="Seconds that connecting to one address may take.")
    ] = 3.0
    scrape_dns_timeout: Annotated[
        float, Meta(gt=0, le=60, description="Seconds that resolving one name may take.")
    ] = 4.0
    scrape_max_kib: Annotated[
        int,
        Meta(
            ge=1,
            le=16_384,
            description="KiB of a page, decompressed, that are read at most.",
        ),
    ] = 1024
    scrape_max_redirects: Annotated[
        int, Meta(ge=0, le=20, description="Redirects followed for one page.")
    ] = 5

    scrape_oembed_providers: Annotated[
        str,
        Meta(
            description="File of oEmbed providers in the format of oembed.com/providers.json, "
            "asked where a page says too little; `none` for no provider. Unset, a list of "
            "well-known sites that comes with the scraper.",
        ),
    ] = ""

    @property
    def providers(self) -> Providers:
        """The providers of `scrape_oembed_providers`.

        Raises:
            BadSettings: they cannot be read.
        """
        try:
            return Providers.load(self.scrape_oembed_providers)
        except (OSError, ValueError) as error:
            raise BadSettings(f"{PREFIX}SCRAPE_OEMBED_PROVIDERS: {error}") from error

    @property
    def allowed(self) -> tuple[Network, ...]:
        """The networks of `scraper_allow_nets`."""
        return networks(self.scraper_allow_nets, "SCRAPER_ALLOW_NETS")

    @property
    def reach(self) -> Reach:
        """What may be asked at all.

        Raises:
            BadSettings: one of the lists cannot be read.
        """
        return Reach(
            networks(self.scraper_allow_nets, "SCRAPER_ALLOW_NETS"),
            networks(self.scraper_deny_nets, "SCRAPER_DENY_NETS"),
            host_names(self.scraper_allow_hosts, "SCRAPER_ALLOW_HOSTS"),
            host_names(self.scraper_deny_hosts, "SCRAPER_DENY_HOSTS"),
            frozenset(int(port) for port in re.findall(r"\d+", self.scraper_ports)),
        )

    @property
    def agent(self) -> str:
        """The User-Agent header."""
        contact = f" (+{self.scraper_contact})" if self.scraper_contact else ""
        return self.user_agent + contact

    def host_limits(self) -> HostLimits:
        """One scraper's share of what a host is asked."""
        return HostLimits(
            max(1, self.scrape_host_concurrency // self.scraper_replicas),
            self.scrape_host_rate / self.scraper_replicas,
            max(LEAST_BURST, int(self.scrape_host_rate / self.scraper_replicas)),
        )

    def tls(self) -> ssl.SSLContext:
        """How servers are checked: certificate and host name, TLS 1.2 at least.

        Raises:
            BadSettings: the CA file cannot be read, or is not set where the system has none.
        """
        try:
            context = ssl.create_default_context(cafile=self.scraper_ca_file)
        except OSError as error:
            raise BadSettings(f"{PREFIX}SCRAPER_CA_FILE: {error}") from error
        if not context.cert_store_stats()["x509_ca"] and not _system_has_folder():
            raise BadSettings(f"{PREFIX}SCRAPER_CA_FILE: no CA certificates here; name a file")
        return context

    def check(self) -> None:
        super().check()
        _ = self.reach
        self.tls()
        _ = self.providers


def _system_has_folder() -> bool:
    """Whether certificates lie in a folder, of which OpenSSL loads none before it needs it."""
    folder = ssl.get_default_verify_paths().capath
    return folder is not None and any(Path(folder).iterdir())
