"""The watch itself: it records each kind of fault, on a small site."""

import functools
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from .conftest import MakeVisitor
from .rig.watch import Watch

PAGE = "<!DOCTYPE html><title>small</title><link rel=icon href=data:,><script src=page.js></script>"

WORKER = "onconnect = event => {{ {script}; event.ports[0].postMessage('ready'); }};"

START_WORKER = """
new Promise(resolve => {
    const worker = new SharedWorker('worker.js');
    worker.port.onmessage = resolve;
    worker.port.start();
}).then(() => true)
"""


class Handler(SimpleHTTPRequestHandler):
    """Serves files with a content security policy."""

    def end_headers(self) -> None:
        """Add the policy."""
        self.send_header("Content-Security-Policy", "script-src 'self'")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the log of the tests short."""


@pytest.fixture
def small_site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The origin and the folder of a site."""
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "page.js").write_text("")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", tmp_path
    server.shutdown()
    server.server_close()
    thread.join()


def wait_for_fault(tab: Page, watch: Watch) -> None:
    """Wait until the watch has recorded one. The browser reports while a tab waits."""
    deadline = time.monotonic() + 20
    while not watch.faults and time.monotonic() < deadline:
        tab.wait_for_timeout(20)


def test_a_quiet_page_has_no_fault(
    small_site: tuple[str, Path], make_visitor: MakeVisitor, watch: Watch
) -> None:
    """An image of another host is no fault."""
    tab = make_visitor(small_site[0]).open()
    for scheme in ("http", "https"):
        tab.evaluate(
            f"new Promise(end => {{ const i = new Image(); i.onload = i.onerror = end;"
            f" i.src = '{scheme}://images.example/a.png?b' }}).then(() => true)"
        )
    assert tab.title() == "small"


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("console.error('a word')", "a word"),
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        ("void Promise.reject(new Error('rejected'))", "rejected"),
        ("void fetch('/missing')", "404"),
        ("void fetch('http://elsewhere.example/x').catch(String)", "another origin"),
        ("void fetch('http://127.0.0.1:9/x').catch(String)", "another origin"),
        (
            (
                "const inline = document.createElement('script'); inline.text = '1';"
                "document.head.append(inline)"
            ),
            "violation of script-src-elem by inline",
        ),
    ],
)
def test_the_watch_records_a_fault(
    script: str,
    fault: str,
    small_site: tuple[str, Path],
    make_visitor: MakeVisitor,
    watch: Watch,
) -> None:
    """Each of them fails the test that causes it."""
    origin, folder = small_site
    (folder / "page.js").write_text(script)
    wait_for_fault(make_visitor(origin).open(), watch)
    with pytest.raises(AssertionError, match=fault):
        watch.check()
    watch.tolerate("")


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("console.error('a word')", "a word"),
        ("void Promise.reject(new Error('rejected'))", "rejected"),
        ("void fetch('http://elsewhere.example/x').catch(String)", "elsewhere.example"),
    ],
)
def test_the_watch_records_the_fault_of_a_shared_worker(
    script: str,
    fault: str,
    small_site: tuple[str, Path],
    make_visitor: MakeVisitor,
    watch: Watch,
) -> None:
    """Playwright shows no shared worker."""
    origin, folder = small_site
    (folder / "worker.js").write_text(WORKER.format(script=script))
    tab = make_visitor(origin).open()
    assert tab.evaluate(START_WORKER)
    wait_for_fault(tab, watch)
    with pytest.raises(AssertionError, match=fault):
        watch.check()
    watch.tolerate("")
