"""Real servers on loopback, and fetchers that may reach them."""

import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from splitflap_core.telemetry import Metrics
from splitflap_scraper.fetch.deadline import TimeLimit
from splitflap_scraper.fetch.fetcher import Fetcher
from splitflap_scraper.fetch.request import FetchResult, check_status
from splitflap_scraper.fetch.targets.resolver import Resolve
from splitflap_scraper.preview.readers import AnyReader, PageReader, UnknownReader, reader_for
from splitflap_scraper.process.settings import ScraperSettings

#: Seconds that a test waits for what must happen.
PATIENCE = 30.0

#: Answers a request: gets the connection and the request's text.
Respond = Callable[[socket.socket, str], None]


def page(body: str | bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole response; its type is HTML unless a header says otherwise."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *headers]
    if not any(header.lower().startswith("content-type:") for header in headers):
        lines.append("Content-Type: text/html; charset=utf-8")
    return "\r\n".join([*lines, "", ""]).encode() + data


def redirect(location: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return page("", f"Location: {location}", status=status)


class Site:
    """A server that answers with `respond`, or always with the same bytes."""

    def __init__(
        self,
        respond: Respond | bytes,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        #: Requests so far, and connections, those without a request included.
        self.requests: list[str] = []
        self.connections = 0
        #: What clients said they want to reach, in their TLS handshake.
        self.server_names: list[str | None] = []
        self.tls = tls
        if tls:
            tls.sni_callback = lambda _sock, name, _context: self.server_names.append(name)
        site = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                site.connections += 1
                with suppress(OSError):  # the client went away, as it should
                    site.answer(self.request, respond)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128
            block_on_close = False
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        self._server = Server((host, port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, sock: socket.socket, respond: Respond | bytes) -> None:
        """Read a request, and answer it."""
        if self.tls:
            sock = self.tls.wrap_socket(sock, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            request += sock.recv(4096) or b"\r\n\r\n"
        self.requests.append(request.decode("latin-1"))
        if isinstance(respond, bytes):
            sock.sendall(respond)
        else:
            respond(sock, self.requests[-1])
        if self.tls:
            sock.close()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """A URL of this site."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Makes sites, and ends them with the test."""
    sites: list[Site] = []

    def make(respond: Respond | bytes, **options: Any) -> Site:
        sites.append(Site(respond, **options))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


def is_green() -> bool:
    """Whether this process is patched."""
    return "splitflap_scraper.process.green" in sys.modules


def time_limit() -> TimeLimit:
    """The timer of the service in a patched process; else the timeouts of the sockets must do."""
    if is_green():
        from splitflap_scraper.process import green

        return TimeLimit(green.deadline, green.DeadlineExceeded)
    return TimeLimit(lambda _seconds: nullcontext(), TimeoutError)


@dataclass(frozen=True)
class Page:
    """What the tests of the fetch look at: the titles of a page, and how long it is fresh."""

    url: str
    head: str
    keep: float


class PageFetcher(Fetcher):
    """A fetcher with a visit of one page."""

    def fetch(self, url: str) -> Page:
        """The page that a URL leads to."""
        with self.visit() as visit:
            answer: FetchResult[AnyReader] = visit.get(url, reader_for)
        check_status(answer.head.status, answer.head.headers)
        reader = answer.reader.reader if isinstance(answer.reader, UnknownReader) else answer.reader
        titles = reader.document().titles if isinstance(reader, PageReader) else []
        head = "".join(f"<title>{title}</title>" for title in titles)
        return Page(answer.head.url, head, answer.keep)


def make_fetcher(
    resolve: Resolve | None = None, *, metrics: Metrics | None = None, **settings: Any
) -> PageFetcher:
    """A fetcher that may reach loopback, and asks for no robots.txt, unless told otherwise."""
    ours = {"scraper_allow_nets": "127.0.0.1/32", "scrape_deadline": 10, "scrape_robots": False}
    chosen = msgspec.convert({**ours, **settings}, ScraperSettings)
    tls = chosen.tls() if chosen.scraper_ca_file else default_tls()
    counted = metrics or Metrics("scraper")
    config = chosen.fetch_config(tls)
    return PageFetcher(config, time_limit(), counted, resolve or socket.getaddrinfo)


@cache
def default_tls() -> ssl.SSLContext:
    """The service's context for the system's CA certificates, which take long to load."""
    return ScraperSettings().tls()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key, for site.test and 127.0.0.2, that is its own CA."""
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
    """A server's side of TLS, with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
