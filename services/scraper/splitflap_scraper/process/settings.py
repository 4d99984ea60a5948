"""The scraper's settings."""

import re
import ssl
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings, networks
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.settings import (
    AllowHosts,
    AllowNets,
    Nat64,
    OwnOrigin,
    PreviewHosts,
    address_rules,
    host_names,
)
from splitflap_core.urls.web_url import BadUrl

from splitflap_scraper.fetch.config import FetchConfig
from splitflap_scraper.fetch.politeness.host_limits import HostLimits
from splitflap_scraper.fetch.request_fields import HostFields, RequestFields
from splitflap_scraper.fetch.targets.allow_list import AllowList
from splitflap_scraper.fetch.targets.urls import BLOCKED_PORTS
from splitflap_scraper.preview.details.players import Players
from splitflap_scraper.preview.oembed.providers import Providers

#: Least burst of requests to a host: robots.txt, a redirect, the page.
LEAST_BURST = 3

#: The requests to one address are limited as those to so many hosts. Sites share servers, and an
#: attacker's names may all lead to one.
NAMES_OF_ADDRESS = 5

#: The largest port, and the digits of one.
MAX_PORT = 65535
MAX_DIGITS = 5

#: Languages of the Accept-Language header. Each has its own weight of one digit.
MAX_LANGUAGES = 9
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


