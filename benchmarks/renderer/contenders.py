"""The programs that pool.py compares, each with a backlog and started as its users do.

Jobs are in the queue before the worker is started, and what comes of them stays in a queue, so that
nothing else runs beside it but its broker.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import kombu
import msgspec
import redis
import rq
from splitflap_core import topology
from splitflap_core.broker import BrokerLink, OutgoingMessage, backend_for
from splitflap_core.contracts import Flavour, Job, RenderRequest, encode
from splitflap_core.settings import CommonSettings

from benchmarks.harness.bench import Bench
from benchmarks.renderer.corpus import corpus
from benchmarks.renderer.rivals.redis_server import RedisServer
from tests.servers.rabbitmq import RabbitMq
from tests.system.rig.processes import SpawnedService, program

_ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Contender:
    """A worker that has begun: how to count what it has done, and its processes' ancestor."""

    done: Callable[[], int]
    pid: int
    #: The broker's process; None where there is none.
    broker: int | None = None


class Field:
    """Where they run: one RabbitMQ, one Redis, and a virtual host or database for each run."""

    def __init__(self, it: Bench, rabbitmq: RabbitMq, server: RedisServer | None = None) -> None:
        self._it = it
        self._rabbitmq = rabbitmq
        self._redis = server
        self._count = 0

    @contextmanager
    def splitflap(
        self, processes: int, backlog: int, flavour: Flavour = "markdown", **settings: str
    ) -> Iterator[Contender]:
        """The renderer by its console script, settings at their defaults."""
        with self._vhost() as url:
            publish_jobs(url, islice(cycle(corpus()), backlog), flavour)
            environ = {"SPLITFLAP_BROKER_URL": url, "SPLITFLAP_PROCESSES": str(processes)}
            with self._it.renderer({**environ, **settings}) as service, counted(url) as depth:
                assert service.process
                yield Contender(lambda: depth("results"), service.process.pid, self._rabbitmq.pid)

    @contextmanager
    def celery(self, processes: int, backlog: int) -> Iterator[Contender]:
        """Celery by its command, without the events and the gossip that only others would hear."""
        options = ["worker", "-Q", "jobs", "-c", str(processes), "--loglevel", "WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        command = [
            program("celery"),
            "-A",
            "benchmarks.renderer.rivals.celery_app",
            *options,
            *quiet,
        ]
        with self._vhost() as url:
            _enqueue("celery_app", "render.delay", url, backlog)
            with self._rival("celery", command, url) as pid, counted(url) as depth:
                yield Contender(lambda: depth("outcomes"), pid, self._rabbitmq.pid)

    @contextmanager
    def dramatiq(self, processes: int, backlog: int) -> Iterator[Contender]:
        """Dramatiq by its command."""
        options = ["--processes", str(processes), "--threads", "1", "--queues", "jobs"]
        command = [program("dramatiq"), "benchmarks.renderer.rivals.dramatiq_actors", *options]
        with self._vhost() as url:
            _enqueue("dramatiq_actors", "render.send", url, backlog)
            with self._rival("dramatiq", command, url) as pid, counted(url) as depth:
                yield Contender(lambda: depth("outcomes"), pid, self._rabbitmq.pid)

    @contextmanager
    def rq(self, processes: int, backlog: int) -> Iterator[Contender]:
        """RQ: a worker for each process, below a shell that waits for them."""
        assert self._redis
        client: redis.Redis = redis.Redis.from_url(self._redis.url)
        client.flushall()
        queue = rq.Queue("jobs", connection=client)
        work = "benchmarks.renderer.bare_render.rendered"
        posts = islice(cycle(corpus()), backlog)
        queue.enqueue_many(
            [rq.Queue.prepare_data(work, [post], timeout=2, description="") for post in posts]
        )
        one = f"{sys.executable} -m benchmarks.renderer.rivals.rq_worker {self._redis.url}"
        command = ["sh", "-c", f"{f'{one} & ' * processes}wait"]
        done = queue.finished_job_registry
        with self._rival("rq", command, self._redis.url) as pid:
            yield Contender(lambda: done.get_job_count(cleanup=False), pid, self._redis.pid)

    @contextmanager
    def pebble(self, processes: int, _backlog: int) -> Iterator[Contender]:
        """Pebble's pool, that feeds itself: it says what it has done, and its last word counts."""
        command = [sys.executable, "-m", "benchmarks.renderer.rivals.pebble_pool", str(processes)]
        environ = {**os.environ, "PYTHONPATH": _ROOT}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
            said = [0]

            def listen() -> None:
                assert process.stdout
                for line in process.stdout:
                    said[0] = int(line)

            threading.Thread(target=listen, daemon=True).start()
            try:
                yield Contender(lambda: said[0], process.pid)
            finally:
                process.kill()

    @contextmanager
    def _vhost(self) -> Iterator[str]:
        """The URL of a virtual host that has nothing in it, for the time of the block."""
        self._count += 1
        name = f"pool{self._count}"
        try:
            yield self._rabbitmq.add_vhost(name)
        finally:
            self._rabbitmq.delete_vhost(name)

    @contextmanager
    def _rival(self, name: str, command: Sequence[str], url: str) -> Iterator[int]:
        environ = {"BENCH_URL": url, "PYTHONPATH": _ROOT, "dramatiq_queue_prefetch": "8"}
        service = SpawnedService(name, list(command), environ, self._it.folder)
        service.start()
        try:
            assert service.process
            yield service.process.pid
        finally:
            if service.is_running:
                service.kill()


@contextmanager
def counted(url: str) -> Iterator[Callable[[str], int]]:
    """How many messages lie in a queue, asked of the queue itself; 0 where there is none yet."""
    with kombu.Connection(url) as connection:

        def depth(queue: str) -> int:
            channel = connection.channel()
            try:
                return int(channel.queue_declare(queue, passive=True).message_count)
            except connection.channel_errors:
                return 0
            finally:
                channel.close()

        yield depth


def publish_jobs(url: str, posts: Iterator[str], flavour: Flavour) -> None:
    """Put posts as jobs into the queue `render`, confirmed."""
    up, sent = threading.Event(), threading.Semaphore(0)
    opener = backend_for(CommonSettings(broker_url=url)).opener("bench")
    link = BrokerLink("bench", opener, on_up=up.set)
    link.start()
    assert up.wait(30)
    count = 0
    for count, post in enumerate(posts, 1):
        payload = msgspec.Raw(encode(RenderRequest(post, flavour)))
        body = encode(Job(f"job-{count}", "render", 1, time.time(), payload))
        message = OutgoingMessage(topology.JOBS.name, "render", body, lambda _sent: sent.release())
        link.publish(message)
    for _ in range(count):
        assert sent.acquire(timeout=30)
    link.stop(10)


def _enqueue(module: str, call: str, url: str, backlog: int) -> None:
    """In a process of its own: a broker's URL is read when the module is imported."""
    code = (
        f"from itertools import cycle, islice\nfrom benchmarks.renderer.corpus import corpus\n"
        f"from benchmarks.renderer.rivals.{module} import render\n"
        f"for post in islice(cycle(corpus()), {backlog}): {call}(post)"
    )
    environ: Mapping[str, str] = {**os.environ, "BENCH_URL": url, "PYTHONPATH": _ROOT}
    subprocess.run([sys.executable, "-c", code], check=True, env=environ, timeout=120)
