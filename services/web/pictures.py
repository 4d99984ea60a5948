"""Take the pictures of README.md: the board and the operator's page, light and dark.

`make pictures` runs it, in four minutes. It starts Splitflap on a temporary folder, posts the
conversation of conversation.toml, and makes a load. No other machine takes part: previews are those
of the service's own page and of a small web site here.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import tomllib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs" / "pictures"
CONVERSATION = HERE / "conversation.toml"
BROWSERS = ("chromium-headless-shell", "chromium")
SCHEMES = ("light", "dark")

#: The reader of the board, who is mentioned there.
READER = "mara"

#: Ports that look familiar, if they are free. Posts show the second one.
API_PORT, SITE_PORT = 8000, 8080

#: CSS pixels of a picture, how many pixels each of them has, and the quality of WebP in percent.
WIDTH, HEIGHT = 1200, 1010
SCALE, QUALITY = 2, 80

#: Seconds and posts a second of each part of the load. The operator's page is taken in the last.
LOADS = ((60, 6), (40, 12), (70, 5))
MIX = "plain=6,heavy=1,links=2"

#: Seconds of the last load before the pictures are taken, and that a page of the load takes.
INTO_LOAD, PAGE_TAKES = 45, 0.8

#: Seconds until the service is ready, and until a post is complete. A busy machine is slow.
PATIENCE = 60

PAGES = {
    "plan": ("Release 1.4: what is in it", "Dates, owners, and the steps to go back."),
    "draft": ("Announcement of 1.4, draft", "For everybody who runs a board."),
}
HTML = """<!doctype html><html lang="en"><head><title>{title}</title>
<meta name="description" content="{description}">
<meta property="og:site_name" content="Team handbook">
<meta property="og:image" content="/chart.svg"><meta property="og:image:alt" content="Four bars">
<meta property="og:image:width" content="300"><meta property="og:image:height" content="300">
<link rel="icon" href="/icon.svg"></head><body>{title}</body></html>"""
CHART = """<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300">
<rect width="300" height="300" fill="#14181c"/><g fill="#ffb938"><rect x="54" y="170" width="36"
height="70"/><rect x="106" y="130" width="36" height="110"/><rect x="158" y="96" width="36"
height="144"/><rect x="210" y="60" width="36" height="180"/></g></svg>"""
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#0b6fa8"/></svg>"""


def main() -> None:
    """Write the four pictures."""
    with ExitStack() as exits:
        draft = threading.Event()
        exits.callback(draft.set)
        site = exits.enter_context(serving(draft))
        api, key = exits.enter_context(splitflap())
        browser = exits.enter_context(chromium())
        posts = converse(api, key, site)
        FOLDER.mkdir(exist_ok=True)
        for scheme in SCHEMES:
            take_board(browser, scheme, api, posts)
        draft.set()
        for seconds, rate in LOADS[:-1]:
            load(api, key, site, seconds, rate).wait()
        last = load(api, key, site, *LOADS[-1])
        exits.callback(last.wait)
        exits.callback(last.terminate)
        time.sleep(INTO_LOAD)
        for scheme in SCHEMES:
            take_ops(browser, scheme, api, key)


# -- what is pictured ----------------------------------------------------------------------------


@contextmanager
def serving(draft: threading.Event) -> Iterator[str]:
    """A web site with pages for previews; yields its origin. /draft waits for the event."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").partition("?")[0]
            if name == "draft":
                draft.wait()
            if name == "load":
                time.sleep(PAGE_TAKES)
            title, description = PAGES.get(name, ("A page", "For the load."))
            files = {"chart.svg": CHART, "icon.svg": ICON}
            body = files.get(name) or HTML.format(title=title, description=description)
            found = name in files or name in PAGES or name == "load"
            self.send_response(200 if found else 404)
            kind = "image/svg+xml" if name in files else "text/html"
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            with contextlib.suppress(OSError):  # the scraper has gone
                self.end_headers()
                self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", free_port(SITE_PORT)), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def splitflap() -> Iterator[tuple[str, str]]:
    """`splitflap up` on a temporary folder; yields the origin and the first key."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        port, health = free_port(API_PORT), free_port(9000)
        environ = {
            **{name: value for name, value in os.environ.items() if "SPLITFLAP" not in name},
            "SPLITFLAP_DATA_DIR": f"{folder}/data",
            "SPLITFLAP_PORT": str(port),
            "SPLITFLAP_HEALTH_PORT": str(health),
            "SPLITFLAP_SCRAPER_ALLOW_NETS": "127.0.0.0/8",
        }
        with log.open("wb") as output:
            up = subprocess.Popen(command("up"), env=environ, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + PATIENCE
            while not (found := re.search(r"(http://\S+)/#key=(\S+)", log.read_text())):
                if up.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"splitflap up did not start:\n{log.read_text()}")
                time.sleep(0.1)
            yield found[1], found[2]
        finally:
            up.terminate()
            up.wait()


