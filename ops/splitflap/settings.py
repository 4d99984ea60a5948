"""Settings of a Splitflap on this machine, as the launcher and the commands read them."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta
from splitflap_core.settings import BadSettings, CommonSettings, Port
from splitflap_core.settings import load as load_settings
from splitflap_core.urls.addresses import parsed

from splitflap.errors import BadEnvironment

#: The HTTP API's name in the Procfile.
API = "api"

#: All services, in the order of the Procfile. Health ports are numbered in this order.
SERVICES = (API, "renderer", "scraper")

#: The services without a database.
WORKERS = SERVICES[1:]


class LocalSettings(CommonSettings, frozen=True, kw_only=True):
    """The common settings, and those of the API that the launcher also needs."""

    host: Annotated[str, Meta(min_length=1, description="Address that requests come to.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, Meta(description="Port that requests come to.")] = 8000
    bootstrap_key: Annotated[str | None, Meta(description="The first key.")] = None
    page: Annotated[str | None, Meta(description="Folder of a built page.")] = None

    @property
    def address(self) -> str:
        """The API's URL for a client on this machine."""
        return f"http://{in_url(reachable(self.host))}:{self.port}"

    @property
    def is_at_address(self) -> bool:
        """Whether the host of `address` is an address, and not a name."""
        return parsed(reachable(self.host)) is not None

    def health_ports(self, names: list[str]) -> dict[str, int]:
        """A health port for each service: HEALTH_PORT and those that follow it."""
        return {name: self.health_port + position for position, name in enumerate(names)}


def read_settings(environ: dict[str, str]) -> LocalSettings:
    """Read the settings from an environment.

    Raises:
        BadEnvironment: names each invalid setting.
    """
    try:
        return load_settings(LocalSettings, environ)
    except BadSettings as error:
        raise BadEnvironment(f"wrong settings\n{error}") from error


def reachable(host: str) -> str:
    """The address by which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound


def in_url(host: str) -> str:
    """A host in the spelling of URLs: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def key_file(data_dir: str) -> Path:
    """The file in which the launcher keeps the first key."""
    return Path(data_dir) / "key"


def stored_key(data_dir: str) -> str | None:
    """The key in the key file; None if the file is missing or empty.

    Raises:
        OSError: the file exists, and reading it failed.
    """
    try:
        return key_file(data_dir).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
