"""nginx in front of the real API, without a renderer."""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import requests
from splitflap_api.http.parse import MAX_BODY

from tests.integration.api_server.rig import AUTH, JSON, KEY, Server, serving
from tests.servers.page_nginx import PageNginx

from .rig import PATIENCE, MakeNginx

#: The header that each change by a cookie needs.
PAGE = {"Splitflap-Page": "1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The API."""
    with serving(tmp_path_factory.mktemp("api"), idle=PATIENCE, write=PATIENCE) as made:
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
