"""Common parts of the tests of nginx."""

import json
from pathlib import Path
from typing import Any, Protocol

from splitflap_web.site import build

from tests.servers.page_nginx import PageNginx

#: Seconds to wait for a condition or a response.
PATIENCE = 30.0


class MakeNginx(Protocol):
    """Starts nginx in front of a port, with further variables."""

    def __call__(self, port: int, **variables: str) -> PageNginx: ...


def page(target: Path) -> Path:
    """Build the page."""
    build(target)
    return target


def manifest(site: Path) -> dict[str, Any]:
    """What the site's build says about its files."""
    found: dict[str, Any] = json.loads((site / "site.json").read_text(encoding="utf-8"))
    return found
