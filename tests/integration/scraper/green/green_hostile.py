"""Hostile servers, all at once, several times each, beside a good one. Run by test_green, patched.

Each fetch is ended by its limit; what was learned before is kept; the process stays small, and the
good pages come as if nobody else were there.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from splitflap_core.contracts import ScrapeResult
from splitflap_core.outcomes import Done
from splitflap_core.telemetry import Metrics
from splitflap_scraper.process.handler import ScrapeHandler

from tests.integration.scraper.fetching import make_fetcher, scrape
from tests.integration.scraper.green.hostile_servers import EXPECTED

#: Seconds of a preview; fetches of each server at the same time.
DEADLINE = 2.0
TIMES = 3

#: MiB by which the process may grow at its peak: 5 to 14 were seen, and 35 where one piece of a
#: bomb is made larger without a limit.
MAX_GROWTH = 20.0

TLS = {"tls_stall": {"timeout"}, "tls_nonsense": {"tls"}}
NAMES = [*EXPECTED, *TLS]


@dataclass
class Rig:
    """What became of all fetches."""

    said: dict[str, list[str]] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    good: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=lambda: [0.0])
    grown: float = 0.0


def peak() -> float:
    """MiB of memory that this process has held at most, since the last reset."""
    # Not getrusage's, which is the parent's too where that was larger.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def reset_peak() -> None:
    """Forget what was held before (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def outcome_of(scraper: ScrapeHandler, url: str) -> str:
    """`title`, `blank`, or the reason why there is no preview."""
    outcome = scrape(scraper, url, attempt=5)
    if not isinstance(outcome, Done):
        return outcome.reason
    return "title" if msgspec.json.decode(outcome.result, type=ScrapeResult).title else "blank"


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Fetches everything at once."""
    command = [sys.executable, "-m", "tests.integration.scraper.green.hostile_servers"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as servers:
        try:
            assert servers.stdout is not None
            ports = servers.stdout.readline().split()
            yield fetched(ports)
        finally:
            servers.kill()


def fetched(ports: list[str]) -> Rig:
    """Each server TIMES times, and the good one all the while."""
    found = Rig()
    plain, stall, nonsense = ports
    urls = {name: f"http://127.0.0.1:{plain}/{name}" for name in EXPECTED}
    urls |= {
        "tls_stall": f"https://127.0.0.1:{stall}/",
        "tls_nonsense": f"https://127.0.0.1:{nonsense}/",
    }
    scraper = ScrapeHandler(make_fetcher(scrape_deadline=DEADLINE), (), Metrics("scraper"))
    assert outcome_of(scraper, urls["good"]) == "title"
    reset_peak()
    before, done = peak(), threading.Event()

    def one(name: str) -> None:
        began = time.monotonic()
        # A URL of its own, so that no two of them become one.
        said = outcome_of(scraper, f"{urls[name]}?{began}")
        found.took[name] = max(found.took.get(name, 0.0), time.monotonic() - began)
        found.said.setdefault(name, []).append(said)

    def good() -> None:
        while not done.is_set():
            found.good.append(outcome_of(scraper, urls["good"]))

    def watch() -> None:
        while not done.is_set():
            cpu = time.process_time()
            time.sleep(0.001)
            found.lags.append(time.process_time() - cpu)

    beside = [threading.Thread(target=each) for each in (good, watch)]
    threads = [threading.Thread(target=one, args=(name,)) for name in NAMES for _ in range(TIMES)]
    for thread in (*beside, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in beside:
        thread.join()
    found.grown = peak() - before
    return found


def test_there_are_enough() -> None:
    """At least 25 ways to be hostile."""
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_each_ends_by_its_limit(rig: Rig, name: str) -> None:
    """With the right reason, or with what was learned, and not after the deadline."""
    assert set(rig.said[name]) <= (EXPECTED | TLS)[name]
    assert len(rig.said[name]) == TIMES
    assert rig.took[name] < DEADLINE + 2


def test_the_others_are_unharmed(rig: Rig) -> None:
    """Good pages come all the while, and nobody holds the processor for long."""
    assert set(rig.good) == {"title"}
    assert len(rig.good) > 10
    assert max(rig.lags) < 0.15, "seconds of CPU without a turn for others"


def test_the_process_stays_small(rig: Rig) -> None:
    """Nothing is kept that will not be looked at."""
    assert rig.grown < MAX_GROWTH
