"""Debian's headless Chromium, driven by Playwright. No browser is downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, sync_playwright

from tests.servers.process import MissingBinary
from tests.xss.site import Site, serving

PROGRAMS = ("chromium-headless-shell", "chromium")

#: Loopback stays as it is. All other hosts are the recorder of requests.
HOST_RULES = "MAP * 127.0.0.1:{port}, EXCLUDE 127.0.0.1"


@dataclass(frozen=True)
class Chromium:
    """A running browser, and the site that answers for every host but loopback."""

    browser: Browser
    elsewhere: Site


def program() -> str:
    """The path of the browser.

    Raises:
        MissingBinary: it is not installed.
    """
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    raise MissingBinary(f"{PROGRAMS[0]} is not installed: make servers")


@contextmanager
def running() -> Iterator[Chromium]:
    """A browser that runs while the block does."""
    path = program()
    with serving([]) as elsewhere, sync_playwright() as playwright:
        rules = HOST_RULES.format(port=elsewhere.port)
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[f"--host-resolver-rules={rules}", "--disable-dev-shm-usage"],
        )
        try:
            yield Chromium(browser, elsewhere)
        finally:
            browser.close()
