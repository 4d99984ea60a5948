"""The API's settings."""

import re
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from splitflap_core.contracts import Flavour
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings, Port, check_port
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.image_proxy import (
    ImageProxy,
    ImageProxyKey,
    ImageProxyUrl,
    image_proxy,
)
from splitflap_core.urls.settings import (
    AllowHosts,
    AllowNets,
    Nat64,
    OwnOrigin,
    PreviewHosts,
    address_rules,
)

#: Seconds: ten years.
MAX_RETENTION = 315_360_000

#: Lowest RATE_LIMIT in requests per second: one per hour.
SLOWEST_RATE = 1 / 3600

_ORIGIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}

#: Roles of an API process: serve requests; take outcomes, retry and delete what has expired.
ROLES = {"web", "outcomes"}


class ApiSettings(CommonSettings, frozen=True, kw_only=True):
    """Read from the environment's SPLITFLAP_ variables, see docs/configuration.md."""

    host: Annotated[str, Meta(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port to listen on.")] = 8000
    database_url: Annotated[
        Annotated[str, Meta(pattern=r"^postgres(ql)?(\+psycopg)?://")] | None,
        Meta(
            description="PostgreSQL as `postgresql://user:password@host/database`. libpq's "
            "variables (PGUSER, PGPASSWORD, PGSSLMODE, PGSSLROOTCERT) supply missing parts. "
            "Unset: SQLite in DATA_DIR.",
        ),
    ] = None
    database_pool: Annotated[
        int, Meta(ge=4, le=100, description="Maximum of connections to PostgreSQL.")
    ] = 10
    bootstrap_key: Annotated[
        Annotated[str, Meta(min_length=16, max_length=200)] | None,
        Meta(
            description="The first key, with every scope but `act`, of the account `admin`. "
            "Unset: generated and printed at the first start.",
        ),
    ] = None
    api_roles: Annotated[
        str,
        Meta(
            min_length=1,
            description="Roles of this process: `web` (requests), `outcomes` "
            "(results, retries, retention), or both, separated by a comma.",
        ),
    ] = "web,outcomes"
    page: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            description="Folder of a page built by `python -m splitflap_web FOLDER`. The API "
            "serves it at `/`. Unset: no page, since nginx serves it. `make run` builds one.",
        ),
    ] = None
    max_connections: Annotated[
        int,
        Meta(
            ge=10,
            le=100_000,
            description="Maximum of open connections. The system's limit of open files may "
            "lower it.",
        ),
    ] = 10_000
    max_connections_per_key: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        Meta(
            description="Maximum of requests in progress with one key, event streams and waits "
            "included; more get 429. The same number of its connections may be idle; the API "
            "closes more after their response. Unset: a quarter of MAX_CONNECTIONS.",
        ),
    ] = None
    max_anonymous_connections: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        Meta(
            description="Maximum of silent connections without a request with a valid key. Beyond "
            "it the API closes the oldest one of the address with the most of them. Unset: a half "
            "of MAX_CONNECTIONS.",
        ),
    ] = None
    max_in_flight: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Maximum of requests in flight; more get 503."),
    ] = 80
    max_unfinished_age: Annotated[
        float,
        Meta(
            gt=0,
            le=MAX_RETENTION,
            description="Seconds that an account's renders may wait for a worker. While more than "
            "50 wait longer, or are expected to, new work of this account gets 429; a few stuck "
            "ones close nothing. "
            "Scrapes may wait twenty times as long, and 500 of them longer. Low jobs may wait 120 "
            "times as long, and refuse low requests only.",
        ),
    ] = 30.0
    max_unpublished_age: Annotated[
        float,
        Meta(
            gt=0,
            le=MAX_RETENTION,
            description="Seconds that accepted work may wait for an unavailable broker. While "
            "some waits longer, new work gets 503.",
        ),
    ] = 3600.0
    rate_limit: Annotated[
        float,
        Meta(
            ge=0,
            le=1_000_000,
            description="Requests per second allowed for one key by this process, at least one "
            "per hour; 0 turns the limit off. Each API process counts for itself, so N replicas "
            "together allow up to N times as many. A key with the scope `act` has the next limit; "
            "each account that it acts for has this one.",
        ),
    ] = 0.0
    rate_limit_act: Annotated[
        float,
        Meta(
            ge=0,
            le=1_000_000,
            description="As SPLITFLAP_RATE_LIMIT, for a key with the scope `act`: its requests for "
            "all accounts together.",
        ),
    ] = 0.0
    cors_origins: Annotated[
        str,
        Meta(
            description="Origins whose pages may use the API by a key, such as "
            "`https://app.example`, separated by commas. As browsers write them: in lower case, "
            "without a path, and without the default port.",
        ),
    ] = ""
    body_deadline: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            description="Seconds to receive a request's head, and again for its body.",
        ),
    ] = 10.0
    task_retention: Annotated[
        float,
        Meta(
            ge=0.1,
            le=MAX_RETENTION,
            description="Seconds to keep a final response; later polls get 410.",
        ),
    ] = 86_400.0
    tombstone_retention: Annotated[
        float,
        Meta(
            ge=1,
            le=MAX_RETENTION,
            description="Seconds after TASK_RETENTION in which polls get 410; then 404.",
        ),
    ] = 30 * 86_400.0
    event_retention: Annotated[
        float,
        Meta(ge=60, le=MAX_RETENTION, description="Seconds to keep events for resuming streams."),
    ] = 86_400.0
    default_flavour: Annotated[
        Flavour,
        Meta(description="Flavour of texts sent without `flavour`: `markdown` or `gfm`."),
    ] = "markdown"
    breaks: Annotated[
        bool,
        Meta(
            description="Whether a newline within a paragraph is a line break, for texts sent "
            "without `breaks`."
        ),
    ] = True
    preview_wait: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds that a rendered task waits for its previews."),
    ] = 30.0
    webhook_backoff: Annotated[
        float,
        Meta(
            ge=0.01,
            le=60,
            description="Seconds from the first try of a webhook to the second one. The later "
            "times grow with it. With 5, the last one of 15 tries comes after a day.",
        ),
    ] = 5.0
    webhook_lease: Annotated[
        float,
        Meta(
            ge=1,
            le=600,
            description="Seconds after which a try of a webhook counts as lost. Longer than a "
            "try's 40 s at the broker and `SPLITFLAP_WEBHOOK_TIMEOUT` of the scraper together: "
            "otherwise usual tries overlap.",
        ),
    ] = 60.0
    kubernetes_deployments: Annotated[
        Annotated[str, Meta(max_length=200, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")] | None,
        Meta(
            description="Name of the Deployments in this pod's namespace without the service: "
            "`r-splitflap` for `r-splitflap-api`. The status then has the number of their pods, as "
            "Kubernetes tells this pod's service account. Unset: Kubernetes is not asked.",
        ),
    ] = None
    scraper_allow_nets: AllowNets = ""
    scraper_nat64: Nat64 = ""
    scraper_allow_hosts: AllowHosts = ""
    preview_hosts: PreviewHosts = ""
    scraper_own_origin: OwnOrigin = None
    image_proxy_url: ImageProxyUrl = None
    image_proxy_key: ImageProxyKey = ""

    def check(self) -> None:
        """Check what bounds cannot say.

        Raises:
            BadSettings: an unknown role, a rate below SLOWEST_RATE, equal ports, or no page there.
        """
        super().check()
        if not self.roles or self.roles - ROLES:
            raise BadSettings(
                f"{PREFIX}API_ROLES: {self.api_roles!r}; expected `web`, `outcomes` or both"
            )

        for name in ("rate_limit", "rate_limit_act"):
            if 0 < (rate := getattr(self, name)) < SLOWEST_RATE:
                raise BadSettings(
                    f"{PREFIX}{name.upper()}: {rate:g}; expected 0, or at least 1 / 3600"
                )
        if self.port == self.health_port:
            raise BadSettings(f"{PREFIX}HEALTH_PORT: {self.port} is {PREFIX}PORT; expected another")
        check_port(self.database_url or "", "DATABASE_URL")
        if self.page and not (Path(self.page) / "site.json").is_file():
            raise BadSettings(
                f"{PREFIX}PAGE: {self.page!r} has no site.json; make the folder with "
                "`python -m splitflap_web FOLDER`"
            )
        _ = self.allowed_origins
        _ = self.address_rules
        _ = self.image_proxy

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins of CORS_ORIGINS.

        Raises:
            BadSettings: a browser would never send one of them.
        """
        origins = frozenset(filter(None, re.split(r"[\s,]+", self.cors_origins)))
        for each in sorted(origins):
            if not _ORIGIN.fullmatch(each) or each.endswith(_DEFAULT_PORT[each.split(":")[0]]):
                raise BadSettings(
                    f"{PREFIX}CORS_ORIGINS: {each[:100]!r}; expected origins as browsers send them,"
                    " such as `https://app.example` or `http://localhost:3000`: in lower case, "
                    "without a path, and without the default port"
                )
        return origins

    @property
    def address_rules(self) -> AddressRules:
        """The addresses and hosts that a preview may show.

        Raises:
            BadSettings: a network or a host is malformed.
        """
        return address_rules(
            self.scraper_allow_nets,
            self.scraper_nat64,
            self.scraper_allow_hosts,
            self.preview_hosts,
            self.scraper_own_origin,
        )

    @property
    def image_proxy(self) -> ImageProxy | None:
        """The proxy for images of previews.

        Raises:
            BadSettings: the proxy's URL lacks a placeholder, or its key is unset.
        """
        return image_proxy(self.image_proxy_url, self.image_proxy_key)

    @property
    def uses_data_dir(self) -> bool:
        return self.database_url is None or super().uses_data_dir

    @property
    def roles(self) -> frozenset[str]:
        """The roles as a set."""
        return frozenset(role.strip() for role in self.api_roles.split(",") if role.strip())


class DatabaseSettings(ApiSettings, frozen=True, kw_only=True):
    """The settings of commands that use the database and no broker."""

    @property
    def uses_data_dir(self) -> bool:
        return self.database_url is None
