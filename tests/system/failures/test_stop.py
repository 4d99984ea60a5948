"""SIGTERM: what was begun is answered, what was promised is kept, the status is 0."""

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

#: Connections on which half a request has been sent when the stop comes.
HALF_SENT = 10


def half_a_post(wire: RawConnection, channel: str) -> bytes:
    """Send a post's head and half of its body; the other half."""
    body = json.dumps({"text": "cut in two", "channel": channel}).encode()
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    wire.send(head("POST", "/v1/posts", ADMIN, *lines) + body[:10])
    return body[10:]


def test_requests_that_were_begun_are_answered(stack: Stack, channel: str) -> None:
    """Half a body before SIGTERM, the rest after: 202 for each, and the posts are there."""
    api = stack.apis[-1]
    wires = [RawConnection(stack.url(api)) for _ in range(HALF_SENT)]
    rests = [half_a_post(wire, channel) for wire in wires]
    # One that came later is answered: those before it have been read.
    assert stack.client(api).get("/").status_code == 200
    stack.services[api].terminate()
    wait_until(lambda: not listens(stack.ports[api]), "the end of listening")
    for wire, rest in zip(wires, rests, strict=True):
        wire.send(rest)
    answers = [wire.response("POST") for wire in wires]
    assert [answer.status for answer in answers] == [202] * HALF_SENT, answers[0]
    assert all(wire.is_closed() for wire in wires)
    assert stack.services[api].wait() == 0
    stack.start(api)
    client = stack.client(api)
    for answer in answers:
        assert client.wait_final(answer.header("Location") or "").status_code == 201
    assert len(client.posts(channel)) == HALF_SENT


def test_wait_for_a_response_ends_with_an_answer(stack: Stack, channel: str, site: Site) -> None:
    """A client that waits when the stop comes gets its 202, or the response; not a reset."""
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
    """Kept-alive connections, many posts: exit status 0, and every 202 is there."""
    api = stack.apis[-1]
    with Writer(stack.clients(), channel) as writer:
        writer.allow(120)
        writer.reach(40)
        stack.services[api].terminate()
        assert stack.services[api].wait() == 0
        stack.start(api)
    assert len(check_all_there(stack.client(), writer)) == 120


@pytest.mark.parametrize("worker", ["renderer", "scraper"])
def test_worker_stops_under_load(stack: Stack, channel: str, site: Site, worker: str) -> None:
    """Exit status 0, and what it had taken is done, by it or by the next one."""
    text = "post {} " + site.url(f"page/{channel}-{{}}")
    with Writer(stack.clients(), channel, text) as writer:
        writer.allow(60)
        writer.reach(20)
        stack.services[worker].terminate()
        assert stack.services[worker].wait() == 0
        stack.start(worker)
    check_all_there(stack.client(), writer)


def test_idle_connections_are_closed_at_once(stack: Stack, client: Client) -> None:
    """A kept-alive connection without a request does not hold up the stop."""
    api = stack.apis[-1]
    with RawConnection(stack.url(api)) as wire:
        wire.send(head("GET", "/v1/posts?limit=1", ADMIN))
        assert wire.response().status == 200
        stack.services[api].terminate()
        assert wire.is_closed()
        assert stack.services[api].wait() == 0
    stack.start(api)
