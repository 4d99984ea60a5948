"""Fetches the cases of cases.py, in a network namespace with only local addresses.

One server listens on all addresses. It sees the address of a connection as its own. An address that
is not public is a canary. The program prints JSON: for each case, the outcome and the addresses.
"""

import json
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from splitflap_core.contracts import WebhookRequest
from splitflap_core.outcomes import Done
from splitflap_core.telemetry import Metrics
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.fetch.fetcher import Fetcher
from splitflap_scraper.fetch.post import Poster
from splitflap_scraper.process.handler import ScrapeHandler
from splitflap_scraper.process.settings import ScraperSettings
from splitflap_scraper.webhooks.handler import WebhookHandler

from tests.integration.scraper.fetching import scrape, time_limit
from tests.integration.scraper.site import page
from tests.integration.scraper.ssrf.cases import (
    LEADS,
    LED_TO,
    NAMES,
    PUBLIC,
    REDIRECTS,
    barred,
    neighbours,
)

GOOD = "<title>T</title><meta property=og:title content=T><meta property=og:image content=/i>"


class CanaryServer(socketserver.ThreadingTCPServer):
    """Answers on all addresses, and notes them with the number of requests."""

    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.requests = 0
        super().__init__(("::", 0), Handler)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class Handler(socketserver.BaseRequestHandler):
    """Redirects as the path demands."""

    server: CanaryServer

    def handle(self) -> None:
        own = ip_address(self.request.getsockname()[0].partition("%")[0])
        self.server.reached.append(str(getattr(own, "ipv4_mapped", None) or own))
        with suppress(OSError):
            while request := self.request.recv(65_536).decode("latin-1"):
                self.server.requests += 1
                self.request.sendall(answer(request.split(" ")[1]))


def answer(path: str) -> bytes:
    """Return a page, or a redirect to the address in the query."""
    parts = urlsplit(path)
    to = unquote(parse_qs(parts.query).get("to", [""])[0])
    kind = parts.path.strip("/")
    if kind.isdigit():
        return page("", f"Location: {to}", status=f"{kind} X")
    if kind == "refresh":
        return page(f'<meta http-equiv=refresh content="0;url={to}">')
    if kind == "oembed":
        return page(
            f'<title>T</title><link rel=alternate type="application/json+oembed" href="{to}">'
        )
    if kind == "robots.txt":
        return (
            page("", f"Location: {ROBOTS[0]}", status="302 X")
            if ROBOTS
            else page("", status="404 X")
        )
    return page(GOOD)


#: The redirect of the server's robots.txt, if any.
ROBOTS: list[str] = []


class Names:
    """The names of the test, then the system's resolver."""

    def __init__(self) -> None:
        self._rest = {name: list(answers) for name, answers in NAMES.items()}

    def __call__(self, host: bytes, port: int, *rest: Any) -> Any:
        answers = self._rest.get(host.decode("ascii"))
        if answers is None:
            return socket.getaddrinfo(host, port, *rest)
        each = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(0, 0, 0, "", (address, port)) for address in each.split()]


class Run:
    """Runs each case on a scraper of its own."""

    def __init__(self) -> None:
        self.server = CanaryServer()
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        settings = ScraperSettings(scrape_deadline=5.0)
        self._settings, self._tls = settings, settings.tls()

    def scraper(self, *, robots: bool = True) -> ScrapeHandler:
        """Make a scraper with an empty state."""
        settings = msgspec.structs.replace(self._settings, scrape_robots=robots)
        metrics = Metrics("scraper")
        fetcher = Fetcher(settings.fetch_config(self._tls), time_limit(), metrics, Names())
        return ScrapeHandler(fetcher, PUBLIC_ONLY, metrics)

    def scrape(self, url: str, scraper: ScrapeHandler | None = None) -> dict[str, Any]:
        """Return the outcome of a URL, and the connected addresses."""
        self.server.reached.clear()
        self.server.requests = 0
        outcome = scrape(scraper or self.scraper(), url, attempt=5)
        reason = "done" if isinstance(outcome, Done) else outcome.reason
        return {
            "outcome": reason,
            "reached": list(self.server.reached),
            "requests": self.server.requests,
        }

    def deliver(self, url: str, handler: WebhookHandler | None = None) -> dict[str, Any]:
        """Return the outcome of a webhook with a URL, and the connected addresses."""
        self.server.reached.clear()
        self.server.requests = 0
        outcome = (handler or self.sender())(webhook_to(url))
        return {
            "outcome": outcome.reason or str(outcome.status),
            "reached": list(self.server.reached),
            "requests": self.server.requests,
        }

    def sender(self) -> WebhookHandler:
        """Make a sender of webhooks with an empty state."""
        config = self._settings.fetch_config(self._tls)
        limits = self._settings.webhook_limits
        return WebhookHandler(
            Poster(config, time_limit(), Metrics("scraper"), limits, 5.0, Names())
        )

    def url(self, host: str, path: str = "/") -> str:
        """Return a URL of the server."""
        return f"http://{host.replace('{p}', str(self.port))}:{self.port}{path}"

    def led(self, kind: str, host: str) -> dict[str, Any]:
        """Return the outcome of a public page that leads to a host."""
        ROBOTS[:] = [self.url(host, "/canary")] if kind == "robots" else []
        try:
            return self.scrape(self.url(PUBLIC, f"/{kind}?to={self.url(host, '/canary')}"))
        finally:
            ROBOTS.clear()


def main() -> None:
    """Run all cases."""
    run = Run()
    found = {f"host {host}": run.scrape(run.url(host)) for host in barred()}
    for kind in LEADS:
        for host in LED_TO:
            found[f"{kind} {host}"] = run.led(kind, host)
    for name in ("rebind.test", "rebind6.test"):
        # The second lookup, for the redirect to the same name, gets another answer.
        to_itself = run.url(name, f"/302?to={run.url(name, '/2')}")
        found[f"rebinding {name}"] = run.scrape(to_itself, run.scraper(robots=False))
        # The same for a later job, while the connection to the first address is still open.
        scraper = run.scraper(robots=False)
        found[f"one lookup {name}"] = run.scrape(run.url(name), scraper)
        found[f"pooled reuse {name}"] = run.scrape(run.url(name), scraper)
        # The lookup for the page comes after the one for robots.txt.
        found[f"rebinding after robots {name}"] = run.scrape(run.url(name))
    for host in neighbours():
        found[f"public {host}"] = run.scrape(run.url(host))
    found |= webhooks(run)
    json.dump(found, sys.stdout)


def webhooks(run: Run) -> dict[str, dict[str, Any]]:
    """Deliver webhooks to the same hosts, and to receivers that redirect to them."""
    found = {f"webhook {host}": run.deliver(run.url(host)) for host in barred()}
    for status in REDIRECTS:
        for host in LED_TO:
            url = run.url(PUBLIC, f"/{status}?to={run.url(host, '/canary')}")
            found[f"webhook {status} {host}"] = run.deliver(url)
    for name in ("rebind.test", "rebind6.test"):
        sender = run.sender()
        found[f"webhook first {name}"] = run.deliver(run.url(name), sender)
        # The connection of the first try is still open.
        found[f"webhook again {name}"] = run.deliver(run.url(name), sender)
    for host in neighbours():
        found[f"webhook public {host}"] = run.deliver(run.url(host))
    return found


def webhook_to(url: str) -> WebhookRequest:
    """A try of a webhook."""
    return WebhookRequest("id", 1, url, int(time.time()), "v1,x", "{}")


if __name__ == "__main__":
    main()
