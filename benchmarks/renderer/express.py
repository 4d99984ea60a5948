"""The time of an express text while heavy normal texts keep every rendering process busy.

No broker takes part. Each heavy text takes about 60 ms, and the pool always holds a prefetch of
them. Every 50 ms an express text comes; the time is from its submission to its outcome.
"""

import threading
import time
from itertools import count

import msgspec
from splitflap_core.contracts import Job, RenderRequest
from splitflap_core.outcomes import Outcome
from splitflap_core.telemetry import Metrics
from splitflap_renderer.process.pool import ProcessPool
from splitflap_renderer.settings import RendererSettings

from benchmarks.harness.table import Line, at_most, show

#: Milliseconds for 99 of 100 express texts: the longest gap between two reads of the pipes is 50.
LIMIT_MS = 50.0

#: Express texts of one measurement, and the seconds between two.
TEXTS = 300
EVERY = 0.05

NORMAL = "Hello **world**, see https://x.example and `code`.\n\n- one\n- two\n"
HEAVY = "A paragraph with *emphasis*, a https://link.example/page and `code`.\n\n" * 300


class Flood:
    """Keeps a prefetch of heavy normal texts in a pool."""

    def __init__(self, pool: ProcessPool) -> None:
        self._pool = pool
        self._numbers = count()
        self.done = 0
        self._stopped = False

    def start(self) -> None:
        """Fill the pool."""
        for _ in range(self._pool.prefetch):
            self._submit()

    def _submit(self) -> None:
        job = Job(f"heavy {next(self._numbers)}", "render", 1, 0.0, msgspec.Raw(b"{}"))
        self._pool.submit(job, RenderRequest(HEAVY), self._finish)

    def stop(self) -> None:
        """Submit no more."""
        self._stopped = True

    def _finish(self, outcome: Outcome | None, _took: float) -> None:
        if outcome is not None and not self._stopped:
            self.done += 1
            self._submit()


def main() -> None:
    """Measure an idle pool and a flooded one, and print the table."""
    pool = ProcessPool(RendererSettings(processes=2), Metrics("renderer"))
    pool.start()
    try:
        _express(pool, 20)
        idle = _express(pool, TEXTS)
        flood = Flood(pool)
        flood.start()
        _express(pool, 20)
        begin, done = time.monotonic(), flood.done
        flooded = _express(pool, TEXTS)
        rate = (flood.done - done) / (time.monotonic() - begin)
        flood.stop()
    finally:
        pool.stop(1)
    lines = [Line("idle: p50"), Line("idle: p99"), Line("flood: p50")]
    lines.append(Line("flood: p99", at_most(LIMIT_MS)))
    lines.append(Line("heavy texts a second"))
    for line, figure in zip(
        lines, (*_percentiles(idle), *_percentiles(flooded), rate), strict=True
    ):
        line.add(figure)
    show("express: an express text beside a flood of heavy normal texts, ms", *lines)


def _percentiles(times: list[float]) -> tuple[float, float]:
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.99)]


def _express(pool: ProcessPool, number: int) -> list[float]:
    """Submit express texts, one after the other. Return their times in milliseconds."""
    return [_one(pool, f"express {each}") for each in range(number)]


def _one(pool: ProcessPool, name: str) -> float:
    done = threading.Event()
    job = Job(name, "render", 1, 0.0, msgspec.Raw(b"{}"))
    begin = time.monotonic()
    pool.submit(job, RenderRequest(NORMAL), lambda *_: done.set(), express=True)
    done.wait()
    took = time.monotonic() - begin
    time.sleep(max(0.0, EVERY - took))
    return took * 1000


if __name__ == "__main__":
    main()
