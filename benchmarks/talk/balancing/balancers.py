"""The ways to spread connections or requests over workers, each with the same workers."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Self

from benchmarks.talk import servers
from benchmarks.talk.context import Context
from tests.servers.nginx import Nginx

THREADS = servers.TABLE["gunicorn gthread"]

#: Threads of each worker.
SLOTS = 4

#: A slot in each worker, and no kept connections.
SYNC = "one socket with sync workers"
ONE_SOCKET = "one socket"
REUSE_PORT = "SO_REUSEPORT"
IN_TURN = "nginx in turn"
LEAST_CONN = "nginx least_conn"
IP_HASH = "nginx ip_hash"
HASH = "nginx hash"

#: Servers with all workers in one program.
_FORKED = {
    SYNC: servers.TABLE["gunicorn sync"],
    ONE_SOCKET: THREADS,
    REUSE_PORT: THREADS.with_options("--reuse-port"),
}

#: nginx's directives, in front of servers with one worker each.
_METHODS = {
    IN_TURN: "",
    LEAST_CONN: "least_conn",
    IP_HASH: "ip_hash",
    HASH: "hash $remote_addr consistent",
}


class Balancers:
    """Starts workers of one application behind a balancer. Those behind nginx are started once."""

    def __init__(
        self, context: Context, app: str, workers: int, environ: Mapping[str, str]
    ) -> None:
        self._context = context
        self._app = app
        self._environ = environ
        self.workers = workers
        self._stack = ExitStack()
        self._singles: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def port(self, balancer: str) -> Iterator[int]:
        """The port to send to.

        Raises:
            Missing: the server is not installed.
            MissingBinary: nginx is not installed.
        """
        if server := _FORKED.get(balancer):
            slots = 1 if balancer == SYNC else SLOTS
            with self._context.serving(
                server,
                slots=slots,
                processes=self.workers,
                app=self._app,
                environ=self._environ,
            ) as running:
                yield running.port
            return
        with Nginx(*self._single(), method=_METHODS[balancer]) as nginx:
            yield nginx.port

    def _single(self) -> list[int]:
        """The ports of servers with one worker."""
        while len(self._singles) < self.workers:
            serving = self._context.serving(
                THREADS, slots=SLOTS, app=self._app, environ=self._environ
            )
            self._singles.append(self._stack.enter_context(serving).port)
        return self._singles
