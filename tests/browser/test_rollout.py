"""A roll-out of the page: for a while each request may reach the old release or the new one."""

import os
import random
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import expect
from splitflap_web.site import SOURCE, build

from tests.servers.fixtures import or_skip
from tests.servers.page_nginx import PageNginx
from tests.support import free_port

from .rig.watch import Watch

MakeVisitor = Callable[..., Any]

#: Requests while both releases run: those of several attempts.
MIXED = 30

#: What the HTML and the modules of a tab say about their release.
RELEASES = "[document.documentElement.lang, document.documentElement.dataset.modules]"
STATIC_FILES = "performance.getEntriesByType('resource').map(each => each.name)"


def release(folder: Path, name: str) -> Path:
    """A build of the page whose HTML and modules tell its name.

    Its files have the time that a builder of reproducible images may give them.
    """
    source = folder / f"source-{name}"
    shutil.copytree(SOURCE, source)
    html = source / "index.html"
    html.write_text(html.read_text("utf-8").replace('lang="en"', f'lang="{name}"'), "utf-8")
    with (source / "static/board/main.js").open("a", encoding="utf-8") as main:
        main.write(f"document.documentElement.dataset.modules = '{name}';\n")
    built = build(folder / name, source)
    for path in built.rglob("*"):
        os.utime(path, (0, 0))
    return built


@contextmanager
def gateway(old: str, new: str) -> Iterator[str]:
    """Sends the first requests to any of the replicas, and the rest to the new one."""
    chosen = random.Random(1)
    mixed = iter([chosen.choice([old, new]) for _ in range(MIXED)])

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name: self.headers[name] for name in self.headers if name != "Host"}
            with requests.get(next(mixed, new) + self.path, headers=headers, stream=True) as got:
                self.send_response(got.status_code)
                for name, value in got.headers.items():
                    if name not in {"Connection", "Transfer-Encoding", "Server", "Date"}:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(got.raw.read())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """An nginx of each release. No API is behind them."""
    folder = tmp_path_factory.mktemp("releases")
    old, new = release(folder, "old"), release(folder, "new")
    with (
        or_skip(lambda: PageNginx(free_port(), old)) as first,
        or_skip(lambda: PageNginx(free_port(), new)) as second,
    ):
        yield [first.url, second.url]


def test_a_page_comes_from_one_release_in_the_middle_of_a_rollout(
    replicas: list[str], make_visitor: MakeVisitor, watch: Watch
) -> None:
    """Files of the other release are missing at first; the page loads itself again."""
    watch.tolerate("404", "503", "MIME type")
    with gateway(*replicas) as url:
        tab = make_visitor(url).open()
        expect(tab.locator("html")).to_have_attribute("data-modules", re.compile("old|new"))
        expect(tab.locator("sign-in form")).to_be_visible()
        html, modules = tab.evaluate(RELEASES)
        assert html == modules
        hashes = {re.search(r"/static/(\w+)/", name) for name in tab.evaluate(STATIC_FILES)}
        assert len({found[1] for found in hashes if found}) == 1
