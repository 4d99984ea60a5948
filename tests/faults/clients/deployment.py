"""The deployment that clients use: local processes here, a Helm release in tests/cluster."""

from typing import Protocol

from tests.system.rig.client import Client


class Pages(Protocol):
    """The pages that posts link to."""

    def url(self, path: str) -> str:
        """The URL of `page/NAME`, `slow/NAME` or `missing/NAME`."""


class Deployment(Protocol):
    """APIs by name, and pages."""

    @property
    def apis(self) -> list[str]:
        """The names of the APIs."""

    @property
    def site(self) -> Pages:
        """The pages."""

    def url(self, api: str) -> str:
        """The URL of an API."""

    def client(self, api: str) -> Client:
        """A client of one API with every scope. Use one client per thread."""
