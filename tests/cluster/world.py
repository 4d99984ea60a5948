"""A release as the world of tests.faults' clients, with a record of their failures."""

import threading
from collections import Counter
from typing import Any

import requests

from tests.system.rig.client import Client
from tests.system.rig.stack import ADMIN

from .release import Release
from .site import ClusterSite


class CountingClient(Client):
    """Records failed requests and unexpected responses."""

    def __init__(self, url: str, key: str | None, failures: "Failures") -> None:
        super().__init__(url, key)
        self._failures = failures

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            response = super().call(method, path, **options)
        except requests.RequestException as error:
            self._failures.note(f"{method}: {type(error).__name__}: {error}")
            raise
        is_announced = response.status_code == 503 and "Retry-After" in response.headers
        if response.status_code >= 500 and not is_announced:
            self._failures.note(f"{method} {path}: {response.status_code}")
        return response


class Failures:
    """Failures seen by clients, from all threads."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, what: str) -> None:
        """Record a failure."""
        with self._lock:
            self.seen[what[:200]] += 1


class ClusterWorld:
    """Replaces tests.faults.world.World for its clients: one API, the Service."""

    def __init__(self, release: Release) -> None:
        self.failures = Failures()
        self.apis = ["service"]
        self._url = release.url
        self._release = release

    @property
    def site(self) -> ClusterSite:
        """The site for the links of posts."""
        return self._release.site

    def url(self, _api: str) -> str:
        """The URL of the Service."""
        return self._url

    def client(self, _api: str) -> Client:
        """A client with all scopes, for one thread."""
        return CountingClient(self._url, ADMIN, self.failures)
