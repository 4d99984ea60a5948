"""The site that the application fetches: each page takes 0.2 s, or TALK_PAGE_SECONDS.

GET /page/7            the page with the title "Page 7"; /page/7?seconds=2 takes 2 s
GET /robots.txt        404, as any other path
GET /largest           the largest number of requests in flight since POST /reset
GET /fetched           how often each page was fetched since then, as JSON
POST /reset?gather=20  the next pages wait until 20 requests are in flight, 5 s at most

These numbers need no clock, so tests assert them. On a slow machine the first pages would be over
before the last slot has its request; then tests let the pages gather.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from benchmarks.harness.page_server import Pages, response, run

#: Seconds for which pages wait for each other at most.
GATHER_SECONDS = 5.0

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
    #: The number of requests that pages wait for, and the waiting pages.
    gather: ClassVar[int] = 0
    gathered: ClassVar[list[Callable[[], None]]] = []
    _waits = 0

    def answer(self, path: bytes) -> None:
        where, _, query = path.decode().partition("?")
        if where == "/largest":
            self.send(response(str(PageSite.largest).encode()))
        elif where == "/reset":
            PageSite.largest = PageSite.in_flight
            PageSite.fetched.clear()
            _release()
            PageSite.gather = int(query.partition("gather=")[2] or 0)
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
        send = partial(self.send_after, seconds, response(page.encode()))
        if not PageSite.gather:
            send()
            return
        if not PageSite.gathered:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, _release)
        PageSite.gathered.append(send)
        if PageSite.in_flight >= PageSite.gather:
            _release()

    def send(self, data: bytes) -> None:
        if self._waits:
            self._count(-1)
        super().send(data)

    def _count(self, change: int) -> None:
        self._waits += change
        PageSite.in_flight += change
        PageSite.largest = max(PageSite.largest, PageSite.in_flight)


def _release() -> None:
    """Let the gathered pages go, and all later ones."""
    PageSite.gather = 0
    pages, PageSite.gathered = PageSite.gathered, []
    for send in pages:
        send()


if __name__ == "__main__":
    run(PageSite, "127.0.0.1")
