"""What waits is for whoever is free: a renderer that is started later gets its share."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.servers.rabbitmq import RabbitMq
from tests.servers.server import descendants
from tests.support import wait_until
from tests.system.conftest import MakeStack
from tests.system.operations.test_observability import sums
from tests.system.rig.processes import PATIENCE, SpawnedService

#: A text takes tenths of a second: a process is handed 8 of these and would be handed 32 of others.
HEAVY = "*a **a " * 1_500 + "b** b* " * 1_500

TEXTS = 24


@pytest.mark.parametrize(
    "backend", ["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def test_a_renderer_holds_no_more_heavy_texts_than_it_can_render_soon(
    make_stack: MakeStack, backend: str
) -> None:
    """The others stay with the broker while it renders, and another renderer can have them."""
    settings = {"PROCESSES": "1", "RENDER_DEADLINE": "30"}
    stack = make_stack(backend, apis=1, workers=("renderer",), **settings)
    client = stack.client()
    accepted = [client.submit(f"{number} {HEAVY}") for number in range(TEXTS)]
    renderer = stack.services["renderer"]
    held = []

    def are_done() -> bool:
        now = sums(renderer)
        held.append(now["splitflap_jobs_in_flight"])
        return now.get("splitflap_jobs_computed_total", 0) >= TEXTS

    wait_until(are_done, "all texts rendered", PATIENCE)
    assert 2 <= max(held) <= 8
    assert all(client.wait_final(each).status_code == 201 for each in accepted)


#: Texts that take no time, after which a renderer holds full trips. Few: its mean forgets them.
QUICK = 16

#: Texts in a trip here: a renderer of one process would hold twice as many.
TRIP = 8


def computed(service: SpawnedService) -> int:
    """Texts that a renderer has done."""
    return int(sums(service).get("splitflap_jobs_computed_total", 0))


@contextmanager
def halted(service: SpawnedService) -> Iterator[None]:
    """Its processes, and the one that starts them, are given no CPU: what it holds, it keeps."""
    assert service.process
    stopped = descendants(service.process.pid)
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.servers
def test_a_second_renderer_gets_its_share(make_stack: MakeStack, rabbitmq_server: RabbitMq) -> None:
    """After quick texts come heavy ones: what the first has not begun, the second can have."""
    settings = {"PROCESSES": "1", "RENDER_DEADLINE": "60", "TEXTS_PER_BATCH": str(TRIP)}
    stack = make_stack("servers", apis=1, workers=("renderer",), **settings)
    vhost = stack.backend.broker_url.rpartition("/")[2]
    client = stack.client()
    first = stack.services["renderer"]
    quick = [client.submit(f"quick {number}") for number in range(QUICK)]
    assert all(client.wait_final(each).status_code == 201 for each in quick)

    accepted = [client.submit(f"{number} {HEAVY}") for number in range(5 * TRIP)]
    wait_until(lambda: computed(first) >= QUICK + 3 * TRIP, "the first's share", PATIENCE)
    with halted(first):
        stack.add_worker("renderer-2")
        stack.start("renderer-2")
        second = stack.services["renderer-2"]

        def is_shared() -> bool:
            depth = rabbitmq_server.queue_depths(vhost)["render"]
            return depth.ready == 0 and depth.unacked <= TRIP

        # Half of what the first would hold of quick ones.
        wait_until(is_shared, lambda: f"{computed(second)} texts of the second", PATIENCE)
        assert computed(second) > 0
    assert all(client.wait_final(each).status_code == 201 for each in accepted)
