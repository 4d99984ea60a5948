"""Fixtures: sites on loopback, and a certificate for them."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.scraper.fetching import Serve
from tests.integration.scraper.site import Respond, Site
from tests.support.certificates import make_certificate


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Make sites, and close them after the test."""
    sites: list[Site] = []

    def make(respond: Respond | bytes, **options: Any) -> Site:
        sites.append(Site(respond, **options))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key, for site.test and 127.0.0.2."""
    names = ("DNS:site.test", "IP:127.0.0.2")
    return make_certificate(tmp_path_factory.mktemp("tls") / "site.pem", *names)


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    """The TLS context of a server with the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
