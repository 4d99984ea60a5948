"""The fetch on green threads only. test_green runs the file."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.process import green

from tests.integration.scraper.fetching import make_fetcher
from tests.integration.scraper.site import Site, page


def blocked(*_: object) -> list[Any]:
    """Block in a real thread, as the service's resolver does."""
    import eventlet.patcher
    import eventlet.tpool

    eventlet.tpool.execute(eventlet.patcher.original("time").sleep, 3.0)
    return []


def test_a_slow_handshake_ends_at_the_deadline() -> None:
    """Each byte restarts the socket's timeout, but not the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip() -> None:
            sock = server.accept()[0]
            # The header of a TLS record of 16 KiB, and then its content, byte by byte.
            sock.sendall(b"\x16\x03\x03\x40\x00")
            while not stop.wait(0.05):
                try:
                    sock.sendall(b"\0")
                except OSError:
                    break
            sock.close()

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        with pytest.raises(FetchError) as error:
            make_fetcher(scrape_deadline=0.4).fetch(f"https://127.0.0.1:{server.getsockname()[1]}/")
        took = time.monotonic() - began
        stop.set()
        thread.join()
    assert error.value.reason == "timeout"
    assert took < 1.5


def test_a_slow_lookup_ends_at_its_timeout() -> None:
    """The thread of the lookup goes on."""
    began = time.monotonic()
    with pytest.raises(Transient) as error:
        make_fetcher(blocked, scrape_dns_timeout=0.2).fetch("http://a.test/")
    assert error.value.reason == "dns"
    assert time.monotonic() - began < 2


def test_other_threads_run_during_a_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lookup blocks in a real thread."""
    import eventlet.patcher

    real = eventlet.patcher.original("socket")
    sleep = eventlet.patcher.original("time").sleep
    monkeypatch.setattr(real, "getaddrinfo", lambda *_: sleep(0.5))
    ticks = 0
    done = threading.Event()

    def resolve() -> None:
        socket.getaddrinfo("a.test", 80)
        done.set()

    threading.Thread(target=resolve).start()
    while not done.is_set():
        ticks += 1
        time.sleep(0.02)
    assert ticks > 3


def test_a_hundred_slow_pages_take_as_long_as_one(serve: Callable[..., Site]) -> None:
    """The server is busy too."""

    def respond(sock: socket.socket, _request: str) -> None:
        time.sleep(0.3)
        sock.sendall(page("<title>T</title>" + " " * 200_000))

    site = serve(respond)
    fetcher = make_fetcher()
    heads: list[str] = []
    began = time.monotonic()
    threads = [
        threading.Thread(
            target=lambda: heads.append(fetcher.fetch(site.url("/", "localhost")).head)
        )
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heads == ["<title>T</title>"] * 100
    assert time.monotonic() - began < 5


#: Sends a page of "<" as fast as it is taken, to one client after the other.
BLASTER = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    sock = server.accept()[0]
    sock.recv(4096)
    try:
        sock.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
        while True:
            sock.sendall(b"<" * 262_144)
    except OSError:
        sock.close()
"""


def test_other_threads_run_beside_a_fast_sender() -> None:
    """A green socket never waits for a fast sender."""
    command = [sys.executable, "-c", BLASTER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as blaster:
        try:
            assert blaster.stdout is not None
            url = f"http://127.0.0.1:{blaster.stdout.readline().strip()}/"
            gaps, done = [0.0], threading.Event()

            def tick() -> None:
                while not done.is_set():
                    last = time.process_time()
                    time.sleep(0.001)
                    gaps.append(time.process_time() - last)

            ticker = threading.Thread(target=tick)
            ticker.start()
            assert make_fetcher().fetch(url).head == ""
            done.set()
            ticker.join()
        finally:
            blaster.kill()
    assert max(gaps) < 0.15, "seconds of CPU without a yield to other threads"


def test_deadlines_nest() -> None:
    """The outer deadline holds inside the inner one."""
    with pytest.raises(green.DeadlineExceeded), green.deadline(0.1), green.deadline(5):
        time.sleep(2)
