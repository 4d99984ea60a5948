"""What clients need of whatever they post to: here processes, in tests/cluster a release."""

from typing import Protocol

from tests.system.rig.client import Client


class Pages(Protocol):
    """Pages that posts link to."""

    def url(self, path: str) -> str:
        """The address of `page/NAME`, `slow/NAME` or `missing/NAME`."""


class Deployment(Protocol):
    """APIs by name, and pages."""

    @property
    def apis(self) -> list[str]:
        """The names of the APIs."""

    @property
    def site(self) -> Pages:
        """The pages."""

    def url(self, api: str) -> str:
        """Where an API is."""

    def client(self, api: str) -> Client:
        """A client of one API with every scope; for one thread."""
