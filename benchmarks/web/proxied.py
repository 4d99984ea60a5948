"""A thousand idle event streams through nginx, beside as many directly to the API.

Each round has a new API and a new nginx. Memory is the growth of the resident memory of the
processes, without the kernel's memory for each socket. All streams must count at the API. The time
of an event begins with its commit, by PostgreSQL's own record, and ends when one process has read
it from every stream.
"""

import select
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from splitflap_web.site import build

from benchmarks.harness.bench import KEY, POST, Bench, RunningApi, bench
from benchmarks.harness.database import query
from benchmarks.harness.pace import request
from benchmarks.harness.page_nginx import RunningNginx, page_nginx
from benchmarks.harness.processes import allow_many_files, rss_kib
from benchmarks.harness.table import Line, note, show
from benchmarks.harness.waiting import wait_until

ROUNDS = 3
STREAMS = 1_000

#: Streams opened together.
GROUP = 50

#: Seconds at rest. Each stream has a heartbeat every 15 s, so each is counted twice.
REST_SECONDS = 30.0

#: Events of one round, and seconds before each one.
EVENTS = 20
PAUSE = 0.2

#: Bytes of one read.
READ_SIZE = 65_536

#: Seconds until every stream must have an event.
EVENT_TIMEOUT = 20.0

#: One key and one address have all streams.
API_SETTINGS = {"SPLITFLAP_MAX_CONNECTIONS_PER_KEY": str(2 * STREAMS)}
NGINX_VARIABLES = {"connections_per_address": str(2 * STREAMS)}

OPEN_STREAMS = "splitflap_event_streams"

#: The commit of the newest post, in seconds since the epoch. No renderer changes it.
_COMMITTED = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM posts ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True)
class _Figures:
    """The figures of one way to the API."""

    #: KiB of a stream.
    api_memory: float
    nginx_memory: float
    #: Milliseconds a minute.
    api_cpu: float
    nginx_cpu: float
    #: Milliseconds from the commit of each event until the first and the last stream has it.
    first: list[float]
    last: list[float]


class _Lines:
    """The lines of the table: through nginx by directly, or a value alone."""

    def __init__(self) -> None:
        self.api_memory = Line("KiB of a stream in the API: directly, through nginx")
        self.nginx_memory = Line("  in nginx")
        self.without = Line("CPU ms a minute at rest, API without streams")
        self.api_cpu = Line("  API with them: directly, through nginx")
        self.nginx_cpu = Line("  nginx")
        self.first = Line("ms from the commit of an event to the first stream")
        self.last = Line("  to the last stream")
        self.slowest = Line(f"  of the slowest of {EVENTS} events")

    def add(self, through: _Figures, directly: _Figures) -> None:
        self.api_memory.add(through.api_memory, directly.api_memory)
        self.nginx_memory.add(through.nginx_memory)
        self.api_cpu.add(through.api_cpu, directly.api_cpu)
        self.nginx_cpu.add(through.nginx_cpu)
        self.first.add(statistics.median(through.first), statistics.median(directly.first))
        self.last.add(statistics.median(through.last), statistics.median(directly.last))
        self.slowest.add(max(through.last), max(directly.last))


def main() -> None:
    """Measure, and print the table."""
    allow_many_files()
    lines = _Lines()
    with bench(track_commit_timestamp="on") as it:
        site = build(it.folder / "page")
        for number in range(ROUNDS):
            note(f"proxied: round {number + 1} of {ROUNDS}")
            _round(it, site, lines)
    title = f"proxied: {STREAMS:,} event streams, directly (baseline) and through nginx"
    show(title, *vars(lines).values())


def _round(it: Bench, site: Path, lines: _Lines) -> None:
    # The memory of closed streams stays with an API, so each way has a new one.
    with _new_api(it) as (api, environ):
        lines.without.add(_cpu_at_rest(api)[0])
        directly = _measure(api, environ, None)
    with _new_api(it) as (api, environ), page_nginx(api.port, site, **NGINX_VARIABLES) as nginx:
        lines.add(_measure(api, environ, nginx), directly)


@contextmanager
def _new_api(it: Bench) -> Iterator[tuple[RunningApi, dict[str, str]]]:
    environ = it.backend()
    with it.api({**environ, **API_SETTINGS}) as api:
        yield api, environ