class ScraperSettings(CommonSettings, frozen=True, kw_only=True):
    """The settings of one scraper process."""

    concurrency: Annotated[
        int,
        Meta(
            ge=1,
            le=5000,
            description="Pages fetched at a time, each in a green thread. An eighth more, at least "
            "two, are for express jobs only. A scraper takes up to 110 MiB, and 1.5 MiB for each.",
        ),
    ] = 200
    scraper_allow_nets: AllowNets = ""
    scraper_nat64: Nat64 = ""
    scraper_deny_nets: Annotated[
        str,
        Meta(
            description="Networks in CIDR notation, separated by commas. The scraper refuses them, "
            "even public or allowed ones.",
        ),
    ] = ""
    scraper_allow_hosts: AllowHosts = ""
    preview_hosts: PreviewHosts = ""
    scraper_own_origin: OwnOrigin = None
    scraper_deny_hosts: Annotated[
        str,
        Meta(
            description="Host names, separated by commas. The scraper refuses them and their "
            "subdomains.",
        ),
    ] = ""
    scraper_ports: Annotated[
        str,
        Meta(
            pattern="^[0-9 ,]*$",
            description="Ports that the scraper may request, such as `80, 443`. Empty allows all "
            "but the ports blocked by browsers.",
        ),
    ] = ""
    scraper_ca_file: Annotated[
        str | None,
        Meta(description="File of CA certificates for pages, instead of the system's."),
    ] = None
    user_agent: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=r"^[A-Za-z_-][\x20-\x7e]*$",
            description="The User-Agent header. Its first word is the name for robots.txt, or the "
            "name after `Mozilla/5.0 (compatible; `. Some sites give their metadata only to an "
            "agent with the word bot.",
        ),
    ] = "Splitflap/0.1 (link preview bot)"
    scraper_contact: Annotated[
        str,
        Meta(
            max_length=200,
            pattern=r"^[\x21-\x27\x2a-\x7e]*$",
            description="URL or mail address of the operator, for questions of sites. The scraper "
            "adds it to the User-Agent header. Parentheses are forbidden. Replace the default, "
            "which is a page of nobody.",
        ),
    ] = "https://splitflap.example/bot"
    scraper_languages: Annotated[
        str,
        Meta(
            max_length=200,
            pattern=r"^[A-Za-z0-9, -]*$",
            description="Languages of previews by preference, such as `pt-BR, pt, en`: the "
            "Accept-Language header. All posts with one URL share its preview, so their own "
            "languages do not count.",
        ),
    ] = "en"
    scraper_host_headers: Annotated[
        str,
        Meta(
            description='JSON file of header fields for single hosts: `{"example.com": '
            '{"User-Agent": "..."}}`. A key is a host, a domain such as `*.example.com`, or '
            "an origin such as `http://wiki.internal:8080`. The closest key counts. Fields other "
            "than User-Agent, Accept and Accept-Language may be secrets: they go over https to "
            "port 443 only, or to the origin of the key.",
        ),
    ] = ""
    scrape_robots: Annotated[bool, Meta(description="Fetch and respect robots.txt files.")] = True
    scraper_replicas: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Most scrapers that run at a time. Each takes its share of the limits for "
            "one host.",
        ),
    ] = 1
    scrape_host_concurrency: Annotated[
        int,
        Meta(ge=1, le=5000, description="Requests in flight to one host, by all scrapers."),
    ] = 10
    scrape_host_rate: Annotated[
        float,
        Meta(ge=0.001, le=10_000, description="Requests per second to one host, by all scrapers."),
    ] = 10.0
    scrape_limit_own: Annotated[
        bool,
        Meta(
            description="Apply the host limits to hosts in `SCRAPER_ALLOW_NETS` too, the "
            "operator's own."
        ),
    ] = False
    scrape_deadline: Annotated[
        float,
        Meta(
            ge=0.1,
            le=60,
            description="Limit of one page in seconds, from the name to the last byte, including "
            "redirects.",
        ),
    ] = 10.0
    scrape_connect_timeout: Annotated[
        float, Meta(ge=0.1, le=60, description="Limit of one connect to an address in seconds.")
    ] = 3.0
    scrape_dns_timeout: Annotated[
        float, Meta(ge=0.1, le=60, description="Limit of one name lookup in seconds.")
    ] = 4.0
    scrape_max_kib: Annotated[
        int,
        Meta(
            ge=1,
            le=4096,
            description="Limit of one decompressed page in KiB, with its scripts. Without scripts "
            "the limit is 1,024 KiB.",
        ),
    ] = 4096
    scrape_max_redirects: Annotated[
        int, Meta(ge=0, le=20, description="Redirects followed for one page.")
    ] = 5

    scrape_probe_images: Annotated[
        bool,
        Meta(
            description="Fetch the image of each preview, with all checks of a page, and show it "
            "only if it is an image of a usual size. It costs sites one more request for each "
            "preview, or two."
        ),
    ] = False
    scrape_oembed_providers: Annotated[
        str,
        Meta(
            description="File of oEmbed providers in the format of oembed.com/providers.json. The "
            "scraper asks them if a page gives too little, or refuses the scraper. `none` turns "
            "them off. Empty uses the built-in list of well-known sites.",
        ),
    ] = ""
    scrape_players: Annotated[
        str,
        Meta(
            description="Places of players that previews may show in a frame, separated by commas: "
            "a host, or a host with the begin of a path, as in `video.example/embed/`. `default` "
            "stands for the built-in list. Empty allows no player.",
        ),
    ] = "default"

    webhook_concurrency: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Webhooks sent at a time, beside the pages. The API sends at most four at "
            "a time to one endpoint, and one to an endpoint that fails.",
        ),
    ] = 50
    webhook_timeout: Annotated[
        float,
        Meta(
            ge=0.1,
            le=30,
            description="Limit of one webhook in seconds, from the name to the status.",
        ),
    ] = 15.0
    webhook_host_rate: Annotated[
        float,
        Meta(ge=0.001, le=10_000, description="Webhooks per second to one host, by all scrapers."),
    ] = 100.0
    webhook_host_concurrency: Annotated[
        int, Meta(ge=1, le=1000, description="Webhooks in flight to one host, by all scrapers.")
    ] = 20

    @property
    def webhook_limits(self) -> HostLimits:
        """The limits of one scraper for the host of a webhook: its share of those for all."""
        rate = self.webhook_host_rate / self.scraper_replicas
        concurrency = self.webhook_host_concurrency // self.scraper_replicas
        return HostLimits(max(1, concurrency), rate, max(LEAST_BURST, int(rate)))

    @property
    def providers(self) -> Providers:
        """The providers of `scrape_oembed_providers`.

        Raises:
            BadSettings: the file is unreadable or invalid.
        """
        try:
            return Providers.load(self.scrape_oembed_providers)
        except (OSError, ValueError) as error:
            raise BadSettings(f"{PREFIX}SCRAPE_OEMBED_PROVIDERS: {error}") from error

    @property
    def players(self) -> Players:
        """The places of `scrape_players`.

        Raises:
            BadSettings: one of them is invalid.
        """
        try:
            players = Players.parsed(self.scrape_players)
            players.check(self.address_rules)
        except BadUrl as error:
            raise BadSettings(f"{PREFIX}SCRAPE_PLAYERS: {error}") from error
        return players

    @property
    def address_rules(self) -> AddressRules:
        """The addresses that the fetch may reach, and the hosts that a preview may show.

        Raises:
            BadSettings: one of them is invalid.
        """
        return address_rules(
            self.scraper_allow_nets,
            self.scraper_nat64,
            self.scraper_allow_hosts,
            self.preview_hosts,
            self.scraper_own_origin,
        )

    @property
    def allow_list(self) -> AllowList:
        """The lists of networks, hosts and ports.

        Raises:
            BadSettings: one of the lists is invalid.
        """
        return AllowList(
            self.address_rules,
            networks(self.scraper_deny_nets, "SCRAPER_DENY_NETS"),
            host_names(self.scraper_allow_hosts, "SCRAPER_ALLOW_HOSTS"),
            host_names(self.scraper_deny_hosts, "SCRAPER_DENY_HOSTS"),
            self._ports(),
        )

    def _ports(self) -> frozenset[int]:
        ports = re.findall("[0-9]+", self.scraper_ports)
        for each in ports:
            if (
                len(each) > MAX_DIGITS
                or not 0 < int(each) <= MAX_PORT
                or int(each) in BLOCKED_PORTS
            ):
                raise BadSettings(
                    f"{PREFIX}SCRAPER_PORTS: expected ports from 1 to {MAX_PORT} that browsers do "
                    f"not block, got {each[:100]}"
                )
        return frozenset(map(int, ports))

    @property
    def accept_language(self) -> str:
        """The Accept-Language header. It ends with `*`, since some servers refuse without it.

        Raises:
            BadSettings: a language is no tag of BCP 47, or there are none or too many.
        """
        tags = re.split(r"[\s,]+", self.scraper_languages.strip(" ,"))
        if len(tags) > MAX_LANGUAGES or not all(map(_LANGUAGE.fullmatch, tags)):
            raise BadSettings(
                f"{PREFIX}SCRAPER_LANGUAGES: expected 1 to {MAX_LANGUAGES} language tags"
            )
        weights = [tag if not at else f"{tag};q={1 - at / 10:.1f}" for at, tag in enumerate(tags)]
        return ", ".join([*weights, "*;q=0.1"])

    @property
    def host_fields(self) -> HostFields:
        """The header fields of `scraper_host_headers`.

        Raises:
            BadSettings: the file is unreadable or invalid. The message has no value of a field.
        """
        try:
            return HostFields.load(self.scraper_host_headers)
        except (OSError, ValueError) as error:
            raise BadSettings(f"{PREFIX}SCRAPER_HOST_HEADERS: {error}") from error

    @property
    def agent(self) -> str:
        """The User-Agent header."""
        contact = f" (+{self.scraper_contact})" if self.scraper_contact else ""
        return self.user_agent + contact

    def host_limits(self, names: int = 1) -> HostLimits:
        """Return the limits of one scraper for a number of names: its share of those for all."""
        rate = self.scrape_host_rate / self.scraper_replicas
        concurrency = self.scrape_host_concurrency // self.scraper_replicas
        burst = max(LEAST_BURST, int(rate))
        return HostLimits(names * max(1, concurrency), names * rate, names * burst)

    def fetch_config(self, tls: ssl.SSLContext | None = None) -> FetchConfig:
        """Return the configuration of the fetcher. `tls` replaces the context of `tls()`.

        Raises:
            BadSettings: as `allow_list`, `accept_language`, `host_fields` and `tls`.
        """
        return FetchConfig(
            allow_list=self.allow_list,
            host_limits=self.host_limits(),
            address_limits=self.host_limits(NAMES_OF_ADDRESS),
            tls=tls or self.tls(),
            request_fields=RequestFields(self.agent, self.accept_language, self.host_fields),
            deadline=self.scrape_deadline,
            dns_timeout=self.scrape_dns_timeout,
            connect_timeout=self.scrape_connect_timeout,
            max_redirects=self.scrape_max_redirects,
            max_bytes=self.scrape_max_kib * 1024,
            robots=self.scrape_robots,
            limit_own=self.scrape_limit_own,
        )

    def tls(self) -> ssl.SSLContext:
        """Return the TLS context. It checks certificate and host name. TLS 1.2 is the minimum.

        Raises:
            BadSettings: the CA file is unreadable, or unset on a system without certificates.
        """
        try:
            context = ssl.create_default_context(cafile=self.scraper_ca_file)
        except OSError as error:
            raise BadSettings(f"{PREFIX}SCRAPER_CA_FILE: {error}") from error
        if not context.cert_store_stats()["x509_ca"] and not _system_has_folder():
            raise BadSettings(
                f"{PREFIX}SCRAPER_CA_FILE: the system has no CA certificates; name a file"
            )
        return context

    def check(self) -> None:
        super().check()
        _ = self.allow_list
        self.tls()
        _ = self.providers, self.players
        _ = self.accept_language, self.host_fields


def _system_has_folder() -> bool:
    """Whether a folder has certificates. OpenSSL loads them only when it needs one."""
    folder = ssl.get_default_verify_paths().capath
    return folder is not None and any(Path(folder).iterdir())
