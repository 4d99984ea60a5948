"""A web site on all addresses of loopback. It prints its port and serves until killed.

/after/SECONDS/...   a page of 2 KB, after these seconds
"""

from benchmarks.harness.page_server import Pages, response, run
from benchmarks.scraper.slow_site import PAGE

_PAGE, _MISSING = response(PAGE), response(b"", "404 Not Found")


class Site(Pages):
    """The site."""

    def answer(self, path: bytes) -> None:
        _, kind, *rest = path.split(b"/")
        if kind == b"after":
            self.send_after(float(rest[0]), _PAGE)
        else:
            self.send(_MISSING)


if __name__ == "__main__":
    run(Site, "0.0.0.0")
