"""Thousands of idle event streams on one API process.

Memory is the growth of the process (RSS) after its first stream, without the kernel's memory for
each socket. CPU at rest is measured over more than one heartbeat of every stream.
"""

import socket
import time

from benchmarks.harness.bench import KEY, RunningApi, bench, create_post
from benchmarks.harness.processes import allow_many_files, rss_kib
from benchmarks.harness.table import Line, at_most, note, show

STREAMS = 5_000

#: Streams opened together.
GROUP = 50

#: Seconds at rest. Each stream has a heartbeat every 15 s, so each is counted at least twice.
REST_SECONDS = 35.0


def main() -> None:
    """Measure, and print the table."""
    allow_many_files()
    # One key has all streams.
    per_key = {"SPLITFLAP_MAX_CONNECTIONS_PER_KEY": str(2 * STREAMS)}
    with bench() as it, it.api({**it.backend(), **per_key}) as api:
        lines = _measure(api)
    show("streams: idle event streams", *lines)


def _measure(api: RunningApi) -> tuple[Line, ...]:
    memory = Line("KiB of memory per stream", at_most(32))
    cpu = Line("CPU at rest, % of one, with streams and without")
    more = Line("  the difference, %", at_most(1))
    wake = Line("ms until the last stream has an event")
    create_post(api, "warm")
    with _stream(api):
        time.sleep(1)
    note("streams: at rest without")
    without = _cpu_at_rest(api)
    before = rss_kib(api.pid)
    note(f"streams: opening {STREAMS}")
    streams = _open(api)
    memory.add((rss_kib(api.pid) - before) / STREAMS)
    note("streams: at rest with them")
    with_them = _cpu_at_rest(api)
    cpu.add(with_them, without)
    more.add(with_them - without)
    wake.add(_last_has_event(api, streams))
    for stream in streams:
        stream.close()
    return memory, cpu, more, wake


def _open(api: RunningApi) -> list[socket.socket]:
    streams: list[socket.socket] = []
    while len(streams) < STREAMS:
        group = [_stream(api) for _ in range(GROUP)]
        for stream in group:
            _read_until(stream, b"event: start")
        streams += group
    return streams


def _stream(api: RunningApi) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", api.port), 20)
    stream.sendall(
        f"GET /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    )
    return stream


def _read_until(stream: socket.socket, what: bytes) -> None:
    seen = b""
    while what not in seen:
        piece = stream.recv(65_536)
        assert piece, "the stream ended"
        seen += piece


def _cpu_at_rest(api: RunningApi) -> float:
    """CPU of the API, in per cent of one CPU."""
    time.sleep(1)
    before, began = api.cpu(), time.monotonic()
    time.sleep(REST_SECONDS)
    return (api.cpu() - before) / (time.monotonic() - began) * 100


def _last_has_event(api: RunningApi, streams: list[socket.socket]) -> float:
    began = time.monotonic()
    create_post(api, "for all streams")
    for stream in streams:
        _read_until(stream, b"event: accepted")
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    main()
