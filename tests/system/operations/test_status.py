"""The status of a whole service: on every API, as a stream, and over the last minutes."""

import threading
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.client import Client
from tests.system.rig.sse import EventStream
from tests.system.rig.stack import ADMIN, Stack

STREAM = "/v1/status/events"

#: Seconds until the end of a revoked key's streams, and until each API has written a step.
REVOKED_WITHIN = 15.0
STEP_WITHIN = 40.0


def test_a_revoked_key_ends_its_status_streams_on_every_api(stack: Stack, client: Client) -> None:
    """The stream of another key goes on."""
    made = client.new_key("watcher", "observe")
    with ExitStack() as opened:
        streams, others = (
            [
                opened.enter_context(EventStream(stack.url(api), key, path=STREAM))
                for api in stack.apis
            ]
            for key in (made["key"], ADMIN)
        )
        for stream in streams:
            assert next(stream.all_events()).data["api_replicas"] >= 1
        readers = [threading.Thread(target=list, args=(each.all_events(),)) for each in streams]
        for reader in readers:
            reader.start()
        assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
        wait_until(
            lambda: not any(reader.is_alive() for reader in readers), "the end", REVOKED_WITHIN
        )
        assert all(next(each.all_events()).event == "status" for each in others)


@pytest.mark.servers
def test_two_apis_write_one_history(make_stack: MakeStack) -> None:
    """Each API shows the counts of both, and its own place in the status."""
    stack = make_stack("servers", apis=2, workers=("renderer",))
    clients = [stack.client(api) for api in stack.apis]
    for client in clients:
        client.create_post("hello")

    def written() -> bool:
        for client in clients:
            status: Any = client.get("/v1/status").json()
            if status["api_replicas"] != 2 or counted(client) != 2:
                return False
            if status["kinds"][0]["mean_seconds"] is None:
                return False
        return True

    wait_until(written, "the steps of both, and the first charge", STEP_WITHIN)
    first, second = (client.get("/v1/status").json() for client in clients)
    assert first["replica"] != second["replica"]
    assert first["broker"] == second["broker"] == {"up": True, "detail": None}
    [render, _] = first["kinds"]
    assert (render["kind"], render["consumers"]) == ("render", 1)
    assert render["slots"] >= 1
    assert render["mean_seconds"] > 0


def counted(client: Client) -> int:
    """The accepted requests in the history that this API shows."""
    found = client.get("/v1/status/history").json()["series"]
    [values] = [each["values"] for each in found if each["name"] == "accepted"]
    return sum(value or 0 for value in values)
