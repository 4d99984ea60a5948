"""The scraper: takes URLs from the broker, and gives back what their pages say of themselves."""
# ruff: noqa: E402 - what is imported before the patch would keep what blocks

from splitflap_scraper.process import green

green.patch()

from splitflap_core.broker import backend_for
from splitflap_core.health import health_server
from splitflap_core.kinds import SCRAPE
from splitflap_core.runtime import boot, no_arguments, until_signalled
from splitflap_core.telemetry import Metrics
from splitflap_core.worker import Worker

from splitflap_scraper.fetch.fetcher import Fetcher
from splitflap_scraper.process.gc_tuning import collect_rarely
from splitflap_scraper.process.handler import Scraper
from splitflap_scraper.process.loop_lag import LoopLag
from splitflap_scraper.process.pool import GreenPool
from splitflap_scraper.process.settings import ScraperSettings

#: Jobs that the broker hands out ahead, for each slot: so many that a slot which becomes free has
#: its next job at once, and so few that they do not wait here while another replica is idle.
AHEAD_PER_SLOT = 0.1


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    no_arguments("scraper")

    # What is configured, and what is counted.
    settings = boot("scraper", ScraperSettings)
    metrics = Metrics("scraper")

    # A port that is taken ends the process before it takes work.
    health = health_server("scraper", settings, metrics)

    # Each page may wait for a name in a real thread of its own, so that slow ones hold up no other.
    green.use_resolvers(settings.concurrency)
    fetcher = Fetcher(settings, settings.tls(), metrics, green.deadline, green.DeadlineExceeded)
    scraper = Scraper(fetcher, settings.allowed, metrics, settings.providers)

    # Green threads that fetch, and the loop that feeds them from the broker.
    ahead = 1 + int(settings.concurrency * AHEAD_PER_SLOT)
    pool = GreenPool(settings.concurrency, ahead, settings.scrape_deadline, scraper)
    prefetch = pool.slots + ahead
    worker = Worker(SCRAPE, pool, backend_for(settings), metrics, prefetch)
    worker.register(health)

    # What parsing costs those who wait.
    lag = LoopLag(metrics)

    # All that stays is there.
    collect_rarely()

    # The port answers first, so that a slow start can be seen.
    health.start()
    lag.start()
    worker.start()
    until_signalled()

    # Work first: it is finished, given back and acked; then the port, which is watched till then.
    worker.stop(settings.stop_grace)
    lag.stop()
    health.stop()


if __name__ == "__main__":
    main()
