"""The programs that pool.py compares, each with a backlog and started as its users do.

Jobs are in the queue before the worker starts. Their results stay in a queue, so that only the
broker runs beside the worker.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

import redis
import rq
from splitflap_core.contracts import Flavour

from benchmarks import ROOT
from benchmarks.harness.bench import Bench
from benchmarks.renderer.corpus import corpus
from benchmarks.renderer.jobs import publish_jobs, queue_depth
from benchmarks.renderer.rivals.redis_server import RedisServer
from tests.servers.rabbitmq import RabbitMq
from tests.system.rig.processes import SpawnedService, program

_RIVALS = "benchmarks.renderer.rivals"


@dataclass(frozen=True)
class Contender:
    """A running worker."""

    #: Returns the number of texts rendered so far.
    done: Callable[[], int]
    #: The ancestor of all of its processes.
    pid: int
    #: The process of its broker, if it has one.
    broker: int | None = None


class Contenders:
    """Starts contenders on one RabbitMQ and one Redis. Each gets an empty vhost or database."""

    def __init__(self, it: Bench, rabbitmq: RabbitMq, server: RedisServer) -> None:
        self._it = it
        self._rabbitmq = rabbitmq
        self._redis = server
        self._count = 0

    @contextmanager
    def splitflap(
        self, processes: int, backlog: int, flavour: Flavour = "markdown", **settings: str
    ) -> Iterator[Contender]:
        """The renderer by its console script, with default settings."""
        with self._vhost() as url:
            publish_jobs(url, islice(cycle(corpus()), backlog), flavour)
            environ = {"SPLITFLAP_BROKER_URL": url, "SPLITFLAP_PROCESSES": str(processes)}
            environ |= settings
            with self._it.renderer(environ) as service, queue_depth(url) as depth:
                yield Contender(lambda: depth("results"), service.pid, self._rabbitmq.pid)

    @contextmanager
    def celery(self, processes: int, backlog: int) -> Iterator[Contender]:
        """Celery by its command, without events and gossip: no other process would read them."""
        options = ["worker", "-Q", "jobs", "-c", str(processes), "--loglevel", "WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        command = [program("celery"), "-A", f"{_RIVALS}.celery_app", *options, *quiet]
        with self._vhost() as url:
            _enqueue("celery_app", "render.delay", url, backlog)
            with self._rival("celery", command, url) as pid, queue_depth(url) as depth:
                yield Contender(lambda: depth("outcomes"), pid, self._rabbitmq.pid)

    @contextmanager
    def dramatiq(self, processes: int, backlog: int) -> Iterator[Contender]:
        """Dramatiq by its command."""
        options = ["--processes", str(processes), "--threads", "1", "--queues", "jobs"]
        command = [program("dramatiq"), f"{_RIVALS}.dramatiq_actors", *options]
        with self._vhost() as url:
            _enqueue("dramatiq_actors", "render.send", url, backlog)
            with self._rival("dramatiq", command, url) as pid, queue_depth(url) as depth:
                yield Contender(lambda: depth("outcomes"), pid, self._rabbitmq.pid)

    @contextmanager
    def rq(self, processes: int, backlog: int) -> Iterator[Contender]:
        """RQ: one worker for each process, all below one shell."""
        client: redis.Redis = redis.Redis.from_url(self._redis.url)
        client.flushall()
        queue = rq.Queue("jobs", connection=client)
        work = "benchmarks.renderer.bare_render.rendered"
        posts = islice(cycle(corpus()), backlog)
        queue.enqueue_many(
            [rq.Queue.prepare_data(work, [post], timeout=2, description="") for post in posts]
        )
        one = f"{sys.executable} -m {_RIVALS}.rq_worker {self._redis.url}"
        command = ["sh", "-c", f"{f'{one} & ' * processes}wait"]
        done = queue.finished_job_registry
        with self._rival("rq", command, self._redis.url) as pid:
            yield Contender(lambda: done.get_job_count(cleanup=False), pid, self._redis.pid)

    @contextmanager
    def pebble(self, processes: int, _backlog: int) -> Iterator[Contender]:
        """Pebble's pool. It has no broker, feeds itself, and prints the number of its texts."""
        command = [sys.executable, "-m", f"{_RIVALS}.pebble_pool", str(processes)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
            done = [0]

            def read() -> None:
                assert process.stdout
                for line in process.stdout:
                    done[0] = int(line)

            threading.Thread(target=read, daemon=True).start()
            try:
                yield Contender(lambda: done[0], process.pid)
            finally:
                process.kill()

    @contextmanager
    def _vhost(self) -> Iterator[str]:
        """The URL of an empty virtual host, deleted after the block."""
        self._count += 1
        name = f"pool{self._count}"
        try:
            yield self._rabbitmq.add_vhost(name)
        finally:
            self._rabbitmq.delete_vhost(name)

    @contextmanager
    def _rival(self, name: str, command: Sequence[str], url: str) -> Iterator[int]:
        environ = {"BENCH_URL": url, "PYTHONPATH": str(ROOT), "dramatiq_queue_prefetch": "8"}
        service = SpawnedService(name, list(command), environ, self._it.folder)
        service.start()
        try:
            yield service.pid
        finally:
            if service.is_running:
                service.kill()


def _enqueue(module: str, call: str, url: str, backlog: int) -> None:
    """Enqueue texts from another process, since a rival reads its URL at its import."""
    code = (
        f"from itertools import cycle, islice\nfrom benchmarks.renderer.corpus import corpus\n"
        f"from {_RIVALS}.{module} import render\n"
        f"for post in islice(cycle(corpus()), {backlog}): {call}(post)"
    )
    environ: Mapping[str, str] = {**os.environ, "BENCH_URL": url, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environ, timeout=120)
