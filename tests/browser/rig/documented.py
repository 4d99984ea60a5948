"""The pages of docs/browser.md, and a server of files on another origin."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DOCUMENT = Path(__file__).parents[3] / "docs" / "browser.md"

#: The address of the API in the document.
DOCUMENTED_API = "http://127.0.0.1:8000"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: The lines of the page that the block of EventSource replaces.
_STREAM = re.compile(r"^const stream = .*\n", re.MULTILINE)
_LOOP = re.compile(r"^for await .*\n(?:  .*\n)*}\n", re.MULTILINE)


def blocks() -> list[tuple[str, str]]:
    """The language and the text of each code block of the document."""
    return _BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))


def block(language: str) -> str:
    """The only block in a language."""
    [text] = [text for found, text in blocks() if found == language]
    return text


def with_event_source(page: str, script: str) -> str:
    """The page with another script in place of its stream and its loop, as the document says."""
    page, streams = _STREAM.subn(lambda _: script, page)
    page, loops = _LOOP.subn("", page)
    assert (streams, loops) == (1, 1), page
    return page


def at_api(page: str, url: str) -> str:
    """The page with the address of another API. Nothing else changes."""
    assert page.count(DOCUMENTED_API) == 1, page
    return page.replace(DOCUMENTED_API, url)


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the log of the tests short."""


@contextmanager
def serving(folder: Path, handler: type[SimpleHTTPRequestHandler] = _Files) -> Iterator[str]:
    """Serve a folder on a free port of loopback. The value is the origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
