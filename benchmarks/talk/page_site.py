"""The site that the application fetches: each page takes 0.2 s, or TALK_PAGE_SECONDS.

GET /page/7            the page with the title "Page 7"; /page/7?seconds=2 takes 2 s
GET /robots.txt        404, as any other path
GET /largest           the largest number of requests in flight since POST /reset
GET /fetched           how often each page was fetched since then, as JSON

These numbers need no clock, so tests assert them.
"""

import json
import os
from collections import Counter
from typing import ClassVar

from benchmarks.harness.page_server import Pages, response, run

#: Seconds of a page.
PAGE_SECONDS = float(os.environ.get("TALK_PAGE_SECONDS", "0.2"))


def title(number: int) -> str:
    """The title of a page."""
    return f"Page {number}"


class PageSite(Pages):
    """One connection."""

    in_flight: ClassVar[int] = 0
    largest: ClassVar[int] = 0
    fetched: ClassVar[Counter[int]] = Counter()
    _waits = 0

    def answer(self, path: bytes) -> None:
        where, _, query = path.decode().partition("?")
        if where == "/largest":
            self.send(response(str(PageSite.largest).encode()))
        elif where == "/reset":
            PageSite.largest = PageSite.in_flight
            PageSite.fetched.clear()
            self.send(response(b""))
        elif where == "/fetched":
            self.send(response(json.dumps(PageSite.fetched).encode()))
        elif not where.startswith("/page/"):
            self.send(response(b"", "404 Not Found"))
        else:
            self._wait(where, float(query.partition("seconds=")[2] or PAGE_SECONDS))

    def connection_lost(self, exc: Exception | None) -> None:
        """The client may leave before its page."""
        del exc
        self._count(-self._waits)

    def _wait(self, where: str, seconds: float) -> None:
        self._count(1)
        number = int(where.rpartition("/")[2])
        PageSite.fetched[number] += 1
        page = f"<!doctype html><title>{title(number)}</title>\n"
        self.send_after(seconds, response(page.encode()))

    def send(self, data: bytes) -> None:
        if self._waits:
            self._count(-1)
        super().send(data)

    def _count(self, change: int) -> None:
        self._waits += change
        PageSite.in_flight += change
        PageSite.largest = max(PageSite.largest, PageSite.in_flight)


if __name__ == "__main__":
    run(PageSite, "127.0.0.1")
