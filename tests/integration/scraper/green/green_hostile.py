"""Hostile servers, all at once, beside a good one. test_green runs the file.

Each fetch ends by its limit, and keeps the fields read so far. The process stays small, and the
good pages arrive as usual.
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
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.process.handler import ScrapeHandler

from tests.integration.scraper.fetching import make_fetcher, scrape
from tests.integration.scraper.green.hostile_servers import EXPECTED

#: Seconds of a preview; fetches of each server at the same time.
DEADLINE = 2.0
TIMES = 3

#: MiB by which the process may grow at its peak: 12 for the windows of brotli, beside 5 to 14 for
#: all others, and 35 where one piece of a bomb is made larger without a limit.
MAX_GROWTH = 30.0

TLS = {"tls_stall": {"timeout"}, "tls_nonsense": {"tls"}}
NAMES = [*EXPECTED, *TLS]


@dataclass
class HostileRun:
    """The outcomes of all fetches."""

    said: dict[str, list[str]] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    good: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=lambda: [0.0])
    grown: float = 0.0


def peak() -> float:
    """Return the peak memory of this process in MiB, since the last reset."""
    # The peak of getrusage includes the parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def reset_peak() -> None:
    """Reset the peak (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def outcome_of(scraper: ScrapeHandler, url: str) -> str:
    """Return `title`, `blank`, or the reason of the failure."""
    outcome = scrape(scraper, url, attempt=5)
    if not isinstance(outcome, Done):
        return outcome.reason
    return "title" if msgspec.json.decode(outcome.result, type=ScrapeResult).title else "blank"


@pytest.fixture(scope="module")
def hostile_run() -> Iterator[HostileRun]:
    """Fetch from all servers at once."""
    command = [sys.executable, "-m", "tests.integration.scraper.green.hostile_servers"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as servers:
        try:
            assert servers.stdout is not None
            ports = servers.stdout.readline().split()
            yield fetched(ports)
        finally:
            servers.kill()


def fetched(ports: list[str]) -> HostileRun:
    """Fetch from each server TIMES times, and from the good one all the while."""
    found = HostileRun()
    plain, stall, nonsense = ports
    urls = {name: f"http://127.0.0.1:{plain}/{name}" for name in EXPECTED}
    urls |= {
        "tls_stall": f"https://127.0.0.1:{stall}/",
        "tls_nonsense": f"https://127.0.0.1:{nonsense}/",
    }
    scraper = ScrapeHandler(make_fetcher(scrape_deadline=DEADLINE), PUBLIC_ONLY, Metrics("scraper"))
    assert outcome_of(scraper, urls["good"]) == "title"
    reset_peak()
    before, done = peak(), threading.Event()

    def one(name: str) -> None:
        began = time.monotonic()
        # A unique URL: simultaneous requests of one URL are merged.
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


def test_there_are_at_least_25_hostile_servers() -> None:
    """Their list must not shrink."""
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_each_fetch_ends_by_its_limit(hostile_run: HostileRun, name: str) -> None:
    """It ends in time, with the right reason or with a preview."""
    assert set(hostile_run.said[name]) <= (EXPECTED | TLS)[name]
    assert len(hostile_run.said[name]) == TIMES
    assert hostile_run.took[name] < DEADLINE + 2


def test_other_pages_arrive_meanwhile(hostile_run: HostileRun) -> None:
    """All green threads keep running."""
    assert set(hostile_run.good) == {"title"}
    assert len(hostile_run.good) > 10
    assert max(hostile_run.lags) < 0.15, "seconds of CPU without a yield to other threads"


def test_the_process_stays_small(hostile_run: HostileRun) -> None:
    """The memory grows by MAX_GROWTH at most."""
    assert hostile_run.grown < MAX_GROWTH
