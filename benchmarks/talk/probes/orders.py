"""Small loads whose outcome depends on an order, not on a time."""

import selectors
import socket
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait

import requests

from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Label, Row
from benchmarks.talk.load import PING, Work
from benchmarks.talk.servers import Running

#: Requests a second of CPU work, for all servers: about a third of a CPU. Seconds of that load: it
#: has 60 pings beside it.
CPU_RATE = 2.0
CPU_SECONDS = 3.0

#: Pairs of a slow request and a ping, for each case.
PAIRS = 4

#: Seconds until the ping, if requests are still waiting.
PING_AFTER = 1.0


def computing(context: Context, running: Running, work: Work, labels: Mapping[str, Label]) -> Row:
    """A row of CPU work at one rate, with pings beside it; then pairs of a slow one and a ping."""
    rate, seconds = context.pick((CPU_RATE, CPU_SECONDS), (4 * CPU_RATE, 0.5))
    found = context.at(running, work, rate, seconds=seconds)
    # The last number of a series has the longest text.
    overtook = sum(overtakes(running, work.targets[-1]) for _ in range(PAIRS))
    return Row(labels, {**found.figures(), "overtook": overtook})


def together(running: Running, work: Work, count: int, timeout: float) -> dict[str, float]:
    """Send some requests at the same time, then a ping. `timeout` (seconds) bounds a deadlock."""
    with ThreadPoolExecutor(count) as pool:
        sent = [pool.submit(_outcome, running, work, index, timeout) for index in range(count)]
        wait(sent, PING_AFTER)
        pong = _outcome(running, PING, 0, timeout)
        outcomes = Counter(each.result() for each in sent)
    counts = {name: float(outcomes[name]) for name in ("right", "wrong", "errors", "missing")}
    return {**counts, "ping_failures": float(pong != "right")}


def _outcome(running: Running, work: Work, index: int, timeout: float) -> str:
    which = index % len(work.targets)
    target, answer = work.targets[which], work.answers[which]
    try:
        response = requests.get(f"{running.url}{target}", timeout=timeout)
    except requests.RequestException:
        return "missing"
    if not response.ok:
        return "errors"
    return "right" if response.content == answer else "wrong"


def overtakes(running: Running, target: str) -> bool:
    """Send a slow request, then a ping. Whether the ping is answered first.

    An event loop that finds both at once may also begin with the ping.
    """
    with _connected(running.port) as slow, _connected(running.port) as cheap:
        slow.sendall(_get(target))
        cheap.sendall(_get("/ping"))
        with selectors.DefaultSelector() as selector:
            selector.register(slow, selectors.EVENT_READ)
            selector.register(cheap, selectors.EVENT_READ)
            first = {key.fileobj for key, _ in selector.select(timeout=30)}
            # Read the rest, so that the server is idle for the next pair.
            slow.recv(65536)
            cheap.recv(65536)
    return first == {cheap}


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def _get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
