"""Records the faults of pages and of their shared workers during one test."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Request

from .chromium import Chromium

#: Added to each page: Chromium reports some violations only as this event.
REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', event => console.error(
    `violation of ${event.effectiveDirective} by ${event.blockedURI} ${event.sourceFile}`));
"""

#: A page may end its own requests, for example when it asks for a newer preview.
ENDED_BY_THE_PAGE = "net::ERR_ABORTED"


class Watch:
    """The faults so far. A test names the faults that it causes on purpose with `tolerate`."""

    def __init__(self, chromium: Chromium) -> None:
        self.faults: list[str] = []
        self._tolerated: list[re.Pattern[str]] = []
        self._origins: set[str] = set()
        #: Images of other hosts, as (host, path): posts may show them.
        self._images: set[tuple[str, str]] = set()
        self._elsewhere = chromium.elsewhere
        self._requests_before = len(chromium.elsewhere.requests)
        self._workers = _Workers(chromium.browser.new_browser_cdp_session(), self)

    def follow(self, context: BrowserContext, origin: str) -> None:
        """Watch all pages of a context, which belong to this origin."""
        self._origins.add(origin)
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda raised: self.faults.append(f"uncaught: {raised.error}"))
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failed)

    def tolerate(self, *patterns: str) -> None:
        """Expect faults that contain one of these regular expressions."""
        self._tolerated += map(re.compile, patterns)

    def check(self) -> None:
        """Raise AssertionError if there was an unexpected fault.

        Raises:
            AssertionError: the message lists all of them.
        """
        self._workers.settle()
        untold = list(self.faults)
        requests = self._elsewhere.requests[self._requests_before :]
        untold += [
            f"request to {host}{path}" for host, path in requests if self._is_no_image(host, path)
        ]
        untold = [each for each in untold if not self._is_tolerated(each)]
        assert not untold, "\n".join(dict.fromkeys(untold))

    def close(self) -> None:
        """End the session with the browser."""
        self._workers.close()

    def note_request(self, url: str, kind: str) -> None:
        """Record a request to another origin. Images are allowed."""
        parts = urlsplit(url)
        if parts.scheme in {"data", "blob"} or f"{parts.scheme}://{parts.netloc}" in self._origins:
            return
        if kind == "image":
            path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            self._images.add((parts.netloc, path))
            return
        self.faults.append(f"request to another origin ({kind}): {url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "assert"} and not self._is_image(message.location["url"]):
            self.faults.append(f"console: {message.text} ({message.location['url']})")

    def _on_request(self, request: Request) -> None:
        self.note_request(request.url, request.resource_type)

    def _on_failed(self, request: Request) -> None:
        failure = request.failure or ""
        if failure != ENDED_BY_THE_PAGE and not self._is_image(request.url):
            self.faults.append(f"failed request: {failure} {request.url}")

    def _is_image(self, url: str) -> bool:
        parts = urlsplit(url)
        return any(host == parts.netloc for host, _ in self._images)

    def _is_no_image(self, host: str, path: str) -> bool:
        if host == "not HTTP":  # the handshake of https
            return not self._images
        return (host, path) not in self._images

    def _is_tolerated(self, fault: str) -> bool:
        return any(pattern.search(fault) for pattern in self._tolerated)


class _Workers:
    """Reports the errors and requests of shared workers, which Playwright does not show."""

    def __init__(self, session: CDPSession, watch: Watch) -> None:
        self._session = session
        self._watch = watch
        self._seen: set[str] = set()
        session.on("Target.targetCreated", self._on_created)
        session.on("Target.receivedMessageFromTarget", self._on_message)
        session.send("Target.setDiscoverTargets", {"discover": True})

    def settle(self) -> None:
        """Receive all messages that the browser has sent until now."""
        self._session.send("Target.getTargets")

    def close(self) -> None:
        self._session.detach()

    def _on_created(self, event: dict[str, Any]) -> None:
        target = event["targetInfo"]
        if target["type"] != "shared_worker" or target["targetId"] in self._seen:
            return
        self._seen.add(target["targetId"])
        options = {"targetId": target["targetId"], "flatten": False}
        session_id = self._session.send("Target.attachToTarget", options)["sessionId"]
        for number, method in enumerate(("Runtime.enable", "Log.enable", "Network.enable"), 1):
            message = json.dumps({"id": number, "method": method, "params": {}})
            options = {"sessionId": session_id, "message": message}
            self._session.send("Target.sendMessageToTarget", options)

    def _on_message(self, event: dict[str, Any]) -> None:
        message = json.loads(event["message"])
        params = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled" if params["type"] in {"error", "assert"}:
                words = " ".join(str(each.get("value", each)) for each in params["args"])
                self._watch.faults.append(f"worker's console: {words}")
            case "Runtime.exceptionThrown":
                self._watch.faults.append(f"uncaught in a worker: {params['exceptionDetails']}")
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                entry = params["entry"]
                self._watch.faults.append(f"worker's log: {entry['text']} ({entry.get('url')})")
            case "Network.requestWillBeSent":
                self._watch.note_request(params["request"]["url"], "worker")