def converse(api: str, admin: str, site: str) -> list[dict[str, Any]]:
    """Post the conversation, each post by its author's key; returns the posts as declared."""
    posts: list[dict[str, Any]] = tomllib.loads(CONVERSATION.read_text("utf-8"))["posts"]
    keys = {author: new_key(api, admin, author) for author in {each["author"] for each in posts}}
    for post in posts:
        text = post["text"].strip().replace("{about}", f"{api}/about").replace("{site}", site)
        post |= {"text": text, "key": keys[post["author"]]}
        # The last post's link never has its card while pictures are taken.
        wait = "0" if post is posts[-1] else str(PATIENCE // 2)
        call(api, post["key"], "posts", {"text": text, "channel": post["channel"]}, wait)
    return posts


def new_key(api: str, admin: str, account: str) -> str:
    """A key to read and to write."""
    made = call(api, admin, "keys", {"account": account, "scopes": ["read", "write"]})
    return str(made["key"])


def call(api: str, key: str, path: str, body: dict[str, Any], wait: str = "0") -> dict[str, Any]:
    """POST, and return the response's JSON."""
    headers = {"Authorization": f"Bearer {key}", "Prefer": f"wait={wait}"}
    response = requests.post(f"{api}/v1/{path}", json=body, headers=headers, timeout=PATIENCE)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def load(api: str, key: str, site: str, seconds: int, rate: int) -> subprocess.Popen[bytes]:
    """Start a load."""
    options = {"mix": MIX, "rate": rate, "duration": seconds, "page-url": f"{site}/load?{{}}"}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    environ = {**os.environ, "SPLITFLAP_URL": api, "SPLITFLAP_KEY": key}
    return subprocess.Popen(command("load", *arguments), env=environ, stdout=subprocess.DEVNULL)


def command(*arguments: str) -> list[str]:
    """`splitflap ARGUMENTS` of this environment."""
    return [str(Path(sys.executable).parent / "splitflap"), *arguments]


def free_port(wanted: int) -> int:
    """The port if it is free, else one that is."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as server:
            return int(server.getsockname()[1])
    raise OSError("no port is free")


# -- the camera ----------------------------------------------------------------------------------


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("Chromium is missing: make servers")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


def take_board(browser: Browser, scheme: str, api: str, posts: list[dict[str, Any]]) -> None:
    """The board of the reader, while the newest post waits for its card."""
    ages = {each["text"]: each["minutes"] for each in posts}

    def with_ages(route: Route) -> None:
        """The posts are seconds old. The picture shows them as old as the conversation says."""
        response = route.fetch()
        body = response.json()
        for post in body["items"]:
            then = time.time() - 60 * ages.get(post["text"].strip(), 0)
            post["created_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(then))
        route.fulfill(response=response, body=json.dumps(body))

    with tab(browser, scheme) as page:
        page.route("**/v1/posts?*", with_ages)
        reader = next(each["key"] for each in posts if each["author"] == READER)
        page.goto(f"{api}/#key={reader}")
        expect(page.get_by_role("article")).to_have_count(len(posts))
        expect(page.get_by_role("img", name="State: complete")).to_have_count(len(posts) - 1)
        take(page, f"board-{scheme}")


def take_ops(browser: Browser, scheme: str, api: str, key: str) -> None:
    """The operator's page, under load."""
    with tab(browser, scheme) as page:
        page.goto(f"{api}/ops#key={key}")
        expect(page.locator(".uplot")).not_to_have_count(0)
        take(page, f"ops-{scheme}")


@contextmanager
def tab(browser: Browser, scheme: str) -> Iterator[Page]:
    """A page of a fresh browser profile."""
    context: BrowserContext = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=SCALE,
        locale="en",
        reduced_motion="reduce",
        timezone_id="UTC",
        viewport={"width": WIDTH, "height": HEIGHT},
    )
    context.set_default_timeout(1000 * PATIENCE)
    try:
        yield context.new_page()
    finally:
        context.close()


def take(page: Page, name: str) -> None:
    """Write a picture as WebP, which Playwright's own screenshot cannot."""
    page.wait_for_timeout(3000)  # fonts, images and the first charts
    devtools = page.context.new_cdp_session(page)
    assert page.viewport_size  # each tab has one
    clip = {"x": 0, "y": 0, **page.viewport_size, "scale": SCALE}
    options = {"format": "webp", "quality": QUALITY, "clip": clip}
    shot = devtools.send("Page.captureScreenshot", options)
    file = FOLDER / f"{name}.webp"
    file.write_bytes(b64decode(shot["data"]))
    print(f"{file.name}: {file.stat().st_size // 1000} KB")


if __name__ == "__main__":
    main()
