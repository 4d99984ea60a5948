"""Express jobs in a renderer of its own, on both brokers: beside long jobs, and after its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from splitflap_core import topology
from splitflap_core.broker import Subscription
from splitflap_core.contracts import Job, RenderRequest, decode_job_outcome, encode
from splitflap_core.outcomes import Begun, Done

from tests.support import descendants, free_port, gone, wait_until
from tests.support.peer import Peer, embedded_broker, rabbitmq_broker

from .conftest import cpu_ticks, slow

#: The queues of normal and of express outcomes.
RESULTS = (topology.RESULTS_QUEUE, topology.EXPRESS_RESULTS_QUEUE)

#: A text of a second of CPU. Its first share of the deadline below is long enough.
LONG = slow(3800)

#: Settings of the renderer.
SETTINGS = {
    "SPLITFLAP_PROCESSES": "1",
    "SPLITFLAP_RENDER_DEADLINE": "60",
    "SPLITFLAP_STOP_GRACE": "0.3",
}


class Rig:
    """A renderer as a process, and a peer in the place of the API."""

    def __init__(self, broker: dict[str, str], api: Peer) -> None:
        self._environment = {**os.environ, **SETTINGS, **broker}
        self.api = api.started()
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a renderer, and wait for its processes."""
        environment = {**self._environment, "SPLITFLAP_HEALTH_PORT": str(free_port())}
        command = [sys.executable, "-m", "splitflap_renderer"]
        self._running = service = subprocess.Popen(command, env=environment)
        # The fork server, the resource tracker, a rendering process and the express process.
        wait_until(lambda: len(descendants(service.pid)) >= 4)

    def end(self, number: int = signal.SIGKILL) -> None:
        """End the renderer by a signal."""
        if service := self._running:
            below = descendants(service.pid)
            service.send_signal(number)
            service.wait(30)
            wait_until(lambda: all(map(gone, below)))
            self._running = None

    def submit(self, name: str, text: str, queue: str) -> None:
        """Publish a job."""
        payload = msgspec.Raw(encode(RenderRequest(text)))
        self.api.send(encode(Job(name, "render", 1, time.time(), payload)), key=queue)

    def wait_for_work(self) -> None:
        """Wait until a process renders."""
        assert self._running
        pid = self._running.pid
        ticks = sum(map(cpu_ticks, descendants(pid)))
        wait_until(lambda: sum(map(cpu_ticks, descendants(pid))) > ticks + 10)

    def done(self) -> list[str]:
        """The jobs that are done, in the order of their outcomes."""
        outcomes = [decode_job_outcome(body) for body in self.api.bodies]
        assert all(isinstance(each.outcome, Done | Begun) for each in outcomes)
        return [each.job for each in outcomes if isinstance(each.outcome, Done)]


@pytest.fixture(params=["embedded", pytest.param("rabbitmq", marks=pytest.mark.servers)])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Each broker, with a renderer that is ended with the test."""
    results = [Subscription(queue, 100) for queue in RESULTS]
    if request.param == "embedded":
        backend, broker = embedded_broker(tmp_path), {"SPLITFLAP_DATA_DIR": str(tmp_path)}
    else:
        url = request.getfixturevalue("rabbitmq_server").add_vhost(tmp_path.name)
        backend, broker = rabbitmq_broker(url), {"SPLITFLAP_BROKER_URL": url}
    rig = Rig(broker, Peer(backend, *results, acks=True))
    rig.start()
    yield rig
    rig.end()
    rig.api.link.stop(1)


def test_an_express_job_is_done_while_all_normal_slots_are_busy(rig: Rig) -> None:
    """Long normal jobs wait too, up to the prefetch."""
    for number in range(10):
        rig.submit(str(number), LONG, "render")
    rig.wait_for_work()
    rig.submit("express", "hi", "render.express")
    rig.api.wait(lambda: "express" in rig.done(), "the express job")
    assert len(rig.done()) <= 2


@pytest.mark.parametrize("end_by", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "stop"])
def test_the_express_jobs_of_an_ended_renderer_are_delivered_again(rig: Rig, end_by: int) -> None:
    """A killed one loses its connection. A stopped one gives them back after its grace."""
    rig.submit("long", LONG, "render.express")
    rig.submit("behind", "hi", "render.express")
    rig.wait_for_work()
    rig.end(end_by)
    rig.start()
    rig.api.wait(lambda: {"long", "behind"} <= set(rig.done()), "the jobs")
