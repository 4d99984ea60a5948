"""Figure 6: thousands of idle event streams on one API process.

Memory is what the process grows by (RSS) from its first stream on; what the kernel holds for each
socket is not in it. CPU at rest is measured over longer than a heartbeat of every stream.
"""

import socket
import time

from benchmarks.harness.bench import KEY, Running, allow_many_files, bench, post, rss_kib
from benchmarks.harness.table import Line, at_most, note, show

STREAMS = 5_000

#: Streams opened at a time.
GROUP = 50

#: Seconds at rest: each stream sends a comment every 30 s, so each counts once or more.
REST = 35.0


def main() -> None:
    """Measure, and print the table."""
    allow_many_files()
    memory = Line("KiB of memory per stream", at_most(32))
    cpu = Line("CPU at rest, % of one, with streams and without")
    more = Line("  the difference, %", at_most(1))
    wake = Line("ms until the last stream has an event")
    with bench() as it, it.api(it.backend()) as api:
        post(api, "warm")
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
    show(__doc__.partition("\n")[0], memory, cpu, more, wake)


def _open(api: Running) -> list[socket.socket]:
    streams: list[socket.socket] = []
    while len(streams) < STREAMS:
        group = [_stream(api) for _ in range(GROUP)]
        for stream in group:
            _expect(stream, b"retry:")
        streams += group
    return streams


def _stream(api: Running) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", api.port), 20)
    stream.sendall(
        f"GET /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    )
    return stream


def _expect(stream: socket.socket, what: bytes) -> None:
    seen = b""
    while what not in seen:
        piece = stream.recv(65_536)
        assert piece, "the stream has ended"
        seen += piece


def _cpu_at_rest(api: Running) -> float:
    """Per cent of one CPU."""
    time.sleep(1)
    before, began = api.cpu(), time.monotonic()
    time.sleep(REST)
    return (api.cpu() - before) / (time.monotonic() - began) * 100


def _last_has_event(api: Running, streams: list[socket.socket]) -> float:
    began = time.monotonic()
    post(api, "for all")
    for stream in streams:
        _expect(stream, b"event: accepted")
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    main()
