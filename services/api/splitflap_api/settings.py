"""The API's settings."""

from typing import Annotated

from msgspec import Meta
from splitflap_core.contracts import Flavour
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings, Port, check_port

#: Ten years, in seconds.
MAX_RETENTION = 315_360_000

#: Least requests a second of a limit: one in an hour.
SLOWEST_RATE = 1 / 3600

ROLES = {"web", "outcomes"}


class ApiSettings(CommonSettings, frozen=True, kw_only=True):
    """What the API reads."""

    host: Annotated[str, Meta(min_length=1, description="Address that requests come to.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, Meta(description="Port that requests come to.")] = 8000
    database_url: Annotated[
        Annotated[str, Meta(pattern=r"^postgres(ql)?(\+psycopg)?://")] | None,
        Meta(
            description="PostgreSQL as `postgresql://user:password@host/database`; what it does "
            "not say is taken from libpq's variables (PGUSER, PGPASSWORD, PGSSLMODE, "
            "PGSSLROOTCERT). "
            "Unset: SQLite in DATA_DIR.",
        ),
    ] = None
    database_pool: Annotated[
        int, Meta(ge=4, le=100, description="Most connections to PostgreSQL.")
    ] = 10
    bootstrap_key: Annotated[
        Annotated[str, Meta(min_length=16, max_length=200)] | None,
        Meta(
            description="The first key, with every scope, of the account `admin`. "
            "Unset: made and printed at the first start.",
        ),
    ] = None
    api_roles: Annotated[
        str,
        Meta(
            min_length=1,
            description="What this process does: `web` (requests), `outcomes` "
            "(results, retries, retention), or both, separated by a comma.",
        ),
    ] = "web,outcomes"
    max_connections: Annotated[
        int,
        Meta(
            ge=10,
            le=100_000,
            description="Most connections open at a time; fewer where the system allows fewer "
            "files.",
        ),
    ] = 10_000
    max_in_flight: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Most requests answered at a time; more get 503."),
    ] = 80
    max_unfinished_age: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds that renders may wait for a worker; with older ones, new work "
            "gets 503. Scrapes may wait twenty times as long.",
        ),
    ] = 30.0
    max_unpublished_age: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds that work may wait for a broker that is down; with older work, "
            "new work gets 503.",
        ),
    ] = 3600.0
    rate_limit: Annotated[
        float,
        Meta(
            ge=0,
            le=1_000_000,
            description="Requests a second that one key may make, at least one in an hour; "
            "0 is without limit.",
        ),
    ] = 0.0
    body_deadline: Annotated[
        float,
        Meta(gt=0, le=300, description="Seconds for a request's head, and again for its body."),
    ] = 10.0
    task_retention: Annotated[
        float,
        Meta(
            ge=0.1, le=MAX_RETENTION, description="Seconds that a final response is kept; then 410."
        ),
    ] = 86_400.0
    tombstone_retention: Annotated[
        float,
        Meta(
            ge=1,
            le=MAX_RETENTION,
            description="Seconds after that in which 410 is said and not 404.",
        ),
    ] = 30 * 86_400.0
    event_retention: Annotated[
        float, Meta(ge=60, le=MAX_RETENTION, description="Seconds that events can be resumed from.")
    ] = 86_400.0
    default_flavour: Annotated[
        Flavour,
        Meta(description="How a text is read whose request does not say: `markdown` or `gfm`."),
    ] = "markdown"
    preview_wait: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds after rendering that a task waits for previews."),
    ] = 30.0

    def check(self) -> None:
        """Raises BadSettings for an unknown role, too small a rate, or two ports that are one."""
        super().check()
        if not self.roles or self.roles - ROLES:
            raise BadSettings(
                f"{PREFIX}API_ROLES: {self.api_roles!r}; expected `web`, `outcomes` or both"
            )

        if 0 < self.rate_limit < SLOWEST_RATE:
            raise BadSettings(
                f"{PREFIX}RATE_LIMIT: {self.rate_limit:g}; expected 0, or at least 1 / 3600"
            )
        if self.port == self.health_port:
            raise BadSettings(f"{PREFIX}HEALTH_PORT: {self.port} is {PREFIX}PORT; expected another")
        check_port(self.database_url or "", "DATABASE_URL")

    @property
    def roles(self) -> frozenset[str]:
        """The roles as a set."""
        return frozenset(role.strip() for role in self.api_roles.split(",") if role.strip())
