"""A slow web site for scrape.py. It prints its port and serves until killed.

/page   2 KB of HTML after LATENCY seconds, like a distant server
/big    1 MiB of head, in 20 pieces, each after LATENCY
/slow   the page after 8 s
/hostile/N   the hostile page with this number, at once
"""

import asyncio
from functools import cache

from benchmarks.harness.page_server import Pages, response, run
from tests.unit.scraper.page.hostile_pages import HOSTILE, hostile

#: Seconds until a page is sent.
LATENCY = 0.1

#: Seconds until a slow page is sent.
SLOW_SECONDS = 8.0

#: Bytes of a hostile page.
HOSTILE_SIZE = 256 * 1024

#: Pieces of the big page.
PIECES = 20

_HEAD = (
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>A page</title>"
    "<meta property=og:title content='A page'><meta name=description content='What it says.'>"
    "<meta property=og:image content=/image.png><meta property=og:site_name content=Site>"
    "<link rel=icon href=/icon.png>"
)
PAGE = (_HEAD + "</head><body><h1>A page</h1><p>" + "word " * 500)[:2048].encode()
BIG = b"<head>" + b"<script>" + b"x" * (1024 * 1024 - 2000) + b"</script>" + _HEAD.encode()


@cache
def hostile_page(number: int) -> bytes:
    """The bytes of the response with a hostile page."""
    name = list(HOSTILE)[number % len(HOSTILE)]
    return response(hostile(name, HOSTILE_SIZE).encode()[:HOSTILE_SIZE])


_PAGE, _BIG, _MISSING = response(PAGE), response(BIG), response(b"", "404 Not Found")


class SlowSite(Pages):
    """The site."""

    def answer(self, path: bytes) -> None:
        loop = asyncio.get_running_loop()
        if path == b"/robots.txt":
            self.send(_MISSING)
        elif path.startswith(b"/big"):
            size = len(_BIG) // PIECES + 1
            for number in range(PIECES):
                piece = _BIG[number * size : (number + 1) * size]
                loop.call_later(LATENCY * (number + 1), self.transport.write, piece)
        elif path.startswith(b"/hostile/"):
            self.send(hostile_page(int(path.split(b"?")[0].rpartition(b"/")[2])))
        else:
            self.send_after(SLOW_SECONDS if path.startswith(b"/slow") else LATENCY, _PAGE)


if __name__ == "__main__":
    run(SlowSite, "127.0.0.1")
