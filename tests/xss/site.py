"""A site that shows rendered texts and records the requests of its pages.

The browser resolves every host name to this site, so requests to other hosts arrive here too. On
its pages `alert` and similar functions request /canary, so a script of a text is recorded as well.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: The script of each page. It sets the traps, then fires every event of a user on every element.
TRAPS = """
<script>
const canary = why => { new Image().src = '/canary?' + encodeURIComponent(why) };
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
    window[name] = () => canary(name);
const before = new Set(Object.getOwnPropertyNames(window));
const all = Document.prototype.querySelectorAll.bind(document);
const functions = [document.getElementById, document.querySelector, document.createElement];
addEventListener('click', event => {
    const link = event.target.closest('a');
    if (link && /^(https?|mailto):/.test(link.href)) event.preventDefault();
}, true);
addEventListener('load', () => {
    const [main, ...more] = all('main');
    if (more.length) canary('main');
    [...functions.keys()].forEach(at => {
        const now = [document.getElementById, document.querySelector, document.createElement][at];
        if (now !== functions[at]) canary('clobbered');
    });
    for (const element of main.querySelectorAll('[id],[name]')) {
        const name = element.id || element.getAttribute('name');
        if (!/^(user-content-|fn-|fnref-)/.test(name)) canary('id ' + name);
        if (before.has(name)) canary('global ' + name);
    }
    for (const element of main.querySelectorAll('*')) {
        for (const kind of ['click', 'mouseover', 'mouseenter', 'pointerover', 'focus', 'blur',
                'error', 'load', 'toggle', 'beforetoggle', 'animationstart', 'transitionend',
                'wheel', 'copy', 'cut', 'paste', 'change', 'input', 'submit', 'scrollend'])
            element.dispatchEvent(new Event(kind, {bubbles: true, cancelable: true}));
        if (element.matches('a,input,summary')) { element.focus(); element.click(); }
    }
    parent.postMessage('done', '*');
});
</script>
"""

FRAMES = """<!DOCTYPE html><title>frames</title><body><script>
const done = new Set();
addEventListener('message', event => {{
    done.add(event.source);
    document.title = `${{done.size}} of {count}`;
}});
</script>{frames}"""


class Site:
    """The pages, and the other requests as (host, path)."""

    def __init__(self, pages: list[str]) -> None:
        self.pages = pages
        self.requests: list[tuple[str, str]] = []
        self.shown: set[int] = set()
        self.port = 0

    def answer(self, host: str, path: str) -> tuple[str, str]:
        """The media type and the body of the response."""
        own = host == f"127.0.0.1:{self.port}"
        if own and path == "/":
            frames = "".join(f"<iframe src=/page/{n}></iframe>" for n in range(len(self.pages)))
            return "text/html", FRAMES.format(count=len(self.pages), frames=frames)
        if own and path.startswith("/page/"):
            number = int(path.removeprefix("/page/"))
            self.shown.add(number)
            body = f"<!DOCTYPE html><meta charset=utf-8>{TRAPS}<main>{self.pages[number]}</main>"
            return "text/html", body
        self.requests.append((host, path))
        return "text/plain", ""


@contextmanager
def serving(pages: list[str]) -> Iterator[Site]:
    """Serve the pages on a free port."""
    site = Site(pages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = site.answer(self.headers.get("Host", ""), self.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def send_error(self, code: int, *_: Any) -> None:
            # Bytes other than HTTP, such as a TLS handshake.
            site.requests.append(("not HTTP", str(code)))

        def log_message(self, *_: Any) -> None:
            """Keep the log of the tests short."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
