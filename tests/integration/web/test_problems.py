"""nginx's own errors."""

import json
import re
import socket

import pytest
import requests
from splitflap_api.contract.problems import TYPES
from splitflap_web.headers import SECURITY

from tests.servers.page_nginx import CONFIGURATION, PageNginx
from tests.support import free_port

from .rig import PATIENCE, MakeNginx
from .upstream import FAILS

#: Requests that nginx refuses itself, with the expected status.
REFUSED = [
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET /missing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405),
    (b"POST /v1/posts HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    (b"GET / HTTP/2.3\r\nHost: a\r\n\r\n", 505),
    (b"GET /v1/posts HTTP/1.1\r\nHost: a\r\n\r\n", 503),
]


def written() -> list[dict[str, object]]:
    """The problems of the configuration."""
    text = (CONFIGURATION / "problems.conf").read_text(encoding="utf-8")
    return [
        {**json.loads(body), "returned": int(status)}
        for status, body in re.findall(r"return (\d+) '(.*)';", text)
    ]


@pytest.mark.parametrize(("request_", "status"), REFUSED)
def test_an_error_of_nginx_is_a_problem(
    make_nginx: MakeNginx, request_: bytes, status: int
) -> None:
    """It has the status in its body, and the headers of the page."""
    nginx = make_nginx(free_port())
    with socket.create_connection(("127.0.0.1", nginx.port), PATIENCE) as client:
        client.sendall(request_.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        received = b""
        while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}"):
            piece = client.recv(65_536)
            assert piece, received
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:])
    assert int(lines[0].split()[1]) == status
    problem = json.loads(body)
    assert problem["status"] == status
    assert fields["Content-Type"] == "application/problem+json"
    assert fields["Cache-Control"] == "no-store"
    assert SECURITY.items() <= fields.items()
    assert ("Retry-After" in fields) == (status == 503)


def test_the_problems_are_those_of_the_api() -> None:
    """Type, title and status are equal, so a client handles both alike."""
    known = {f"/v1/problems/{each.slug}": (each.title, each.status) for each in TYPES.values()}
    assert len(written()) > 8
    for each in written():
        assert (each["title"], each["status"]) == known[str(each["type"])]
        assert each["returned"] == each["status"]


def test_errors_of_the_api_pass_unchanged(nginx: PageNginx) -> None:
    """Nginx puts nothing in their place."""
    passed = requests.get(nginx.url + FAILS, timeout=PATIENCE)
    assert passed.status_code == 502
    assert passed.content == b"{}"


def test_the_page_stays_while_the_api_is_away(make_nginx: MakeNginx) -> None:
    """Nginx starts without it, too."""
    nginx = make_nginx(free_port())
    assert requests.get(nginx.url, timeout=PATIENCE).status_code == 200
    away = requests.post(f"{nginx.url}/v1/posts", json={"text": "x"}, timeout=PATIENCE)
    assert away.status_code == 503
    assert away.json()["type"] == "/v1/problems/unavailable"
    assert int(away.headers["Retry-After"]) > 0
