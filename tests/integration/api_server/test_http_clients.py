"""Ordinary HTTP clients, which keep their connections, beside refused bodies.

A response that promises to keep a connection which then closes breaks the next request: another
user's, behind a proxy.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from tests.servers.fixtures import or_skip
from tests.servers.nginx import Nginx
from tests.servers.process import find_binary

from .rig import AUTH, JSON, PATIENCE, Server

#: Bytes of refused bodies: kept, near the limit of 524,288, and beyond it.
SIZES = (1, 100_000, 524_288, 524_289, 2_000_000, 8_000_000)


def chunks(size: int) -> Iterator[bytes]:
    """A body without a known length."""
    for begin in range(0, size, 8192):
        yield b"x" * min(8192, size - begin)


@pytest.mark.parametrize("size", SIZES)
def test_http_client_reads_each_refusal_and_goes_on(patient: Server, size: int) -> None:
    """http.client opens a new connection only after `Connection: close`."""
    with closing(HTTPConnection("127.0.0.1", patient.port, timeout=PATIENCE)) as client:
        for body in (b"x" * size, chunks(size)):
            client.request("POST", "/v1/posts", body, {"Content-Type": "application/json"})
            answer = client.getresponse()
            assert answer.status == 401
            answer.read()
            for _ in range(2):
                client.request("GET", "/v1/posts", headers=AUTH)
                answer = client.getresponse()
                assert answer.status == 200
                answer.read()


@pytest.mark.parametrize("size", SIZES)
def test_requests_reads_each_refusal_and_goes_on(patient: Server, size: int) -> None:
    """A Session keeps the connection for the next request."""
    with requests.Session() as session:
        for body in (b"x" * size, chunks(size)):
            refused = session.post(f"{patient.url}/v1/posts", data=body, timeout=PATIENCE)
            assert refused.status_code == 401
            for _ in range(2):
                answer = session.get(f"{patient.url}/v1/posts", headers=AUTH, timeout=PATIENCE)
                assert answer.status_code == 200


def test_go_reads_each_refusal_and_goes_on(patient: Server, tmp_path: Path) -> None:
    """net/http sends lengths, chunks, and bodies that wait for 100 Continue."""
    go = or_skip(lambda: find_binary("go", Path("/usr/local/go/bin")))
    source = Path(__file__).with_name("go_client") / "main.go"
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GO111MODULE": "off"}
    binary = tmp_path / "client"
    built = subprocess.run([go, "build", "-o", binary, source], env=environ, check=False)
    assert built.returncode == 0
    done = subprocess.run(
        [binary, patient.url], capture_output=True, text=True, timeout=10 * PATIENCE, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 60
    for line in lines:
        assert line.endswith(" 401" if line.startswith("post") else " 200"), done.stdout


@pytest.fixture(scope="module", params=[True, False], ids=["buffered", "unbuffered"])
def nginx(request: pytest.FixtureRequest, patient: Server) -> Iterator[Nginx]:
    """Nginx with kept connections. It reads a body first, or passes it on as it comes."""
    with or_skip(lambda: Nginx(patient.port, buffering=request.param)) as proxy:
        yield proxy


@pytest.mark.parametrize("size", SIZES)
def test_an_anonymous_body_causes_no_502_behind_nginx(nginx: Nginx, size: int) -> None:
    """The requests of other clients follow on the same connections."""
    url = f"http://127.0.0.1:{nginx.port}"
    for _ in range(5):
        for body in (b"x" * size, chunks(size)):
            refused = requests.post(f"{url}/v1/posts", data=body, timeout=PATIENCE)
            assert refused.status_code == 401, nginx.errors()
            for _ in range(4):
                answer = requests.get(f"{url}/v1/posts", headers=AUTH, timeout=PATIENCE)
                assert answer.status_code == 200, nginx.errors()


def test_anonymous_bodies_beside_other_clients_cause_no_502(nginx: Nginx) -> None:
    """Large bodies and posts at the same time, on the few connections of nginx."""
    url = f"http://127.0.0.1:{nginx.port}/v1/posts"
    statuses: list[int] = []

    def post_anonymously() -> None:
        for _ in range(20):
            answer = requests.post(url, data=b"x" * 2_000_000, timeout=PATIENCE)
            statuses.append(answer.status_code)

    attackers = [threading.Thread(target=post_anonymously) for _ in range(2)]
    for each in attackers:
        each.start()
    others = [
        requests.post(url, data=b'{"text": "x"}', headers=JSON, timeout=PATIENCE).status_code
        for _ in range(60)
    ]
    for each in attackers:
        each.join()
    assert statuses == [401] * 40, nginx.errors()
    assert others == [202] * 60, nginx.errors()
