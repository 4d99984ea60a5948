"""An open loop of requests that may answer 202: each accepted task is polled until it ends.

A latency counts from the scheduled time to the final answer. One client serves all ways of an
experiment, so a way with 202 and a way without it are measured alike.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import requests

from benchmarks.harness.pace import Latencies, pacing
from benchmarks.talk import load
from benchmarks.talk.context import Context
from benchmarks.talk.load import Load
from benchmarks.talk.servers import Running

#: Seconds between two polls of a task.
POLL_SECONDS = 0.2

#: Seconds from the scheduled time to the final answer.
TASK_TIMEOUT = 30.0


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    location: str
    body: bytes


@dataclass
class Books:
    """What became of each request. Each is in one of the four counts."""

    right: int = 0
    wrong: int = 0
    #: Another final status than 200.
    errors: int = 0
    #: No answer, or no final one in time.
    missing: int = 0
    #: The Locations that came with a 202.
    accepted: list[str] = field(default_factory=list)
    #: Of right answers, from the scheduled time to the final answer.
    times: Latencies = field(default_factory=Latencies)


@dataclass(frozen=True)
class Tasks:
    """Requests in turn, `rate` a second, each with its right final answer."""

    port: int
    method: str
    targets: Sequence[str]
    answers: Sequence[bytes]
    rate: float
    seconds: float


def measured(context: Context, running: Running, tasks: Tasks, gather: int) -> dict[str, float]:
    """The figures of one load, with pings beside it. The CPU is that of all requests and polls.

    In a quick run the first pages wait until `gather` requests are in flight.
    """
    context.site.reset(gather if context.quick else 0)
    beside = Load(running.port, load.PING_RATE, tasks.seconds, load.PING_CONNECTIONS, fresh=True)
    before = running.cpu_seconds()
    with pacing(replace(beside, warm_up=0.0).of(load.PING)) as results:
        books = send(tasks)
    used = running.cpu_seconds() - before
    in_flight = context.site.largest()
    context.site.reset()  # later pages wait for no others
    pings = results[0].of(200)
    ping_failures = results[0].sent - len(pings.latencies)
    return {
        **_figures(books),
        "offered": tasks.rate,
        "ping_p50": pings.quantile(0.5),
        "ping_p99": pings.quantile(0.99),
        "ping_failures": ping_failures,
        "bad": books.wrong + books.errors + books.missing + ping_failures,
        "cpu_ms": used * 1000 / max(1, books.right),
        "in_flight": in_flight,
        "memory": running.pss_kib() / 1024,
        "not_once": _not_once(running, books),
    }


def _figures(books: Books) -> dict[str, float]:
    return {
        "p50": books.times.quantile(0.5),
        "p99": books.times.quantile(0.99),
        "right": books.right,
        "wrong": books.wrong,
        "errors": books.errors,
        "missing": books.missing,
        "accepted": len(books.accepted),
    }


def _not_once(running: Running, books: Books) -> int:
    """Accepted tasks that did not end exactly once, as the server counts."""
    ends = requests.get(f"{running.url}/ends", timeout=30).json()
    return sum(ends.get(each.rpartition("/")[2]) != 1 for each in books.accepted)


def send(tasks: Tasks) -> Books:
    """Send all, poll all, and return the books."""
    return asyncio.run(_send(tasks))


async def ask(port: int, method: str, target: str) -> Answer:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        length = "Content-Length: 0\r\n" if method == "POST" else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}"
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        return parse(await reader.read())
    finally:
        writer.close()


def parse(response: bytes) -> Answer:
    """A whole response, which ended with its connection.

    Raises:
        ConnectionError: it is empty or cut.
    """
    head, _, body = response.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
    if not response or int(fields.get("content-length", len(body))) != len(body):
        raise ConnectionError("the response is cut")
    location = "/" + fields.get("location", "").removeprefix("http://").partition("/")[2]
    return Answer(int(status.split()[1]), location, body)


async def _send(tasks: Tasks) -> Books:
    books, began = Books(), time.monotonic()
    count = max(1, round(tasks.rate * tasks.seconds))
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            scheduled = began + number / tasks.rate
            await asyncio.sleep(max(0.0, scheduled - time.monotonic()))
            group.create_task(_one(tasks, number % len(tasks.targets), scheduled, books))
    return books


async def _one(tasks: Tasks, index: int, scheduled: float, books: Books) -> None:
    try:
        async with asyncio.timeout(TASK_TIMEOUT):
            answer = await _final(tasks, tasks.targets[index], books)
    except (OSError, TimeoutError):
        books.missing += 1
        return
    if answer.status != 200:
        books.errors += 1
    elif answer.body != tasks.answers[index]:
        books.wrong += 1
    else:
        books.right += 1
        books.times.latencies.append((time.monotonic() - scheduled) * 1000)


async def _final(tasks: Tasks, target: str, books: Books) -> Answer:
    """The final answer: the first one, or that of the accepted task."""
    answer = await ask(tasks.port, tasks.method, target)
    if answer.status != 202:
        return answer
    books.accepted.append(answer.location)
    location = answer.location
    while answer.status == 202:
        await asyncio.sleep(POLL_SECONDS)
        answer = await ask(tasks.port, "GET", location)
    return answer
