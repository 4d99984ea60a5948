"""A renderer holds few heavy texts, so that a second renderer gets its share."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.servers.rabbitmq import Depth, RabbitMq
from tests.support import descendants, wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.metrics import sums
from tests.system.rig.processes import START_STOP_TIMEOUT, SpawnedService
from tests.system.rig.publisher import publisher

#: Takes tenths of a second. A process holds 8 of these, and up to 32 of quick texts.
HEAVY = "*a **a " * 800 + "b** b* " * 800

TEXTS = 24


@pytest.mark.parametrize(
    "backend", ["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def test_renderer_holds_few_heavy_texts(make_stack: MakeStack, backend: str) -> None:
    """It holds 2 to 8 of 24 heavy texts. The others stay in the queue for another renderer."""
    settings = {"PROCESSES": "1", "RENDER_DEADLINE": "30"}
    stack = make_stack(backend, apis=1, workers=("renderer",), **settings)
    client = stack.client()
    accepted = [client.submit(f"{number} {HEAVY}") for number in range(TEXTS)]
    renderer = stack.services["renderer"]
    held = []

    def all_are_rendered() -> bool:
        now = sums(renderer)
        held.append(now["splitflap_jobs_in_flight"])
        return now.get("splitflap_jobs_computed_total", 0) >= TEXTS

    wait_until(all_are_rendered, "all texts rendered", START_STOP_TIMEOUT)
    assert 2 <= max(held) <= 8
    assert all(client.wait_final(each).status_code == 201 for each in accepted)


#: Quick texts come first: then the renderer holds full batches. They are few, so its mean
#: duration soon forgets them.
QUICK = 16

#: Texts in a batch here. A renderer with one process would hold two batches of quick texts.
BATCH = 8


def message(number: int) -> bytes:
    """A heavy text as a message. The API would send some texts to the express queue."""
    payload = {"text": f"{number} {HEAVY}"}
    head = {"id": str(number), "kind": "render", "attempt": 1, "published_at": time.time()}
    return json.dumps(head | {"version": 1, "payload": payload}).encode()


def computed(service: SpawnedService) -> int:
    """The number of texts that a renderer has rendered."""
    return int(sums(service).get("splitflap_jobs_computed_total", 0))


@contextmanager
def halted(service: SpawnedService) -> Iterator[None]:
    """Stop the renderer's child processes (SIGSTOP): it keeps its texts during the block."""
    stopped = descendants(service.pid)
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.servers
def test_second_renderer_gets_its_share(make_stack: MakeStack, rabbitmq_server: RabbitMq) -> None:
    """After quick texts, the first renderer holds at most one batch of heavy ones."""
    settings = {"PROCESSES": "1", "RENDER_DEADLINE": "60", "TEXTS_PER_BATCH": str(BATCH)}
    stack = make_stack("servers", apis=1, workers=("renderer",), **settings)
    vhost = stack.backend.broker.rpartition("/")[2]
    client = stack.client()
    first = stack.services["renderer"]
    quick = [client.submit(f"quick {number}") for number in range(QUICK)]
    assert all(client.wait_final(each).status_code == 201 for each in quick)

    with publisher(stack) as to:
        for number in range(5 * BATCH):
            to.put("render", message(number))
    wait_until(
        lambda: computed(first) >= QUICK + 3 * BATCH,
        "three batches of the first renderer",
        START_STOP_TIMEOUT,
    )
    with halted(first):
        stack.add_worker("renderer-2")
        stack.start("renderer-2")
        second = stack.services["renderer-2"]

        def depths() -> Depth:
            return rabbitmq_server.queue_depths(vhost)["render"]

        def is_shared() -> bool:
            depth = depths()
            return depth.ready == 0 and depth.unacked <= BATCH

        # One batch: half of what the first renderer would hold of quick texts.
        wait_until(
            is_shared,
            lambda: f"{computed(second)} texts of the second renderer, {depths()}",
            START_STOP_TIMEOUT,
        )
        assert computed(second) > 0
    wait_until(
        lambda: computed(first) + computed(second) == QUICK + 5 * BATCH,
        "all texts rendered",
        START_STOP_TIMEOUT,
    )
