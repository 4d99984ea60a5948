"""SIGTERM: requests in flight get their response, accepted posts complete, the status is 0."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers.server import listens
from tests.support import wait_until
from tests.system.failures.test_crashes import check_all_there
from tests.system.rig.client import Client
from tests.system.rig.raw_http import RawConnection, head
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, Stack
from tests.system.rig.writer import Writer

#: Connections with half a request at the time of SIGTERM.
HALF_SENT = 10


def half_a_post(connection: RawConnection, channel: str) -> bytes:
    """Send the head of a post and a part of its body; return the rest."""
    body = json.dumps({"text": "cut in two", "channel": channel}).encode()
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    connection.send(head("POST", "/v1/posts", ADMIN, *lines) + body[:10])
    return body[10:]


def test_requests_in_flight_are_answered(stack: Stack, channel: str) -> None:
    """Requests with half a body before SIGTERM get 202, and their posts complete."""
    api = stack.apis[-1]
    connections = [RawConnection(stack.url(api)) for _ in range(HALF_SENT)]
    rests = [half_a_post(connection, channel) for connection in connections]
    # The API reads connections in order: after this response it has read all heads.
    assert stack.client(api).get("/").status_code == 200
    stack.services[api].terminate()
    wait_until(lambda: not listens(stack.ports[api]), "the end of listening")
    for connection, rest in zip(connections, rests, strict=True):
        connection.send(rest)
    responses = [connection.response("POST") for connection in connections]
    assert [each.status for each in responses] == [202] * HALF_SENT, responses[0]
    assert all(connection.is_closed() for connection in connections)
    assert stack.services[api].wait() == 0
    stack.start(api)
    client = stack.client(api)
    for response in responses:
        assert client.wait_final(response.header("Location") or "").status_code == 201
    assert len(client.posts(channel)) == HALF_SENT


def test_waiting_request_gets_a_response(stack: Stack, channel: str, site: Site) -> None:
    """A request with `Prefer: wait` gets a status, not a reset."""
    api = stack.apis[-1]
    site.hold()
    client = stack.client(api)
    accepted = client.post("/v1/previews", {"url": site.url(f"held/{channel}")})
    with ThreadPoolExecutor(1) as threads:
        began = threading.Event()

        def wait() -> int:
            mine = client.clone()
            mine.get("/v1/posts?limit=1")
            began.set()
            return mine.get(accepted.headers["Location"], prefer="wait=3").status_code

        waiting = threads.submit(wait)
        began.wait(10)
        stack.services[api].terminate()
        status = waiting.result(40)
    site.release()
    assert status in {200, 202, 503}
    assert stack.services[api].wait() == 0
    stack.start(api)
    assert stack.client(api).wait_final(accepted.headers["Location"]).status_code == 200


def test_stop_under_load_loses_no_post(stack: Stack, channel: str) -> None:
    """Four clients post over keep-alive connections. The exit status is 0."""
    api = stack.apis[-1]
    with Writer(stack.clients(), channel) as writer:
        writer.allow(120)
        writer.wait_accepted(40)
        stack.services[api].terminate()
        assert stack.services[api].wait() == 0
        stack.start(api)
    assert len(check_all_there(stack.client(), writer)) == 120


@pytest.mark.parametrize("worker", ["renderer", "scraper"])
def test_stop_of_a_worker_loses_no_post(
    stack: Stack, channel: str, site: Site, worker: str
) -> None:
    """The exit status is 0. This worker or the next one finishes its jobs."""
    text = "post {} " + site.url(f"page/{channel}-{{}}")
    with Writer(stack.clients(), channel, text) as writer:
        writer.allow(60)
        writer.wait_accepted(20)
        stack.services[worker].terminate()
        assert stack.services[worker].wait() == 0
        stack.start(worker)
    check_all_there(stack.client(), writer)


def test_idle_connections_are_closed_at_once(stack: Stack, client: Client) -> None:
    """The stop does not wait for a keep-alive connection without a request."""
    api = stack.apis[-1]
    with RawConnection(stack.url(api)) as connection:
        connection.send(head("GET", "/v1/posts?limit=1", ADMIN))
        assert connection.response().status == 200
        stack.services[api].terminate()
        assert connection.is_closed()
        assert stack.services[api].wait() == 0
    stack.start(api)
