"""`splitflap up` serves the page and its own previews."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support import free_ports, wait_until
from tests.system.rig.client import Client
from tests.system.rig.processes import SpawnedService, program
from tests.system.rig.raw_http import RawResponse, request
from tests.system.rig.site import Site


class Up:
    """A running launcher: the address and the key of its banner."""

    def __init__(self, folder: Path) -> None:
        port, health, *_ = free_ports(4)
        environ = {"SPLITFLAP_PORT": str(port), "SPLITFLAP_DATA_DIR": str(folder / "data")}
        self.service = SpawnedService("up", [program("splitflap"), "up"], environ, folder)
        self.service.environ["SPLITFLAP_HEALTH_PORT"] = str(health)
        self.service.start()
        wait_until(lambda: "serving at" in self.log, lambda: self.log)
        found = re.search(r"serving at (http://127\.0\.0\.1:\d+)/#key=(sf_[\w-]+)\n", self.log)
        assert found, self.log
        self.url, self.key = found.groups()
        self.client = Client(self.url, self.key)
        self.health_url = f"http://127.0.0.1:{health}"

    @property
    def log(self) -> str:
        """Its output so far."""
        return self.service.log.read_text("utf-8")

    def get(self, path: str, **headers: str) -> requests.Response:
        """A file of the page, as a browser asks for it."""
        fields = {"Accept": "text/html,*/*;q=0.8"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return requests.get(self.url + path, headers=fields, timeout=10)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`splitflap up` with its defaults, in an empty folder."""
    started = Up(tmp_path_factory.mktemp("up"))
    try:
        yield started
    finally:
        started.service.close()


def raw(up: Up, path: str, *lines: str, method: str = "GET") -> RawResponse:
    """The response to a path, byte for byte as it stands here."""
    return request(up.url, method, path, None, *lines)


def static_files(up: Up) -> list[str]:
    """The static files that the three pages refer to."""
    found = {path for page in ("/", "/ops", "/about") for path in _references(up.get(page).text)}
    assert found
    return sorted(found)


def _references(html: str) -> list[str]:
    return re.findall(r"""["'](/static/[^"']+)["']""", html)


@pytest.mark.parametrize("path", ["/", "/ops", "/about"])
def test_a_browser_gets_the_page(up: Up, path: str) -> None:
    """With a strict policy. It asks again before each use, and then gets 304 on the same bytes."""
    first = up.get(path)
    assert first.status_code == 200
    assert first.headers["Content-Type"] == "text/html; charset=utf-8"
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    again = up.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-Security-Policy"] == policy


def test_static_files_are_kept_and_compressed(up: Up) -> None:
    """All files that the pages refer to. HEAD has the length of GET."""
    for path in static_files(up):
        plain = raw(up, path)
        packed = raw(up, path, "Accept-Encoding: gzip")
        assert plain.status == packed.status == 200
        assert plain.header("Cache-Control") == "public, max-age=31536000, immutable"
        if packed.header("Content-Encoding"):
            assert gzip.decompress(packed.body) == plain.body
            assert packed.header("ETag") != plain.header("ETag")
        head = raw(up, path, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.header("Content-Length") == str(len(plain.body))


def test_clients_of_json_still_get_the_index(up: Up) -> None:
    """And errors stay problems."""
    index = up.get("/", Accept="application/json")
    assert index.json() == {"service": "splitflap", "openapi": "/v1/openapi.json"}
    missing = up.get("/static/none.js")
    assert missing.status_code == 404
    assert missing.headers["Content-Type"] == "application/problem+json"
    refused = raw(up, "/about", method="POST")
    assert (refused.status, refused.header("Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    ["/site.json", "/static", "/static/", "/static/../site.json", "/static/%2e%2e/site.json",
     "/static/..%2f..%2fkey", "/../key", "/%2e%2e/key", "/..%2fkey", "/static/..%5c..%5ckey",
     "/..\\key", "//etc/passwd", "/static//etc/passwd", "/index.html", "/%00", "/about%00.html",
     "/static/%c0%ae%c0%ae/key", "/about/", "/about/../../key"],
)  # fmt: skip
def test_a_hostile_path_reaches_no_file(up: Up, path: str) -> None:
    """Neither a list of a folder, nor the key beside the page."""
    found = raw(up, path)
    assert found.status in {400, 404}
    assert up.key.encode() not in found.body
    assert found.header("Content-Type") == "application/problem+json"


def test_the_first_card_needs_no_internet(up: Up) -> None:
    """A post with the address of the page about Splitflap gets a card with its image."""
    (link,) = up.client.create_post(f"Look: {up.url}/about")["links"]
    preview = link["preview"]
    assert preview["state"] == "ready", preview
    assert preview["site_name"] == "Splitflap"
    assert preview["image"] == f"{up.url}/about.png"
    image = requests.get(preview["image"], timeout=10)
    assert image.headers["Content-Type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")


def test_the_scraper_reaches_only_the_page(up: Up) -> None:
    """No other port of the machine, no other name of it, and not the API."""
    with Site() as site:
        urls = [
            site.url("page/one"),
            f"{up.health_url}/metrics",
            up.url.replace("127.0.0.1", "localhost") + "/about",
            up.url.replace("127.0.0.1", "127.0.0.2") + "/about",
            f"{up.url}/v1/openapi.json",
        ]
        links = up.client.create_post("\n\n".join(urls))["links"]
        reasons = {link["url"]: link["preview"]["reason"] for link in links}
        assert reasons == dict.fromkeys(urls, "forbidden_address")
        assert site.hits == []
