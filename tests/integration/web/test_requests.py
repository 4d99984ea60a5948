"""Requests to the API through nginx."""

import socket
from contextlib import suppress
from http.client import HTTPConnection

import pytest
import requests
from splitflap_api.http.parse import MAX_BODY

from tests.servers.page_nginx import PageNginx
from tests.support import wait_until

from .rig import PATIENCE, MakeNginx
from .upstream import DIES, Upstream

#: A client's claims.
CLAIMS = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;proto=https",
}


def _has_ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def test_connections_to_the_api_are_kept(nginx: PageNginx, api: Upstream) -> None:
    """New connections of clients share one connection of nginx."""
    for _ in range(5):
        assert requests.get(f"{nginx.url}/v1/posts", timeout=PATIENCE).status_code == 200
    assert len({each.connection for each in api.seen}) == 1


def test_a_request_arrives_as_it_was_sent(nginx: PageNginx, api: Upstream) -> None:
    """Target, method, host, key and body stay. nginx decodes nothing in the target."""
    client = HTTPConnection("127.0.0.1", nginx.port, timeout=PATIENCE)
    headers = {"Authorization": "Bearer key", "Host": "flap.example:8443", "Prefer": "wait=30"}
    client.request("PATCH", "/v1/posts/a%2Fb?c=%2F&d", b"text", headers)
    assert client.getresponse().status == 200
    [seen] = api.seen
    assert (seen.method, seen.target, seen.body) == ("PATCH", "/v1/posts/a%2Fb?c=%2F&d", b"text")
    for name, value in headers.items():
        assert seen.headers[name.lower()] == value
    assert "connection" not in seen.headers


def test_a_clients_claims_about_itself_are_dropped(nginx: PageNginx, api: Upstream) -> None:
    """The API chooses the session's cookie by the scheme."""
    requests.get(f"{nginx.url}/v1/posts", headers=CLAIMS, timeout=PATIENCE)
    [seen] = api.seen
    assert seen.headers["x-forwarded-for"] == "127.0.0.1"
    assert seen.headers["x-forwarded-proto"] == "http"
    assert not {"x-forwarded-host", "x-real-ip", "forwarded"} & seen.headers.keys()


@pytest.mark.parametrize("proto", ["https", "HTTPS, http"])
def test_a_trusted_gateway_tells_address_and_scheme(
    make_nginx: MakeNginx, api: Upstream, proto: str
) -> None:
    """The address is the last one that is not the gateway's. The client may have written others."""
    nginx = make_nginx(api.port, trusted_proxies="10.0.0.0/8, 127.0.0.1/32")
    chain = "198.51.100.7, 203.0.113.9, 10.1.2.3"
    claims = {**CLAIMS, "X-Forwarded-For": chain, "X-Forwarded-Proto": proto}
    requests.get(f"{nginx.url}/v1/posts", headers=claims, timeout=PATIENCE)
    [seen] = api.seen
    assert seen.headers["x-forwarded-for"] == "203.0.113.9"
    assert seen.headers["x-forwarded-proto"] == "https"
    assert nginx.lines(1)[-1]["client"] == "203.0.113.9"


@pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 here")
def test_one_port_takes_ipv6_and_ipv4(make_nginx: MakeNginx, api: Upstream) -> None:
    """As the chart sets it for `::`. The networks of gateways hold for IPv4 there too."""
    listen = "[::]:{port} ipv6only=off"
    nginx = make_nginx(api.port, listen=listen, trusted_proxies="127.0.0.0/8")
    for host in ("127.0.0.1", "[::1]"):
        url = f"http://{host}:{nginx.port}/v1/posts"
        assert requests.get(url, headers=CLAIMS, timeout=PATIENCE).status_code == 200
    names = ("x-forwarded-for", "x-forwarded-proto")
    seen = [tuple(each.headers[name] for name in names) for each in api.seen]
    assert seen == [("203.0.113.9", "https"), ("::1", "http")]


def test_the_largest_body_of_the_api_passes_and_no_larger_one(
    nginx: PageNginx, api: Upstream
) -> None:
    """The limits are equal, so nginx refuses what the API would refuse."""
    url = f"{nginx.url}/v1/posts"
    assert requests.post(url, b"x" * MAX_BODY, timeout=PATIENCE).status_code == 200
    assert len(api.seen[0].body) == MAX_BODY
    refused = requests.post(url, b"x" * (MAX_BODY + 1), timeout=PATIENCE)
    assert refused.status_code == 413
    assert refused.json()["detail"] == f"expected a body of at most {MAX_BODY} bytes"
    assert len(api.seen) == 1


def test_a_post_is_never_repeated(nginx: PageNginx, api: Upstream) -> None:
    """The API may have accepted it before the connection broke. A GET is repeated."""
    for method, times in (("POST", 1), ("PATCH", 1), ("GET", 2)):
        # A kept connection, which nginx would replace for its second try.
        assert requests.get(f"{nginx.url}/v1/posts", timeout=PATIENCE).status_code == 200
        api.seen.clear()
        answer = requests.request(method, nginx.url + DIES, data=b"text", timeout=PATIENCE)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert len(api.seen) == times, method


def test_a_post_goes_to_the_api_only_when_it_is_whole(nginx: PageNginx, api: Upstream) -> None:
    """A slow client holds no slot of the API."""
    client = HTTPConnection("127.0.0.1", nginx.port, timeout=PATIENCE)
    client.putrequest("POST", "/v1/posts")
    client.putheader("Content-Length", "8")
    client.endheaders(b"half")
    assert requests.get(f"{nginx.url}/v1/other", timeout=PATIENCE).status_code == 200
    assert [each.target for each in api.seen] == ["/v1/other"]
    client.send(b"more")
    assert client.getresponse().status == 200
    assert api.seen[-1].body == b"halfmore"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_one_address_has_a_limit_of_requests(
    make_nginx: MakeNginx, api: Upstream, address: str
) -> None:
    """Streams and waits count. Another address is not affected."""
    nginx = make_nginx(api.port, connections_per_address="2")
    clients = [HTTPConnection("127.0.0.1", nginx.port, timeout=PATIENCE) for _ in range(2)]
    for each in clients:
        each.request("GET", "/v1/events")
    wait_until(lambda: len(api.seen) == 2, "two streams")
    other = HTTPConnection("127.0.0.1", nginx.port, PATIENCE, (address, 0))
    other.request("GET", "/v1/posts")
    answer = other.getresponse()
    assert answer.status == (429 if address == "127.0.0.1" else 200)
    if answer.status == 429:
        assert int(answer.headers["Retry-After"]) > 0
    for _ in range(2):
        api.frames.put(b"")