def _measure(api: RunningApi, environ: dict[str, str], nginx: RunningNginx | None) -> _Figures:
    with ExitStack() as stack:
        streams = _Streams(stack, api, nginx.port if nginx else api.port)
        streams.open(1)
        before = _memory(api, nginx)
        streams.open(STREAMS)
        api_memory, nginx_memory = (
            (after - each) / STREAMS
            for after, each in zip(_memory(api, nginx), before, strict=True)
        )
        api_cpu, nginx_cpu = _cpu_at_rest(api, nginx)
        events = [streams.event(environ) for _ in range(EVENTS)]
    first, last = zip(*events, strict=True)
    return _Figures(api_memory, nginx_memory, api_cpu, nginx_cpu, list(first), list(last))


def _memory(api: RunningApi, nginx: RunningNginx | None) -> tuple[int, int]:
    return rss_kib(api.pid), nginx.memory_kib() if nginx else 0


def _cpu_at_rest(api: RunningApi, nginx: RunningNginx | None = None) -> tuple[float, float]:
    """CPU of the API and of nginx, in milliseconds a minute."""
    time.sleep(1)
    before, began = (api.cpu(), nginx.cpu() if nginx else 0.0), time.monotonic()
    time.sleep(REST_SECONDS)
    after, took = (api.cpu(), nginx.cpu() if nginx else 0.0), time.monotonic() - began
    scale = 60_000 / took
    return (after[0] - before[0]) * scale, (after[1] - before[1]) * scale


class _Streams:
    """Open streams, through nginx or directly."""

    def __init__(self, stack: ExitStack, api: RunningApi, port: int) -> None:
        self._stack = stack
        self._api = api
        self._port = port
        self._open: list[socket.socket] = []

    def open(self, count: int) -> None:
        """Open so many more. All of them count at the API."""
        end = len(self._open) + count
        while len(self._open) < end:
            missing = end - len(self._open)
            group = [self._send() for _ in range(min(GROUP, missing))]
            for stream in group:
                _read_until(stream, b"event: start")
                stream.setblocking(False)
            self._open += group
        wait_until(lambda: self._api.metric(OPEN_STREAMS) == end, f"{end} streams", 30)

    def event(self, environ: dict[str, str]) -> tuple[float, float]:
        """Milliseconds from the commit of an event until the first and the last stream has it."""
        time.sleep(PAUSE)
        self._read_heartbeats()
        with socket.create_connection(("127.0.0.1", self._api.port), 20) as client:
            client.sendall(request("POST", "/v1/posts", KEY, POST).encode())
            arrivals = self._arrivals()
            _read_until(client, b"HTTP/1.1 202")
        committed = float(query(environ, _COMMITTED)[0])
        return (arrivals[0] - committed) * 1000, (arrivals[-1] - committed) * 1000

    def _send(self) -> socket.socket:
        stream = socket.create_connection(("127.0.0.1", self._port), 20)
        stream.sendall(request("GET", "/v1/events", KEY).encode())
        return self._stack.enter_context(stream)

    def _read_heartbeats(self) -> None:
        for stream in self._open:
            with suppress(BlockingIOError):
                stream.recv(READ_SIZE)

    def _arrivals(self) -> list[float]:
        """The times at which the streams have their next event, in order."""
        arrivals: list[float] = []
        waiting = {stream.fileno(): stream for stream in self._open}
        with select.epoll() as epoll:
            for fileno in waiting:
                epoll.register(fileno, select.EPOLLIN)
            end = time.monotonic() + EVENT_TIMEOUT
            while waiting:
                assert time.monotonic() < end, f"{len(waiting)} streams have no event"
                for fileno, _ in epoll.poll(1):
                    # The API writes an event at once. Other data is a heartbeat.
                    if b"event: accepted" in waiting[fileno].recv(READ_SIZE):
                        arrivals.append(time.time())
                        epoll.unregister(fileno)
                        del waiting[fileno]
        return arrivals


def _read_until(stream: socket.socket, what: bytes) -> None:
    seen = b""
    while what not in seen:
        piece = stream.recv(READ_SIZE)
        assert piece, seen
        seen += piece


if __name__ == "__main__":
    main()
