"""Fixtures: sites on loopback, and a certificate for them."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.scraper.fetching import Serve
from tests.integration.scraper.site import Respond, Site


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
    if not shutil.which("openssl"):
        pytest.skip("needs the program openssl")
    path = tmp_path_factory.mktemp("tls") / "site.pem"
    names = "subjectAltName=DNS:site.test,IP:127.0.0.2"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=site.test"
    files = ["-keyout", str(path), "-out", str(path)]
    subprocess.run([*command.split(), "-addext", names, *files], check=True, capture_output=True)
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    """The TLS context of a server with the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
