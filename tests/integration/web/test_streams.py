"""Event streams through nginx."""

from http.client import HTTPConnection

import pytest
from splitflap_api.loops.long_requests.feed import HEARTBEAT

from tests.servers.page_nginx import CONFIGURATION, PageNginx
from tests.servers.server import listens
from tests.support import wait_until

from .rig import PATIENCE
from .upstream import STREAMS, Upstream

FRAME = b"id: %d\nevent: done\ndata: {}\n\n"


@pytest.mark.parametrize("path", STREAMS)
def test_an_event_arrives_while_the_stream_is_open(
    nginx: PageNginx, api: Upstream, path: str
) -> None:
    """The next event is sent only after the client has the one before."""
    client = HTTPConnection("127.0.0.1", nginx.port, timeout=PATIENCE)
    client.request("GET", path, headers={"Accept-Encoding": "gzip"})
    for number in range(3):
        api.frames.put(FRAME % number)
        if not number:
            answer = client.getresponse()
            assert answer.headers["Content-Type"] == "text/event-stream"
            # An nginx in front does not buffer either.
            assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.read(len(FRAME % number)) == FRAME % number
    api.frames.put(b"")
    assert answer.read() == b""


def test_a_running_request_finishes_after_the_stop_signal(nginx: PageNginx, api: Upstream) -> None:
    """SIGQUIT is the image's stop signal. New connections are refused."""
    client = HTTPConnection("127.0.0.1", nginx.port, timeout=PATIENCE)
    client.request("GET", "/v1/events")
    api.frames.put(FRAME % 1)
    answer = client.getresponse()
    assert answer.read(len(FRAME % 1)) == FRAME % 1
    nginx.drain()
    wait_until(lambda: not listens(nginx.port), "nginx to refuse connections")
    api.frames.put(FRAME % 2)
    assert answer.read(len(FRAME % 2)) == FRAME % 2
    api.frames.put(b"")
    assert answer.read() == b""
    wait_until(nginx.has_ended, "the end of nginx")


def test_a_stream_may_be_silent_for_several_heartbeats() -> None:
    """Its time-out is longer than the API's longest silence."""
    text = (CONFIGURATION / "stream.conf").read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith("proxy_read_timeout")]
    assert float(line.split()[1].rstrip("s;")) > 3 * HEARTBEAT
