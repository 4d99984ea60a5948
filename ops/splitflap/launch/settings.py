"""What the launcher reads, and what it gives to each service."""

import sys
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from splitflap_core.settings import PREFIX, CommonSettings, Port

#: The service that requests come to, as the Procfile calls it.
API = "api"

#: All of them, in the Procfile's order, which is the order of their health ports.
SERVICES = (API, "renderer", "scraper")


class LauncherSettings(CommonSettings, frozen=True, kw_only=True):
    """The services' own settings, where the launcher has to know them too."""

    host: Annotated[str, Meta(min_length=1, description="Address that requests come to.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, Meta(description="Port that requests come to.")] = 8000
    bootstrap_key: Annotated[str | None, Meta(description="The first key.")] = None

    @property
    def address(self) -> str:
        """Where a client on this machine finds the API."""
        return f"http://{in_url(reachable(self.host))}:{self.port}"

    def health_ports(self, names: list[str]) -> dict[str, int]:
        """A health port for each service: HEALTH_PORT and those that follow it."""
        return {name: self.health_port + position for position, name in enumerate(names)}


def reachable(host: str) -> str:
    """The address by which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound


def in_url(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def service_environment(
    environ: dict[str, str], settings: LauncherSettings, name: str, health_port: int, key: str
) -> dict[str, str]:
    """The launcher's environment with what this service must know; only the API gets the key."""
    path = f"{Path(sys.executable).parent}:{environ.get('PATH', '/usr/bin:/bin')}"
    own = {
        "PATH": path,
        PREFIX + "DATA_DIR": settings.data_dir,
        PREFIX + "PORT": str(settings.port),
        PREFIX + "HEALTH_PORT": str(health_port),
        # So that what is said at the start stands out; whoever wants more sets it.
        PREFIX + "LOG_LEVEL": environ.get(PREFIX + "LOG_LEVEL") or "WARNING",
    }
    if name == API:
        own[PREFIX + "BOOTSTRAP_KEY"] = key
    return environ | own
