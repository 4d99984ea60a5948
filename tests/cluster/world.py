"""What tests.faults' clients ask of a world, answered by a release; and what failed for them."""

import threading
from collections import Counter
from typing import Any

import requests

from tests.system.rig.client import Client
from tests.system.rig.stack import ADMIN

from .release import Release
from .site import ClusterSite


class CountingClient(Client):
    """Notes every request that got no answer, and every answer that no client should get."""

    def __init__(self, url: str, key: str | None, failures: "Failures") -> None:
        super().__init__(url, key)
        self._failures = failures

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            response = super().call(method, path, **options)
        except requests.RequestException as error:
            self._failures.note(f"{method}: {type(error).__name__}: {error}")
            raise
        is_told = response.status_code == 503 and "Retry-After" in response.headers
        if response.status_code >= 500 and not is_told:
            self._failures.note(f"{method} {path}: {response.status_code}")
        return response


class Failures:
    """What must not be while nothing is broken, from all threads."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, what: str) -> None:
        """One more."""
        with self._lock:
            self.seen[what[:200]] += 1


class ClusterWorld:
    """Stands where tests.faults.world.World stands for its clients: one API, the Service."""

    def __init__(self, release: Release) -> None:
        self.failures = Failures()
        self.apis = ["service"]
        self._url = release.url
        self._release = release

    @property
    def site(self) -> ClusterSite:
        """The pages that posts link to."""
        return self._release.site

    def url(self, _api: str) -> str:
        """Where the Service is."""
        return self._url

    def client(self, _api: str) -> Client:
        """A client with every scope; for one thread."""
        return CountingClient(self._url, ADMIN, self.failures)
