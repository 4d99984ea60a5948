"""Open loops: requests at a fixed rate, independent of the responses to earlier ones.

Each request has its time in a schedule, and its latency counts from that time. So the latency
includes the wait for a free connection, and a server that stalls cannot hide the wait of its
clients. The generator (pacer.py) is a process of its own.
"""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks import ROOT

#: Seconds that the generator waits for responses after the last request.
RESPONSE_TIMEOUT = 10.0


@dataclass(frozen=True)
class PacedLoad:
    """A load: `requests` in turn, `rate` a second, for `seconds`.

    Requests of the first `warm_up` seconds are sent and not counted.
    """

    port: int
    rate: float
    seconds: float
    connections: int
    requests: list[str]
    warm_up: float = 1.0
    #: Whether requests that are late at the end stay unsent: then a flood ends in time.
    ends_on_time: bool = False
    #: The SHA-256 (hexadecimal) of the right body, for each of `requests`. Empty: none is checked.
    expected: list[str] = field(default_factory=list)
    #: Whether each request opens a connection of its own. A server that serves one connection at a
    #: time would wait on an idle one.
    fresh: bool = False
    #: Whether the result lists each answer.
    lists_answers: bool = False


@dataclass
class Latencies:
    """Latencies (milliseconds, from the scheduled time) of the responses with one status."""

    latencies: list[float] = field(default_factory=list)
    #: The number of these responses with a Retry-After.
    with_retry_after: int = 0

    def quantile(self, share: float) -> float:
        """The latency at a quantile: 0.99 is the 99th percentile. NaN if there is none."""
        if not self.latencies:
            return math.nan
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass
class PacedResult:
    """The results of all requests after the warm-up."""

    sent: int = 0
    #: Requests without a response: the connection ended, or the timeout passed.
    lost: int = 0
    #: Those of them whose connection was still open.
    timed_out: int = 0
    by_status: dict[str, Latencies] = field(default_factory=dict)
    #: Responses 200 with another body than expected. `by_status` has none of them.
    wrong: int = 0
    #: The beginnings of a few wrong bodies.
    wrong_examples: list[str] = field(default_factory=list)
    #: Right responses 200 that arrived between the warm-up and the end of the schedule.
    finished: int = 0
    #: Seconds from the warm-up to the last response, or to the end of the wait for it.
    until_last: float = 0.0
    #: The 99th percentile, in milliseconds, of the generator's own delay: a request left late
    #: although a connection was free.
    own_delay_p99: float = 0.0
    #: CPUs used by the generator.
    cpus: float = 0.0
    #: If the load asks for it: of each answered request the index, the scheduled time in seconds
    #: since the epoch, and the status.
    answers: list[tuple[int, float, str]] = field(default_factory=list)

    def of(self, status: int) -> Latencies:
        """The latencies of one status."""
        return self.by_status.get(str(status), Latencies())

    def counts(self) -> dict[str, int]:
        """The number of requests sent and lost, and of responses by status."""
        answered = {status: len(each.latencies) for status, each in self.by_status.items()}
        return {"sent": self.sent, "lost": self.lost, **answered}


def request(
    method: str, target: str, key: str = "", body: bytes = b"", *, closes: bool = False
) -> str:
    """The text of a request. `closes`: it asks the server to close the connection afterwards."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += ["Connection: close"] if closes else []
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body.decode()])


@contextmanager
def pacing(load: PacedLoad) -> Iterator[list[PacedResult]]:
    """Send while the block runs. The end of the block adds the result to the list."""
    command = [sys.executable, "-m", "benchmarks.harness.pacer"]
    results: list[PacedResult] = []
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as process:
        try:
            assert process.stdin
            process.stdin.write(json.dumps(asdict(load)).encode())
            process.stdin.close()
            process.stdin = None
            yield results
            printed, _ = process.communicate(timeout=load.seconds + RESPONSE_TIMEOUT + 30)
        finally:
            process.kill()
    results.append(_result(json.loads(printed)))


def paced(load: PacedLoad) -> PacedResult:
    """Send the whole load, and return its result."""
    with pacing(load) as results:
        pass
    return results[0]


def _result(values: dict[str, Any]) -> PacedResult:
    by_status = {status: Latencies(**each) for status, each in values["by_status"].items()}
    return PacedResult(**{**values, "by_status": by_status})
