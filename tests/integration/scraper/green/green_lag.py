"""The lag of green threads. test_green runs the file."""

import re
import threading
import time

from splitflap_core.telemetry import Metrics
from splitflap_scraper.process.loop_lag import PERIOD, LoopLag

from tests.support import wait_until


def count(metrics: Metrics, at_most: str) -> int:
    """Return the number of measurements up to a lag (seconds)."""
    name = rf'splitflap_scraper_loop_lag_seconds_bucket{{le="{re.escape(at_most)}"}} ([\d.]+)'
    match = re.search(name, metrics.exposition().decode())
    assert match
    return int(float(match[1]))


def test_a_busy_thread_shows_in_the_lag() -> None:
    """Other measurements are in time."""
    metrics = Metrics("scraper")
    lag = LoopLag(metrics)
    lag.start()
    wait_until(lambda: count(metrics, "+Inf") >= 3)

    def hold() -> None:
        end = time.monotonic() + 0.4 + PERIOD
        while time.monotonic() < end:
            pass

    holder = threading.Thread(target=hold)
    holder.start()
    holder.join()
    wait_until(lambda: count(metrics, "+Inf") - count(metrics, "0.25") >= 1)
    lag.stop()
    seen = count(metrics, "+Inf")
    time.sleep(3 * PERIOD)
    assert count(metrics, "+Inf") == seen
    assert count(metrics, "0.25") >= 3
