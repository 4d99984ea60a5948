"""The command line of each server: how it gets its processes and its slots."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.system.rig.processes import program

#: The application, as servers name it.
APP = "benchmarks.talk.app:app"

#: Connections that may wait, for servers with such a setting.
BACKLOG = 2048


@dataclass(frozen=True)
class Shape:
    """A server's size, and what it serves."""

    port: int
    slots: int
    processes: int
    app: str


Command = Callable[[Shape], list[str]]


def flask(*options: str) -> Command:
    """The development server."""

    def command(it: Shape) -> list[str]:
        where = ["--host", "127.0.0.1", "--port", str(it.port), *options]
        return [program("flask"), "--app", it.app, "run", "--no-reload", *where]

    return command


def gunicorn(kind: str, slots: str = "") -> Command:
    """`slots` is the option that takes their number."""

    def command(it: Shape) -> list[str]:
        size = [slots, str(it.slots)] if slots else []
        where = ["--bind", f"127.0.0.1:{it.port}", "--backlog", str(BACKLOG), "--no-control-socket"]
        workers = ["--workers", str(it.processes), "--worker-class", kind, *size]
        return [program("gunicorn"), *where, *workers, "--timeout", "60", it.app]

    return command


def eventlet(it: Shape) -> list[str]:
    """Splitflap's worker for gunicorn."""
    module = "benchmarks.talk.apps.eventlet_worker"
    return [sys.executable, "-m", module, str(it.port), str(it.slots), it.app]


def uwsgi(*options: str, socket: str = "--http-socket") -> Command:
    """`{slots}` in an option is their number."""

    def command(it: Shape) -> list[str]:
        where = [socket, f"127.0.0.1:{it.port}", "--listen", "128", "--die-on-term"]
        workers = ["--master", "--need-app", "--processes", str(it.processes), "--disable-logging"]
        more = [option.format(slots=it.slots) for option in options]
        return [program("uwsgi"), *where, *workers, *more, "--module", it.app]

    return command


def waitress(it: Shape) -> list[str]:
    """One process with threads."""
    where = f"127.0.0.1:{it.port}"
    return [program("waitress-serve"), "--listen", where, "--threads", str(it.slots), it.app]


def granian(it: Shape) -> list[str]:
    """A server in Rust. Its blocking threads run the application."""
    where = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(it.port)]
    size = ["--workers", str(it.processes), "--blocking-threads", str(it.slots)]
    return [program("granian"), *where, *size, "--backlog", str(BACKLOG), it.app]


def uvicorn(it: Shape) -> list[str]:
    """A server for ASGI: a2wsgi gives each request a thread."""
    where = ["--host", "127.0.0.1", "--port", str(it.port), "--backlog", str(BACKLOG)]
    size = ["--workers", str(it.processes)] if it.processes > 1 else []
    app = "benchmarks.talk.apps.asgi:asgi" if it.app == APP else it.app
    return [program("uvicorn"), *where, *size, "--no-access-log", app]


def cheroot(it: Shape) -> list[str]:
    """One process with threads."""
    where = ["--bind", f"127.0.0.1:{it.port}", "--threads", str(it.slots)]
    where += ["--request-queue-size", str(BACKLOG)]
    return [sys.executable, "-m", "cheroot", *where, it.app]
