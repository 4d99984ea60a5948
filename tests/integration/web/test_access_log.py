"""The access log."""

import re
import socket

import requests
from splitflap_core.trace import trace_id

from tests.servers.page_nginx import PageNginx

from .rig import PATIENCE, MakeNginx
from .upstream import DIES, Upstream

SECRETS = {
    "Authorization": "Bearer secret-key",
    "Cookie": "splitflap-session=secret-session",
    "Referer": "http://x/?secret-referer",
}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_line_has_the_trace_that_the_api_gets(nginx: PageNginx, api: Upstream) -> None:
    """It is the client's, or a new one if that is absent or malformed."""
    given = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    broken = [{}, {"traceparent": "00-0-0-0"}, {"traceparent": f"00-{'0' * 32}-{'1' * 16}-01"}]
    for headers in (given, *broken):
        requests.get(f"{nginx.url}/v1/posts", headers=headers, timeout=PATIENCE)
    passed = [each.headers["traceparent"] for each in api.seen]
    assert passed[0] == given["traceparent"]
    traces = [trace_id(each) for each in passed]
    assert all(traces)
    assert len(set(traces)) == len(traces)
    assert [line["trace_id"] for line in nginx.lines(4)] == traces


def test_a_line_describes_the_request(nginx: PageNginx) -> None:
    """Times are in seconds. `upstream_status` is the API's."""
    requests.get(f"{nginx.url}/v1/posts?limit=3", headers={"User-Agent": "t"}, timeout=PATIENCE)
    requests.get(nginx.url + DIES, timeout=PATIENCE)
    first, second = nginx.lines(2)
    assert (first["method"], first["path"], first["status"]) == ("GET", "/v1/posts", 200)
    assert (first["service"], first["client"], first["user_agent"]) == ("web", "127.0.0.1", "t")
    assert first["upstream_status"] == "200"
    assert isinstance(first["seconds"], float)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", first["time"])
    assert second["status"] == 503
    assert "502" in second["upstream_status"]


def test_no_log_has_a_secret(nginx: PageNginx, make_nginx: MakeNginx, api: Upstream) -> None:
    """Keys, cookies and the token of a stream stay out, also if the API is away."""
    paths = ("/v1/events?token=secret-token", "/v1/status/events?token=secret-token", "/?secret=1")
    api.frames.put(b"")
    api.frames.put(b"")
    for path in paths:
        requests.get(nginx.url + path, headers=SECRETS, timeout=PATIENCE)
    assert len(nginx.lines(len(paths))) == len(paths)
    assert "secret" not in nginx.text()
    away = make_nginx(1)
    for path in paths:
        requests.get(away.url + path, headers=SECRETS, timeout=PATIENCE)
    assert [line["status"] for line in away.lines(len(paths))] == [503, 503, 200]
    assert "secret-token" not in away.text()


def test_every_line_is_json_in_ascii(nginx: PageNginx) -> None:
    """A client's bytes can break neither the line nor a terminal."""
    with socket.create_connection(("127.0.0.1", nginx.port), PATIENCE) as client:
        client.sendall(
            b'GET /v1/"\\\x80\xff?q HTTP/1.1\r\nHost: a\r\nUser-Agent: "\\\xc3\x28\x1b[31m\r\n'
            b"Connection: close\r\n\r\n"
        )
        while client.recv(65_536):
            pass
    [line] = nginx.lines(1)
    assert nginx.log.read_bytes().isascii()
    assert line["path"] == '/v1/"\\'
    assert line["user_agent"] == '"\\'
