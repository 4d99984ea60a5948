"""nginx in front of the real API, without a renderer."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests
from splitflap_api.http.parse import MAX_BODY

from tests.integration.api_server.rig import AUTH, JSON, KEY, Server, serving
from tests.servers.page_nginx import PageNginx

from .rig import PATIENCE, MakeNginx

#: The header that each change by a cookie needs.
PAGE = {"Splitflap-Page": "1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Server]:
    """The API, which serves the page too."""
    folder = tmp_path_factory.mktemp("api")
    with serving(folder, idle=PATIENCE, write=PATIENCE, SPLITFLAP_PAGE=str(site)) as made:
        yield made


@pytest.fixture
def front(server: Server, make_nginx: MakeNginx) -> PageNginx:
    """Nginx in front of it, which trusts the test as a gateway."""
    return make_nginx(server.port, trusted_proxies="127.0.0.1/32")


def test_a_body_beyond_the_limit_gets_the_problem_of_the_api(
    server: Server, front: PageNginx
) -> None:
    """Nginx refuses it before it has read it."""
    body = b"x" * (MAX_BODY + 1)
    theirs, ours = (
        requests.post(f"{url}/v1/posts", body, headers=JSON, timeout=PATIENCE)
        for url in (server.url, front.url)
    )
    assert (theirs.status_code, theirs.json()) == (ours.status_code, ours.json())


def test_responses_of_the_api_pass_with_their_headers(server: Server, front: PageNginx) -> None:
    """The challenge, the strong ETag and the cache's rules stay as they are."""
    names = ("WWW-Authenticate", "Cache-Control", "X-Content-Type-Options", "ETag", "Content-Type")
    for path, headers in (("/v1/posts", {}), ("/v1/posts", AUTH), ("/v1/openapi.json", {})):
        asked = {**headers, "Accept-Encoding": "gzip"}
        theirs, ours = (
            requests.get(url + path, headers=asked, timeout=PATIENCE)
            for url in (server.url, front.url)
        )
        assert [ours.headers.get(name) for name in names] == [
            theirs.headers.get(name) for name in names
        ]
        assert ours.content == theirs.content


#: Paths that are no file's: second paths of a page, folders, lists, and files for nginx alone.
#: STATIC is the folder of the static files.
NO_FILES = [
    "/index", "/index.html", "/ops.html", "/about.html", "/about/", "//ops", "/ops//", "/OPS",
    "/site.json", "/.hidden", "/.git/config", "/.problem/internal", "/index.html.gz",
    "/about.png.gz", "/static", "/static/", "/static//", "STATIC", "STATIC/", "STATIC/board",
    "STATIC/board/", "STATIC/board/main.js/", "STATIC/board/main.js.gz", "STATIC//board/main.js",
    "/static/000000000000/board/main.js", "/favicon.ico", "/v1//posts", "/v1/",
]  # fmt: skip

#: Files with the ways to ask for them.
ASKED = [
    *(("GET", path, {}) for path in ("/", "/ops", "/about", "/about.png", "/reload.js", "/%6fps")),
    *(("GET", path, {}) for path in ("/?//", "/ops?a=.html", "STATIC/board/main.js")),
    ("HEAD", "/ops", {}),
    ("HEAD", "STATIC/board/main.js", {"Accept-Encoding": "gzip"}),
    ("GET", "/ops", {"Range": "bytes=0-1"}),
    ("GET", "STATIC/board/main.js", {"Range": "bytes=5-"}),
    ("GET", "STATIC/board/main.js", {"If-None-Match": "*"}),
    ("GET", "STATIC/board/main.js", {"If-None-Match": '"other"'}),
    ("GET", "/ops", {"If-None-Match": '"other"'}),
    ("POST", "/ops", {}),
    ("DELETE", "STATIC/board/main.js", {}),
]


def both(
    server: Server, front: PageNginx, site: Path, method: str, path: str, asked: dict[str, str]
) -> list[tuple[Any, ...]]:
    """What the API and nginx answer: status, type, caching, ranges, coding, and the body."""
    [static] = (site / "static").iterdir()
    target = path.replace("STATIC", f"/static/{static.name}")
    found: list[tuple[Any, ...]] = []
    for port in (server.port, front.port):
        client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        client.request(method, target, headers=asked)
        answer = client.getresponse()
        names = ("Content-Type", "Cache-Control", "Accept-Ranges", "Content-Encoding")
        body = answer.read() if answer.status < 400 else b""
        found.append((answer.status, *(answer.headers[name] for name in names), body))
    return found


@pytest.mark.parametrize("path", NO_FILES)
def test_nginx_and_the_api_have_the_same_paths(
    server: Server, front: PageNginx, site: Path, path: str
) -> None:
    """What the one does not serve, the other does not serve either, and no cache keeps that."""
    theirs, ours = both(server, front, site, "GET", path, AUTH)
    assert ours[0] == 404
    assert ours == theirs
    assert ours[1:3] == ("application/problem+json", "no-store")


@pytest.mark.parametrize(("method", "path", "asked"), ASKED)
def test_nginx_and_the_api_serve_a_file_alike(
    server: Server, front: PageNginx, site: Path, method: str, path: str, asked: dict[str, str]
) -> None:
    """One of them may take the other's place."""
    theirs, ours = both(server, front, site, method, path, asked)
    assert ours == theirs
    assert ours[0] == {"POST": 405, "DELETE": 405}.get(
        method, 304 if "*" in asked.values() else 200
    )


def test_a_wait_outlasts_no_time_out_of_nginx(front: PageNginx) -> None:
    """Without a renderer, the wait ends with 202."""
    asked = {**JSON, "Prefer": "wait=1"}
    answer = requests.post(
        f"{front.url}/v1/posts", json={"text": "x"}, headers=asked, timeout=PATIENCE
    )
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=1"


def test_an_event_of_a_post_comes_through_nginx(front: PageNginx) -> None:
    """The stream stays open."""
    with requests.get(
        f"{front.url}/v1/events", headers=AUTH, stream=True, timeout=PATIENCE
    ) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(line for line in lines if line == "event: start")
        posted = requests.post(
            f"{front.url}/v1/posts", json={"text": "x"}, headers=JSON, timeout=PATIENCE
        )
        assert next(line for line in lines if posted.json()["id"] in line)


@pytest.mark.parametrize(
    ("scheme", "cookie"), [("http", "splitflap-session"), ("https", "__Host-splitflap-session")]
)
def test_the_page_gets_a_session_for_its_own_origin(
    front: PageNginx, scheme: str, cookie: str
) -> None:
    """Host, port and scheme are those of the browser, so the API accepts its Origin."""
    client = HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE)
    headers = {
        **PAGE,
        "Host": "flap.example:8443",
        "Origin": f"{scheme}://flap.example:8443",
        "X-Forwarded-Proto": scheme,
        "Content-Type": "application/json",
    }
    client.request("POST", "/v1/session", f'{{"key": "{KEY}"}}', headers)
    answer = client.getresponse()
    assert answer.status == 201, answer.read()
    assert answer.headers["Set-Cookie"].startswith(f"{cookie}=")
    foreign = {**headers, "Origin": f"{scheme}://flap.example"}
    client = HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE)
    client.request("POST", "/v1/session", f'{{"key": "{KEY}"}}', foreign)
    assert client.getresponse().status == 403
