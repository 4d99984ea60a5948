"""How each system is started, on one PostgreSQL, one RabbitMQ and one Redis."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

import psycopg
import requests

from benchmarks import ROOT
from benchmarks.fairness.installation import installed
from benchmarks.harness.bench import KEY, Bench
from benchmarks.renderer.rivals.redis_server import RedisServer
from benchmarks.talk.load import PING, Work
from benchmarks.talk.rivals import work
from benchmarks.talk.servers import Missing
from tests.support import free_port, wait_until
from tests.system.rig.processes import SpawnedService, program

from .books import RivalBooks, SplitflapBooks
from .mix import Posts
from .sizes import PROCESSES, SLOTS, TEXT_SLOTS
from .system import System

if TYPE_CHECKING:
    from tests.servers.server import Server

__all__ = ["NAMES", "RIVALS", "SPLITFLAP", "Setting", "System", "running"]

#: Seconds for a first post to be done after a start.
START_TIMEOUT = 40.0

_RIVALS = "benchmarks.talk.rivals"


@dataclass
class Setting:
    """What all systems run with."""

    bench: Bench
    #: None: Redis is not installed.
    redis: RedisServer | None
    site: str
    #: Parts of a heavy text (mix.py).
    parts: int


@dataclass(frozen=True)
class Rival:
    """How a rival is started. `{port}` in a command is that of its web process."""

    commands: Mapping[str, list[str]]
    broker: str
    forks: str
    ping: Work = PING
    #: More variables of all its programs.
    environ: Mapping[str, str] = field(default_factory=dict)


def _gunicorn(module: str, processes: int, threads: int) -> list[str]:
    size = ["--worker-class", "gthread", "--workers", str(processes), "--threads", str(threads)]
    where = ["--bind", "127.0.0.1:{port}", "--no-control-socket", "--backlog", "2048"]
    return [program("gunicorn"), *where, *size, f"{_RIVALS}.{module}:app"]


_CELERY = [program("celery"), "-A", f"{_RIVALS}.celery_app:celery", "worker"]


def _celery(name: str, processes: int, *more: str) -> list[str]:
    size = ["--concurrency", str(processes), "--loglevel", "WARNING"]
    return [*_CELERY, "--hostname", name, *size, *more]


_TASKIQ = [program("taskiq"), "worker", f"{_RIVALS}.taskiq_app:broker"]
_THREADS = str(SLOTS // PROCESSES)

RIVALS = {
    "Flask alone": Rival(
        {"web": _gunicorn("in_request", PROCESSES, SLOTS // PROCESSES)}, "", "web"
    ),
    "Celery": Rival(
        {"web": _gunicorn("celery_app", 1, SLOTS), "worker": _celery("all", SLOTS)},
        "rabbitmq",
        "worker",
    ),
    "Celery, two queues": Rival(
        {
            "web": _gunicorn("celery_app", 1, SLOTS),
            "worker": _celery("texts", TEXT_SLOTS, "-Q", "celery"),
            "links worker": _celery("links", SLOTS - TEXT_SLOTS, "-Q", "links"),
        },
        "rabbitmq",
        "links worker",
        environ={"RIVAL_LINKS_QUEUE": "links"},
    ),
    "RQ": Rival(
        {
            "web": _gunicorn("rq_app", 1, SLOTS),
            "worker": [sys.executable, "-m", f"{_RIVALS}.rq_worker"],
        },
        "redis",
        "worker",
    ),
    "taskiq": Rival(
        {
            "web": [
                *(program("uvicorn"), f"{_RIVALS}.taskiq_app:app", "--port", "{port}"),
                *("--no-access-log", "--log-level", "warning"),
            ],
            "worker": [
                *(*_TASKIQ, "--workers", str(PROCESSES), "--max-threadpool-threads", _THREADS),
                *("--max-async-tasks", _THREADS, "--log-level", "WARNING"),
            ],
        },
        "rabbitmq",
        "worker",
        Work("ping", ("/ping",), (b'"pong"',)),
    ),
}

SPLITFLAP = "Splitflap"
NAMES = (*RIVALS, SPLITFLAP)

#: What a system needs beside Flask.
PACKAGES = {
    "Celery": "celery",
    "Celery, two queues": "celery",
    "RQ": "rq",
    "taskiq": "taskiq_aio_pika",
}


@contextmanager
def running(setting: Setting, name: str) -> Iterator[System]:
    """A system that has finished its first post.

    Raises:
        Missing: its package, or its broker, is not installed.
    """
    check(setting, name)
    with ExitStack() as stack:
        system = _splitflap(setting, stack) if name == SPLITFLAP else _rival(setting, stack, name)
        with system.sending(["quick link"], 1):
            pass
        wait_until(
            lambda: system.books.count() == 1,
            lambda: "\n".join(each.tail() for each in system.services.values()),
            START_TIMEOUT,
        )
        yield system


def check(setting: Setting, name: str) -> None:
    """Raise Missing if a system cannot be started here."""
    package = PACKAGES.get(name, "flask")
    if not find_spec(package):
        raise Missing(f"{package} is not installed")
    if name in RIVALS and RIVALS[name].broker == "redis" and not setting.redis:
        raise Missing("redis-server is not installed")


def _rival(setting: Setting, stack: ExitStack, name: str) -> System:
    it, rival, port = setting.bench, RIVALS[name], free_port()
    database = it.postgres.create_database(f"rival{port}")
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        connection.execute(work.TABLE.encode())
    environ = {
        "PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT)))),
        "RIVAL_DATABASE_URL": database,
        "RIVAL_BROKER_URL": _broker_url(setting, rival, f"rival{port}"),
        "RIVAL_SLOTS": str(SLOTS),
        "RIVAL_PREFETCH": _THREADS,
        **rival.environ,
    }
    services = {}
    for role, command in rival.commands.items():
        own = [each.format(port=port) for each in command]
        services[role] = SpawnedService(f"{role.replace(' ', '-')}-{port}", own, environ, it.folder)
        services[role].start()
        stack.callback(services[role].kill)
    wait_until(lambda: _answers(port), services["web"].tail, START_TIMEOUT)
    brokers: Mapping[str, Server | None] = {"rabbitmq": it.rabbitmq, "redis": setting.redis}
    found = brokers.get(rival.broker)
    broker = {"broker": found} if found else {}
    servers = {**broker, "database": it.postgres}
    posts = Posts(setting.site, setting.parts, work.render)
    books = RivalBooks(database)
    return System(name, port, "/post", "", rival.ping, services, servers, rival.forks, posts, books)


def _broker_url(setting: Setting, rival: Rival, vhost: str) -> str:
    if rival.broker == "redis" and setting.redis:
        return setting.redis.url
    return setting.bench.rabbitmq.add_vhost(vhost) if rival.broker else ""


def _splitflap(setting: Setting, stack: ExitStack) -> System:
    here = stack.enter_context(installed(setting.bench, "servers"))
    services = dict(zip(("web", "renderer", "scraper"), here.services, strict=True))
    for each in services.values():
        stack.callback(_end, each)
    target = "/v1/problems/not-found"
    answer = requests.get(f"http://127.0.0.1:{here.port}{target}", timeout=10).content
    return System(
        SPLITFLAP,
        here.port,
        "/v1/posts",
        KEY,
        Work("ping", (target,), (answer,)),
        services,
        {"broker": setting.bench.rabbitmq, "database": setting.bench.postgres},
        "renderer",
        Posts(setting.site, setting.parts, _splitflap_render()),
        SplitflapBooks(here.database),
    )


def _splitflap_render() -> Callable[[str], str]:
    from splitflap_renderer.render import render

    return lambda text: render(text, breaks=True).html


def _end(service: SpawnedService) -> None:
    """A service with unfinished posts would take its time to stop."""
    if service.is_running:
        service.kill()


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/ping", timeout=5).ok
    except requests.RequestException:
        return False
